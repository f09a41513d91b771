/** `hokusai-mlflow openapi`: prints the OpenAPI document. */
import { stringify } from 'yaml'
import { edition } from '../endpoints/openapi/document.js'
import { readDocuments } from '../endpoints/openapi/files.js'
import { versions } from '../mlflow/versions.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { options } from './options.js'

export const openapi: Command = {
  usage: `Usage: hokusai-mlflow openapi [--json|--yaml] [--mlflow VERSION]

Prints the OpenAPI 3.1 document of MLflow's API and the facade's own.

Options:
  --json            print JSON (the default)
  --yaml            print YAML instead
  --mlflow VERSION  the API of that MLflow version, or "all" (default: the newest
                    known); without a VERSION: the versions that are known`,
  run (args, io) {
    if (args.at(-1) === '--mlflow') {
      io.stdout.write([...versions, 'all', ''].join('\n'))
      return 0
    }
    const { yaml, mlflow } = parse({ args, options: options.openapi }).values
    if (mlflow !== undefined && mlflow !== 'all' && !/^\d+\.\d+\.\d+/.test(mlflow)) {
      throw new UsageError(`--mlflow takes a version (${versions.join(', ')}), or "all", not "${mlflow}".`)
    }
    const { newest, older } = readDocuments()
    const document = mlflow === undefined ? newest : edition(newest, older, mlflow)
    if (yaml) io.stdout.write(stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }))
    else printJson(io, document)
    return 0
  }
}
