/** Loaded before the facade: takes a V8 CPU profile of it between two messages, so that starting up is no part of it. */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

/** Microseconds between two samples; fewer than V8's default of 1000, so that small stages have some. */
const intervalUs = 250

/** Undefined starts; a file's name stops, and writes the profile there. */
export interface ProfilerMessage {
  readonly file?: string
}

const session = new Session()
session.connect()

process.on('message', ({ file }: ProfilerMessage) => {
  void (file === undefined ? start() : stop(file)).then(() => process.send?.('done'))
})
process.channel?.unref() // the facade ends as it would without

async function start (): Promise<void> {
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: intervalUs })
  await session.post('Profiler.start')
}

async function stop (file: string): Promise<void> {
  const { profile } = await session.post('Profiler.stop')
  writeFileSync(file, JSON.stringify(profile))
}
