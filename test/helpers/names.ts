/** Names of artifacts as callers put them on the wire, tried on an MLflow directly and through the facade. */
import { connect, head } from './client.js'

/** Whatever MLflow makes of them, through the facade it is the same. */
export const passing: readonly string[] = [
  // No percent-encoding, or none of UTF-8. MLflow's client sends a "%da" of a name as it is.
  'acc_at_90%data.csv', '100%', '%', '%%', '%2', '%zz', 'a%z1b', '50%25off', '%ff', '%FE%ff', '%c3%28', '%e2%82', '%ed%a0%80', '%c0%af', '%f5%80%80%80', 'caf%e9.txt',
  // Control characters.
  'a%0Ab', 'a%0Db', 'tab%09x', '%01', 'bell%07x', 'esc%1b[0m', 'del%7Fx', '%C2%85', '%C2%80x', '%E2%80%A8', '%E2%80%AE',
  // Backslashes.
  'a%5Cb', 'a\\b', '%5C', 'a%5C', 'C%3A%5Cx', '%5C%5Chost%5Cx', 'a%5C..%5Cb', '..%5Cx', 'a\\..\\b',
  // What has a meaning in URLs, in shells or in file systems.
  'caf%C3%A9.txt', 'a%20b', 'a%2Bb', 'a+b', 'a%3Bb;c', 'a%26b&c', 'a%3Fb', 'a%23b', 'a=b', 'a:b', 'a@b', 'a|b', 'a^b', '`a`', '{a}', '"a"', "'a'", '<a>', '[a]', '~a', 'a*b', 'a$b', 'con', 'a%F0%9F%98%80b', '%EF%BB%BFx', 'x'.repeat(255),
  // Slashes and dots.
  'a%2Fb', 'a//b', 'a%2F%2Fb', '/a', 'a%252Fb', 'a%2541', '%2e%2e.txt', '...', 'a..b', '..a', '.hidden', 'a.', '%252e%252e'
]

/** MLflow refuses the double dots too. It writes a NUL as an escape, and a single dot ends in its 500. */
export const refused: readonly string[] = ['..', 'a/../b', 'a%2F..%2Fb', '%2e%2e', '%ff/..', 'a%0a/%2E.', '%00', 'a%00b', '.', 'a/./b']

/** Where names are tried. */
export interface Place {
  readonly url: string
  readonly key?: string
}

export interface Outcome {
  readonly name: string
  /** Statuses of PUT, GET and DELETE, and whether what came back is what was sent. */
  readonly answers: ReadonlyArray<readonly [status: number, same: boolean]>
}

interface Teardown { teardown: (fn: () => unknown) => void }

/**
 * Puts, gets and deletes an artifact of each name below a folder, on the wire as they stand.
 * @param place up to what MLflow's paths follow
 */
export async function tryNames (t: Teardown, { url, key }: Place, names: readonly string[], folder: string): Promise<Outcome[]> {
  const { port, pathname } = new URL(url)
  const outcomes: Outcome[] = []
  for (const [index, name] of names.entries()) {
    const target = `${pathname === '/' ? '' : pathname}/api/2.0/mlflow-artifacts/artifacts/${folder}/${index}/${name}`
    const content = `content ${index}`
    const put = await askAgain('PUT', target, content)
    const got = await askAgain('GET', target)
    const deleted = await askAgain('DELETE', target)
    outcomes.push({ name, answers: [put, got, deleted].map(({ status, text }) => [status, text === content]) })
  }
  return outcomes

  /** 3.9 and 3.11 answer 500 to a GET whose name is not ASCII, and break the connection then: the request after it may meet that. */
  async function askAgain (method: string, target: string, body?: string): Promise<{ status: number, text: string }> {
    const answer = await ask(method, target, body)
    return answer.status === 502 ? await ask(method, target, body) : answer
  }

  async function ask (method: string, target: string, body?: string): Promise<{ status: number, text: string }> {
    const connection = await connect(t, Number(port))
    connection.write(head(`${method} ${target}`, {
      Host: `127.0.0.1:${port}`,
      ...key === undefined ? {} : { Authorization: `Bearer ${key}` },
      ...body === undefined ? {} : { 'Content-Length': String(body.length) }
    }) + (body ?? ''))
    // 2.22.5 breaks the connection over names that its answer to GET cannot hold: 502 in the terms of a proxy.
    const answer = await connection.answer().catch(() => undefined)
    connection.destroy()
    return { status: answer?.status ?? 502, text: answer?.text() ?? '' }
  }
}
