/** `hokusai-mlflow start`: the server. */
import { ConfigError } from '../core/settings/config.js'
import { parse, type Command } from './command.js'
import { readConfig } from './environment.js'
import { options } from './options.js'

export const start: Command = {
  usage: `Usage: hokusai-mlflow start [--upgrade-database] [--require-upstream]

Starts the server. Configure it with environment variables (docs/config.md).
Without MLFLOW_UPSTREAM_URL it installs and starts MLflow in DATA_DIR.

  --upgrade-database  back up and upgrade the built-in MLflow's database, if an
                      older version wrote it
  --require-upstream  do not use the built-in MLflow (the image does this)`,
  async run (args, io) {
    const { values } = parse({ args, options: options.start })
    const config = readConfig(io)
    if (values['require-upstream'] && config.upstream.url === undefined) {
      throw new ConfigError(['MLFLOW_UPSTREAM_URL is not set: set it to your MLflow server, such as http://mlflow:5000'])
    }
    const { serve } = await import('../server.js') // not for --help
    await serve(config, io, { upgradeDatabase: values['upgrade-database'] })
    return 0
  }
}
