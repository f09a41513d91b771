/** Compiles at each change and runs the tests of a room of test/ when it compiles. Usage: node .build/scripts/watch.js ROOM */
import { spawn, type ChildProcess } from 'node:child_process'
import ts from 'typescript'

const [room = 'unit'] = process.argv.slice(2)
let running: ChildProcess | undefined

/** Starts the tests; a run that is under way shows what is no longer true, and ends. */
function run (): void {
  running?.kill()
  running = spawn('scripts/tap-in', [room, '--reporter=terse'], { stdio: 'inherit' })
}

const host = ts.createWatchCompilerHost('tsconfig.tools.json', {}, ts.sys, ts.createEmitAndSemanticDiagnosticsBuilderProgram)
const { afterProgramCreate } = host
host.afterProgramCreate = program => {
  afterProgramCreate?.(program)
  const broken = [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()].length > 0
  if (!broken) run()
}
ts.createWatchProgram(host)
