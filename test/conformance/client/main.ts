/**
 * Proves our own client to MLflow against undici: generated answers, each over real connections to both, and to the reader
 * alone, cut as they come and into single bytes; and that seeded mistakes are caught. Exit 1 when anything fails.
 */
import { pathToFileURL } from 'node:url'
import { AnswerReader } from '../../../src/mlflow/client/reader.js'
import { compare } from './compare.js'
import { cases, type Case } from './corpus.js'
import { openLane, readAlone, type Lane, type Verdict } from './judges.js'
import { mutants, readerWith } from './mutants.js'

/** Pairs of lanes that run beside each other. */
const lanesAtOnce = 16
/** So many answers are kept for the mistakes, which the reader alone is judged on. */
const keptMost = 6000
/** Larger ones are not cut into single bytes. */
const bySingleBytesMost = 3000

export interface Section {
  readonly line: string
  /** What failed, a sentence each. */
  readonly problems: readonly string[]
}

interface Judged {
  readonly answer: Case
  readonly theirs: Verdict
}

interface Tally {
  same: number
  stricter: number
  complete: number
  reused: number
  /** Of valid answers: connections that ours does not use again though undici does, and answers that ours does not take. */
  ended: number
  readonly refused: string[]
  readonly faults: string[]
  readonly poisoned: string[]
  theirsPoisoned: number
  readonly cuts: string[]
  readonly judged: Judged[]
}

/** @param report is handed each section as soon as it is known */
export async function prove (count: number, seed: number, report: (section: Section) => void): Promise<boolean> {
  let proven = true
  const state = (line: string, problems: readonly string[]): void => {
    proven &&= problems.length === 0
    report({ line, problems })
  }
  const tally = await judgeAll(count, seed)
  const { same, stricter, complete, reused, ended, refused, faults, poisoned, theirsPoisoned, cuts, judged } = tally
  state(`${count} answers by undici and by ours: the same verdict ${same}, ours stricter ${stricter}, another ${faults.length}`, faults)
  state(`of them both took ${complete} whole, and used ${reused} connections again; of valid ones ours refused ${refused.length}, and ended ${ended} connections that undici kept`, refused)
  state(`next requests with another's answer: ours ${poisoned.length}, undici's ${theirsPoisoned}`, poisoned)
  state(`cut as they come and into single bytes, otherwise read: ${cuts.length}`, cuts)

  const missed: string[] = []
  for (const mutant of mutants) if (!catches(await readerWith(mutant), judged)) missed.push(`not caught: ${mutant.name}`)
  state(`seeded mistakes caught: ${mutants.length - missed.length} of ${mutants.length}, on ${judged.length} answers`, missed)
  return proven
}

async function judgeAll (count: number, seed: number): Promise<Tally> {
  const tally: Tally = { same: 0, stricter: 0, complete: 0, reused: 0, ended: 0, refused: [], faults: [], poisoned: [], theirsPoisoned: 0, cuts: [], judged: [] }
  const source = cases(count, seed)
  await Promise.all(Array.from({ length: lanesAtOnce }, async () => {
    const [undici, own] = [await openLane('undici'), await openLane('own')]
    for (const answer of source) await judgeOne(tally, answer, undici, own)
    await Promise.all([undici.close(), own.close()])
  }))
  return tally
}

async function judgeOne (tally: Tally, answer: Case, undici: Lane, own: Lane): Promise<void> {
  const [theirs, ours] = [await undici.judge(answer), await own.judge(answer)]
  const bytes = `${answer.method} ${JSON.stringify(answer.parts.map(part => part.toString('latin1')))}`.slice(0, 600)
  const comparison = compare(theirs, ours)
  if (comparison === 'same') tally.same++
  else if (comparison === 'stricter') {
    tally.stricter++
    if (answer.isValid && ours.outcome === 'complete') tally.ended++
    else if (answer.isValid) tally.refused.push(`${bytes}: ${brief(theirs)}, ours ${brief(ours)}`)
  } else tally.faults.push(`${comparison.fault}: ${bytes}: ${brief(theirs)}, ours ${brief(ours)}`)
  if (theirs.outcome === 'complete' && ours.outcome === 'complete') tally.complete++
  if (theirs.reused && ours.reused) tally.reused++
  if (ours.next !== 'its own') tally.poisoned.push(`${ours.next}: ${bytes}: ${brief(ours)}`)
  if (theirs.next === 'another') tally.theirsPoisoned++
  for (const bySingleBytes of answer.parts.reduce((sum, { length }) => sum + length, 0) <= bySingleBytesMost ? [false, true] : [false]) {
    const alone = readAlone(AnswerReader, answer, bySingleBytes)
    if (brief(alone) !== brief(ours) || alone.body !== ours.body || alone.fields.join() !== ours.fields.join()) tally.cuts.push(`${bytes}: over a connection ${brief(ours)}, alone ${brief(alone)}`)
  }
  if (tally.judged.length < keptMost) tally.judged.push({ answer, theirs })
}

function brief ({ status, body, outcome, reused }: Verdict): string {
  return `${outcome} ${status}, ${body.length} bytes${reused ? ', used again' : ''}`
}

function catches (Reader: typeof AnswerReader, judged: readonly Judged[]): boolean {
  return judged.some(({ answer, theirs }) => [false, true].some(bySingleBytes => {
    const ours = readAlone(Reader, answer, bySingleBytes)
    return typeof compare(theirs, ours) === 'object' || (answer.isValid && ours.outcome !== theirs.outcome)
  }))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [count = '10000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
  process.stdout.write(`seed ${seed}\n`)
  const start = performance.now()
  const proven = await prove(Number(count), Number(seed), ({ line, problems }) => {
    process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${line}\n${problems.slice(0, 20).map(problem => `     ${problem}\n`).join('')}`)
  })
  process.stdout.write(`${Math.round((performance.now() - start) / 1000)} s\n`)
  process.exit(proven ? 0 : 1)
}
