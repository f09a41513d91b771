/** Audit events among the log lines of a terminal. */
import t from 'tap'
import { lineOf } from '../../../src/audit/event.js'
import { prettyLine } from '../../../src/core/telemetry/pretty.js'

t.test('an audit event is a line for people, like those of the log', t => {
  const line = lineOf({ seq: 3, source: 's', time: '2026-12-01T09:30:00.000Z', operation: 'deleteRun', outcome: 'refused', reason: 'scope', user: 'a\u001b[2Jb', resource: { run_id: 'r' } })
  t.equal(prettyLine(line, { colour: false, showsProbes: false }), '09:30:00 audit deleteRun  outcome=refused  reason=scope  user="a\\u001b[2Jb"  resource={"run_id":"r"}\n')
  t.equal(prettyLine('{"level":"info","time":"2026-12-01T09:30:00.000Z","type":"other","msg":"text"}\n', { colour: false, showsProbes: false }), '09:30:00 info  text  type=other\n')
  t.end()
})
