/** A long proof as a command: reads the one number that says how long, runs it, and clears up after it. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { openStage, type Stage } from '../../scripts/cleanup.js'

interface Command {
  /** Of npm, and its number with the default. */
  readonly name: string
  readonly amount: readonly [option: string, fallback: string]
  /** The option that names a document for what was found: `report` for a whole one, `markdown` for its section of one. */
  readonly document?: 'report' | 'markdown'
  /** @returns whether all is well */
  readonly run: (amount: number, stage: Stage, document: string | undefined) => Promise<boolean>
}

export async function runCommand ({ name, amount: [option, fallback], document, run }: Command): Promise<void> {
  const known: ParseArgsConfig['options'] = { [option]: { type: 'string', default: fallback }, ...document === undefined ? {} : { [document]: { type: 'string' } } }
  const values = parseArgs({ options: known }).values as Readonly<Record<string, string | undefined>>
  const amount = Number(values[option])
  if (!(amount > 0)) {
    process.stderr.write(`usage: npm run ${name} [-- --${option} ${fallback}]${document === undefined ? '' : ` [--${document} FILE]`}\n`)
    process.exit(2)
  }
  const stage = openStage()
  try {
    process.exitCode = await run(amount, stage, document === undefined ? undefined : values[document]) ? 0 : 1
  } finally {
    await stage.clear()
  }
}
