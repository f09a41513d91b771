/** Reads settings one by one, and gathers what is wrong with them, so that people hear of all of it at once. */
import { mayBeFile, settings, type Name } from './settings.js'

export type Env = Readonly<Record<string, string | undefined>>

export interface SettingReader {
  /** A sentence each; never a secret's value. */
  readonly problems: string[]
  /** The text of a setting, from the environment or the file that `NAME_FILE` names. */
  readonly text: (name: Name) => string | undefined
  /** The text of a file that something names; undefined, and a problem, where it cannot be read. */
  readonly file: (name: string, path: string) => string | undefined
  /** Applies one rule to one value, or to the default; a broken rule is a problem and gives undefined. */
  readonly value: <T>(name: Name, rule: (given: string) => T | undefined) => T | undefined
  /** A PEM text in a file. */
  readonly pem: (name: Name, check: (text: string) => unknown) => string | undefined
}

/** @param readText reads a file named by a `…_FILE` setting */
export function readSettings (env: Env, readText: (path: string) => string): SettingReader {
  const problems: string[] = []
  const files = new Map<string, string | undefined>()
  const reader: SettingReader = {
    problems,
    file (name, path) {
      if (files.has(name)) return files.get(name)
      let content: string | undefined
      try {
        content = readText(path).trim()
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unreadable'
        problems.push(`${name}: cannot read the file that it names (${code})`) // not which: a secret itself may stand in its place
      }
      files.set(name, content)
      return content
    },
    text (name) {
      const own = env[name] === '' ? undefined : env[name]
      const path = mayBeFile(settings[name]) ? env[`${name}_FILE`] : undefined
      if (path === undefined || path === '') return own
      if (own !== undefined) problems.push(`${name} and ${name}_FILE are both set: keep one`)
      return reader.file(`${name}_FILE`, path)
    },
    value (name, rule) {
      const given = reader.text(name) ?? settings[name].value
      if (given === undefined) return undefined
      const result = rule(given)
      const isShown = settings[name].secret !== true && !name.endsWith('_FILE')
      if (result === undefined) problems.push(`${name} is ${isShown ? `"${shorten(given)}"` : 'not valid'}: it must be ${settings[name].allowed}`)
      return result
    },
    pem: (name, check) => reader.value(name, path => {
      const content = reader.file(name, path)
      if (content === undefined) return path // the unreadable file is a problem already
      try {
        check(content)
        return content
      } catch {
        return undefined
      }
    })
  }
  return reader
}

function shorten (given: string): string {
  // A password may stand in any URL, also in one without its scheme or given to the wrong setting, and hold a slash; a secret in a query.
  const [line = ''] = given.split('\n')
  const safe = line.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/i, '$1***@').replace(/\b(bearer|basic|apikey)\s+\S+/gi, '$1 ***').replace(/[?#].*/, '?***').replace(/hk_(live|test)_\w+/g, 'hk_$1_***')
  return safe.length > 80 ? `${safe.slice(0, 80)}…` : safe
}
