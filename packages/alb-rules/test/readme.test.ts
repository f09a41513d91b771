/** Every command of the README is run, and prints what stands there. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { checks } from '../src/checks.js'

const root = resolve('packages/alb-rules')
const page = readFileSync(join(root, 'README.md'), 'utf8')

async function run (argv: readonly string[]): Promise<string> {
  return await new Promise(resolve => {
    execFile(process.execPath, [join(root, 'dist/cli/main.js'), ...argv], { cwd: join(root, 'docs/example') }, (_, stdout) => resolve(stdout))
  })
}

t.test('commands print what the page says', async t => {
  const shown = [...page.matchAll(/```console\n\$ alb-rules (.*)\n([^]*?)```/g)]
  t.ok(shown.length >= 5)
  for (const [, command = '', output = ''] of shown) t.equal((await run(command.split(' '))).trimEnd(), output.trimEnd(), command)
})

t.test('the expectations on the page are those that are tested', async t => {
  t.match(page, readFileSync(join(root, 'docs/example/expectations.yaml'), 'utf8'))
})

t.test('every check is listed with its page, and links lead somewhere', async t => {
  for (const { name, title } of checks) t.match(page, `| [${name}](docs/checks/${name}.md) | ${title} |`)
  for (const [, target = ''] of page.matchAll(/\]\(([^)#\s]+)\)/g)) t.ok(existsSync(join(root, target)), target)
})
