import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { handedOn } from '../../../src/proxy/exchange/gc.js'

t.test('buffers that were handed on are collected while others come', async t => {
  const chunk = 64 * 1024
  const passing = async (each: (bytes: number) => void): Promise<number> => {
    let most = 0
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 8192; count++) {
      Buffer.allocUnsafeSlow(chunk).fill(1)
      each(chunk)
      if (count % 64 === 0) await turn()
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    return most / 2 ** 20
  }
  const left = await passing(() => {})
  const swept = await passing(handedOn)
  t.ok(swept < 24, `${swept} MiB at most`)
  t.ok(swept < left, `${left} MiB otherwise`)
})
