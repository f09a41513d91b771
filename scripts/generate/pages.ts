/** Pages of the documentation that are made from tables of the source. */
import { errors } from '../../src/core/errors.js'
import { reasons } from '../../src/core/reasons.js'
import { settings } from '../../src/core/settings/settings.js'

const made = (source: string): string => `<!-- Made from ${source} by \`npm run generate\`. -->\n`

/** docs/config.md */
export function settingsPage (): string {
  const rows = Object.entries(settings).map(([name, { value, allowed, about, secret }]) => {
    return `| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} | ${about}${secret === true ? ` A secret: may come as \`${name}_FILE\`.` : ''} | ${allowed} |`
  })
  return `${made('src/core/settings/settings.ts')}
# Configuration

By environment variables alone. They are checked at once when the server or a command starts; every problem is named in
one message, and the exit code is 2. Secrets are never printed. An empty variable counts as unset. A name that begins with
\`MLFLOW_UPSTREAM_\`, \`KEYS_\` or \`LEGACY_\` and is none of these is an error that names the nearest right one. So
is a name that a later version reads (\`TLS_CERT_FILE\`, \`TLS_KEY_FILE\`, \`WORKERS\`, \`AUDIT_LOG\`, \`OIDC_…\`, \`SESSION_SECRET\`).

| name | default | what for | must be |
|---|---|---|---|
${rows.join('\n')}

\`hokusai-mlflow doctor\` says what is wrong with a configuration and how to fix it.
`
}

/** docs/errors.md */
export function errorsPage (): string {
  const sections = Object.values(errors).map(({ status, errorCode, message, help }) => `## ${status} ${errorCode}\n\n> ${message}\n\n${help}`)
  return `${made('src/core/errors.ts and src/core/reasons.ts')}
# Errors

What the facade itself answers. The body is MLflow's JSON, so that its client raises an \`MlflowException\` with the message:

\`\`\`json
{"error_code": "…", "message": "…", "request_id": "…"}
\`\`\`

The request id is in the header \`X-Request-Id\` too, and in the one line that the log has of each request. What MLflow
answers, errors too, passes untouched and has no \`request_id\`. The message may say more than what stands here.

${sections.join('\n\n')}

## Reasons

\`refusal\` in the log line, \`reason\` in \`hokusai_mlflow_refusals_total\`. Callers are not told: some of them say what guessing should not learn.

| reason | what it means |
|---|---|
${Object.entries(reasons).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`).join('\n')}
`
}
