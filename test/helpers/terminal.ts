/** A program in a real pseudo-terminal, which Python opens: what people see of it, and when. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

interface Teardown { teardown: (fn: () => unknown) => void }

export interface Terminal {
  /** All that it has shown so far, its line ends as in a file. */
  readonly shown: () => string
  /** Waits until it has shown this. @throws when that takes longer than a minute, or the program ends first */
  readonly until: (pattern: RegExp) => Promise<void>
  /** The longest time without a word so far, milliseconds. */
  readonly silence: () => number
  /** Presses Ctrl-C and waits for the end. */
  readonly interrupt: () => Promise<void>
}

const bridge = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
import threading
def type_in():
    while True:
        typed = os.read(0, 1024)
        if not typed:
            return
        os.write(fd, typed)
threading.Thread(target=type_in, daemon=True).start()
while True:
    try:
        shown = os.read(fd, 65536)
    except OSError:
        break
    if not shown:
        break
    os.write(1, shown)
os.waitpid(pid, 0)
`

export function openTerminal (t: Teardown, argv: readonly string[], env: NodeJS.ProcessEnv): Terminal {
  const child = spawn('/usr/bin/python3', ['-c', bridge, ...argv], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let text = ''
  let lastAt = performance.now()
  let longest = 0
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part.replaceAll('\r\n', '\n')
    longest = Math.max(longest, performance.now() - lastAt)
    lastAt = performance.now()
  })
  const interrupt = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.stdin.write('\u0003')
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000)
    await ended
    clearTimeout(late)
  }
  t.teardown(interrupt)
  return {
    shown: () => text,
    silence: () => Math.max(longest, performance.now() - lastAt),
    interrupt,
    async until (pattern) {
      for (const end = performance.now() + 60_000; !pattern.test(text); await delay(20)) {
        if (performance.now() > end || child.exitCode !== null) throw new Error(`it did not show ${pattern}:\n${text}`)
      }
    }
  }
}
