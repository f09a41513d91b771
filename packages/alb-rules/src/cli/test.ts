/** `test`: sends expectations through rules, or writes down the first ones. */
import { proposeExpectations, readExpectations, testRuleSet } from '../expectations.js'
import { expectationsText, testText } from '../report.js'
import { parse, printJson, UsageError, type Run } from './command.js'
import { inFile, load, named, readText } from './input.js'
import { commandOptions } from './options.js'
import { painter } from './output.js'

export const test: Run = (args, io) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: commandOptions.test })
  if (values.init) {
    const [file] = named(positionals, ['RULES'])
    if (values.json || values['no-coverage']) throw new UsageError('test --init takes no other option.')
    io.stdout.write(expectationsText(proposeExpectations(load(file, io))))
    return 0
  }
  const [file, expectations] = named(positionals, ['RULES', 'EXPECTATIONS'])
  const tested = testRuleSet(load(file, io), inFile(expectations, () => readExpectations(readText(expectations))))
  const result = values['no-coverage'] ? { ...tested, unreached: [] } : tested
  if (values.json) printJson(io, result)
  else io.stdout.write(testText(result, painter(io)))
  return result.missed.length + result.unreached.length > 0 ? 1 : 0
}
