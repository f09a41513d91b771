/** Clients generated from the document, and a fuzzer, as `npm run openapi:clients` runs them: against a real MLflow behind the facade. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'

t.setTimeout(600_000) // packages of npm and PyPI are installed, and the fuzzer has its time

// In a process of its own: the facade in it answers while the fuzzer is busy, and what it leaves behind ends with it.
t.test('clients made from the document register a model, and no request that it allows or forbids makes the facade fail', async t => {
  const { stdout } = await promisify(execFile)(process.execPath, ['.build/test/conformance/openapi/generated-clients.js', '--seconds', '30'], { maxBuffer: 2 ** 26 })
  t.match(stdout.trim().split('\n'), [
    /^ok {5}openapi-typescript with openapi-fetch registers a model: version 1 is READY$/,
    /^ok {5}openapi-python-client registers a model: version 1 is /,
    /^ok {5}schemathesis finds no server error of ours in 30 s: \d+ requests to \d+ of \d+ operations, \d+ server errors of MLflow's own, none of ours$/
  ])
})
