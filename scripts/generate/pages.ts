/** Pages of the documentation that are made from tables of the source. */
import { errors } from '../../src/core/errors.js'
import { reasons } from '../../src/core/reasons.js'
import { mayBeFile, settings } from '../../src/core/settings/settings.js'

const made = (source: string): string => `<!-- Made from ${source} by \`npm run generate\`. -->\n`

/** docs/config.md */
export function settingsPage (): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const { value, allowed, about, secret } = setting
    const file = mayBeFile(setting) ? `${secret === true ? ' A secret:' : ' Or'} \`${name}_FILE\` ${secret === true ? 'may name' : 'names'} a file that holds it.` : ''
    return `| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} | ${about}${file} | ${allowed} |`
  })
  return `${made('src/core/settings/settings.ts')}
# Configuration

The facade is configured by environment variables. \`--env-file FILE\`, with any command, adds lines of \`NAME=VALUE\` for what the
environment does not have; \`start\` takes \`--port\`, \`--host\`, \`--upstream\` (\`MLFLOW_UPSTREAM_URL\`) and \`--data-dir\`, which win over
both. The server and every command check all settings when they start; one message lists every problem, and the exit code is 2. Secrets are never printed. An empty variable counts as unset. An
unknown name that begins with \`MLFLOW_UPSTREAM_\`, \`KEYS_\`, \`LEGACY_\`, \`AUDIT_\` or \`OIDC_\` is an error that suggests the closest known
name.

| name | default | purpose | must be |
|---|---|---|---|
${rows.join('\n')}

\`npx hokusai-mlflow doctor\` says what is wrong with a configuration and how to fix it.
`
}

/** docs/errors.md */
export function errorsPage (): string {
  const sections = Object.values(errors).map(({ status, errorCode, message, help }) => `## ${status} ${errorCode}\n\n> ${message}\n\n${help}`)
  return `${made('src/core/errors.ts and src/core/reasons.ts')}
# Errors

The errors that the facade itself returns. The body is MLflow's JSON, so MLflow's client raises an \`MlflowException\` with the message:

\`\`\`json
{"error_code": "…", "message": "…", "request_id": "…"}
\`\`\`

The request id is also in the header \`X-Request-Id\` and in the log line of the request. MLflow's own responses, including
errors, pass untouched and have no \`request_id\`. The message may be more specific than the one shown here.

${sections.join('\n\n')}

## Reasons

The reason is \`refusal\` in the log line and \`reason\` in \`hokusai_mlflow_refusals_total\`. Callers do not see it, because some reasons would help an attacker guess keys.

| reason | meaning |
|---|---|
${Object.entries(reasons).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`).join('\n')}
`
}
