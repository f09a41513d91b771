/** `hokusai-mlflow start`: the server. */
import { ConfigError } from '../core/settings/config.js'
import { serve } from '../server.js'
import { parse, type Command } from './command.js'
import { readConfig } from './environment.js'

export const start: Command = {
  name: 'start',
  summary: 'start the server',
  usage: `Usage: hokusai-mlflow start [--upgrade-database] [--require-upstream]

Starts the server. It is configured by the environment (docs/config.md). Without
MLFLOW_UPSTREAM_URL it prepares and starts an MLflow of its own in DATA_DIR.

  --upgrade-database  back up and upgrade the database of an MLflow of our own
                      that an older version wrote
  --require-upstream  do not start an MLflow of our own (the image does this)`,
  async run (args, io) {
    const { values } = parse({
      args,
      options: { 'upgrade-database': { type: 'boolean', default: false }, 'require-upstream': { type: 'boolean', default: false } },
      strict: true
    })
    const config = readConfig(io)
    if (values['require-upstream'] && config.upstream.url === undefined) {
      throw new ConfigError(['MLFLOW_UPSTREAM_URL is not set: name the MLflow server behind, such as http://mlflow:5000'])
    }
    await serve(config, io, { upgradeDatabase: values['upgrade-database'] })
    return 0
  }
}
