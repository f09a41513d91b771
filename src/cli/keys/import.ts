/** `keys import`: takes keys of another system from a file. */
import { parse, printJson, UsageError, type Command } from '../command.js'
import { readConfig, readText } from '../environment.js'
import { keysOptions } from '../options.js'
import { tellAudit } from './audit.js'
import { parseKeyFile } from './file.js'
import { withStore } from './store.js'

export const importKeys: Command['run'] = async (args, io) => {
  const { values: { json }, positionals: [file, ...more] } = parse({ args, allowPositionals: true, options: keysOptions.import })
  if (file === undefined || more.length > 0) throw new UsageError('import needs one FILE.')
  const parsed = parseKeyFile(readText(file))
  const config = readConfig(io)
  const result = await withStore(config, io, 'make', store => store.import(parsed))
  await tellAudit(io, config, 'import', { keys: String(result.imported) })
  if (json) printJson(io, result)
  else io.stdout.write(`${result.imported} imported, ${result.known} already known.\n`)
  return 0
}
