/** Questions to MLflow for keys that are bound: a few at a time, whatever becomes of each. */
import t from 'tap'
import { createAsker } from '../../../src/proxy/permissions/asker.js'

t.test('a hundred questions are asked, and never more than 32 at once', async t => {
  let open = 0
  let most = 0
  const ask = createAsker({
    async probe (path) {
      most = Math.max(most, ++open)
      await new Promise(resolve => setImmediate(resolve))
      open--
      if (path === '/7') throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
      if (path === '/8') throw Object.assign(new Error('late'), { name: 'TimeoutError' })
      return { status: 200, contentType: '', body: path }
    }
  })
  const answers = await Promise.allSettled(Array.from({ length: 100 }, async (_, index) => await ask(`/${index}`)))
  t.equal(most, 32)
  t.equal(answers.filter(({ status }) => status === 'fulfilled').length, 98)
  t.match(answers[7], { reason: { reason: 'upstream_refused', statusCode: 502 } })
  t.match(answers[8], { reason: { reason: 'upstream_silent', statusCode: 503 } })
  t.equal((await ask('/9')).body, '/9', 'all places are free again')
})
