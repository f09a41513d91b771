/** Clients that send credentials only once they are asked for them, with Basic. */
import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { facade, keys } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'

t.test('both challenges come, in a field each; calls of pages are not offered Basic, navigations are', async t => {
  const { call } = await facade(t, echo)
  const asked = async (mode?: string): Promise<string[]> => (await call('GET', search, { key: null, headers: mode === undefined ? {} : { 'Sec-Fetch-Mode': mode } })).all('www-authenticate')
  t.strictSame(await asked(), ['Bearer', 'Basic realm="MLflow"'])
  t.strictSame(await asked('navigate'), ['Bearer', 'Basic realm="MLflow"'])
  for (const mode of ['cors', 'same-origin', 'no-cors', 'websocket', '']) t.strictSame(await asked(mode), ['Bearer'], mode)
  t.strictSame((await call('GET', '/whoami', { key: 'unknown' })).all('www-authenticate'), ['Bearer', 'Basic realm="MLflow"'])
  t.strictSame((await call('POST', '/mlflow/api/2.0/mlflow/experiments/create', { key: 'read' })).all('www-authenticate'), [], 'a key that may not is not asked for another')
})

/** Runs a command; rejects where it fails. */
async function run (command: string, args: readonly string[], cwd: string): Promise<unknown> {
  return await promisify(execFile)(command, args, { cwd, env: { PATH: process.env['PATH'], HOME: cwd } })
}

const python = `
import sys, urllib.request
passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, sys.argv[1], "anyone", sys.argv[2])
urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords)).open(sys.argv[1] + sys.argv[3])
`

const java = `
import java.net.*;
class Ask {
  public static void main(String[] args) throws Exception {
    Authenticator.setDefault(new Authenticator() {
      protected PasswordAuthentication getPasswordAuthentication() { return new PasswordAuthentication("anyone", args[1].toCharArray()); }
    });
    new URL(args[0] + args[2]).openStream().close();
  }
}
`

const clients: Readonly<Record<string, (origin: string, folder: string) => Promise<unknown>>> = {
  'Python\'s HTTPBasicAuthHandler': async (origin, folder) => await run('python3', ['-c', python, origin, keys.read, search], folder),
  'curl --anyauth': async (origin, folder) => await run('curl', ['-sSf', '--anyauth', '-u', `anyone:${keys.read}`, origin + search], folder),
  'wget --user': async (origin, folder) => await run('wget', ['-q', '-O', 'answer', '--user', 'anyone', '--password', keys.read, origin + search], folder),
  'Java\'s Authenticator': async (origin, folder) => {
    writeFileSync(join(folder, 'Ask.java'), java)
    return await run('java', ['Ask.java', origin, keys.read, search], folder)
  }
}
const hasJava = spawnSync('java', ['-version']).status === 0

for (const [name, ask] of Object.entries(clients)) {
  t.test(`${name} gets in with the key as password`, { skip: name.startsWith('Java') && !hasJava ? 'no Java on this machine' : false }, async t => {
    const { port, mlflow, lines } = await facade(t, echo)
    await ask(`http://127.0.0.1:${port}`, t.testdir())
    t.equal(mlflow.calls.length, 1)
    t.match(lines.filter(({ operation }) => operation?.startsWith('searchExperiments')).map(({ status }) => status), [401, 200], 'asked first, then answered')
  })
}
