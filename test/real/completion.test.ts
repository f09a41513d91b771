/** Completion in the shells themselves. */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'

/** A folder with the command under its name, as an installation has it. */
function installed (t: Test): NodeJS.ProcessEnv {
  const folder = t.testdir()
  writeFileSync(join(folder, 'hokusai-mlflow'), `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/cli/main.js')}" "$@"\n`)
  chmodSync(join(folder, 'hokusai-mlflow'), 0o755)
  return { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'dumb' }
}

/** What each line can go on with, by its last word; `words` is what must be among it. */
const lines: Array<{ readonly line: string, readonly words: string[] }> = [
  { line: 'k', words: ['keys'] },
  { line: 'keys r', words: ['revoke', 'rotate'] },
  { line: 'keys create --na', words: ['--name'] },
  { line: 'keys create --name x --exp', words: ['--expires', '--export'] },
  { line: 'routes ex', words: ['explain', 'export'] },
  { line: 'routes check --fail', words: ['--fail-on'] },
  { line: 'start --req', words: ['--require-upstream'] },
  { line: 'start --upgrade-database --req', words: ['--require-upstream'] },
  { line: 'help le', words: ['legacy'] }
]

t.test('bash completes commands and options', t => {
  const env = installed(t)
  for (const { line, words } of lines) {
    const typed = ['hokusai-mlflow', ...line.split(' ')]
    const script = `eval "$(hokusai-mlflow completion bash)"; COMP_WORDS=(${typed.join(' ')}); COMP_CWORD=${typed.length - 1}; _hokusai_mlflow; printf '%s\\n' "\${COMPREPLY[@]}"`
    t.strictSame(execFileSync('bash', ['-c', script], { env, encoding: 'utf8' }).trim().split('\n').sort(), words, line)
  }
  t.end()
})

t.test('fish completes commands and options', t => {
  const env = installed(t)
  for (const { line, words } of lines) {
    const script = `hokusai-mlflow completion fish | source; complete -C 'hokusai-mlflow ${line}'`
    const found = execFileSync('fish', ['-c', script], { env, encoding: 'utf8' }).trim().split('\n').map(row => row.split('\t')[0])
    t.strictSame(found.sort(), words, line)
  }
  t.end()
})

t.test('zsh completes commands and options, on a terminal', t => {
  const env = installed(t)
  writeFileSync(join(env['HOME'] ?? '', 'keys.zsh'), `zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'autoload -Uz compinit && compinit -D; eval "$(hokusai-mlflow completion zsh)"; zstyle ":completion:*" list-colors ""; LISTMAX=100; PS1=; echo rea""dy'
zpty -r shell seen '*ready*'
zpty -w -n shell "hokusai-mlflow $1"$'\\t\\t'
sleep 1
while zpty -rt shell seen; do print -rn -- "$seen"; done
zpty -d shell
`)
  for (const { line, words } of lines) {
    const shown = execFileSync('zsh', ['-f', join(env['HOME'] ?? '', 'keys.zsh'), line], { env, encoding: 'utf8', timeout: 20_000 })
    for (const word of words) t.match(shown, word, line)
  }
  t.end()
})

t.test('the document of the command line names the lines that switch it on', t => {
  t.match(readFileSync('README.md', 'utf8'), 'completion bash')
  t.end()
})
