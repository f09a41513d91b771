/** `hokusai-mlflow start`: the server. */
import { ConfigError } from '../core/settings/config.js'
import { settings } from '../core/settings/settings.js'
import { parse, UsageError, type Command } from './command.js'
import { readConfig } from './environment.js'
import { options, startSettings } from './options.js'

export const start: Command = {
  usage: `Usage: hokusai-mlflow start [OPTIONS]

Starts the server. Configure it with environment variables (docs/config.md); an
option with a variable beside it stands for that one, and wins.
Without MLFLOW_UPSTREAM_URL it installs and starts MLflow in DATA_DIR.

  --port PORT         PORT; default: ${settings.PORT.value}
  --host HOST         HOST; default: ${settings.HOST.value}
  --upstream URL      MLFLOW_UPSTREAM_URL
  --data-dir FOLDER   DATA_DIR; default: ${settings.DATA_DIR.value}
  --upgrade-database  back up and upgrade the built-in MLflow's database, if an
                      older version wrote it
  --require-upstream  do not use the built-in MLflow (the image does this)`,
  async run (args, io) {
    const { values } = parse({ args, options: options.start })
    const env = { ...io.env, ...settingsIn(values) }
    const config = readConfig({ env })
    if (values['require-upstream'] && config.upstream.url === undefined) {
      throw new ConfigError(['MLFLOW_UPSTREAM_URL is not set: set it to your MLflow server, such as http://mlflow:5000'])
    }
    const { serve } = await import('../server.js') // not for --help
    await serve(config, { ...io, env }, { upgradeDatabase: values['upgrade-database'] })
    return 0
  }
}

/** What the options set, by the names of the environment. @throws UsageError */
function settingsIn (values: Readonly<Partial<Record<keyof typeof startSettings, string>>>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [option, name] of Object.entries(startSettings) as Array<[keyof typeof startSettings, string]>) {
    const value = values[option]
    if (value === '') throw new UsageError(`--${option} is empty.`)
    if (value !== undefined) found[name] = value
  }
  return found
}
