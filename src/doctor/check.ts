/** What a check of `doctor` is: a look at one thing that goes wrong in practice, with the command or setting that fixes it. */
import type { Config } from '../core/settings/config.js'
import type { Layout } from '../mlflow/layout.js'
import type { Upstream } from '../mlflow/pool.js'

/** What the checks look at. Made once, so that MLflow is not asked the same thing by each of them. */
export interface DoctorContext {
  readonly config: Config
  /** Where commands are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The key to try, where one was given. */
  readonly key: string | undefined
  /** Where people reach the facade, where it is known; `asked`: it was given for this run, so it has to answer. */
  readonly front: { readonly url: URL, readonly asked: boolean } | undefined
  /** The way to MLflow; undefined: it is one of our own and does not run. */
  readonly upstream: Upstream | undefined
  /** Its unix socket, where it is one of our own. */
  readonly socketPath: string | undefined
  /** Why nothing answers there; undefined where something does. */
  readonly fault: Error | undefined
  /** Undefined where what answers could not be recognised. */
  readonly layout: Layout | undefined
}

export interface Verdict {
  readonly status: 'ok' | 'skipped' | 'hint' | 'warning' | 'error'
  /** What was found, in a sentence or two. */
  readonly message: string
  /** The command or the setting that fixes it; only with a hint, a warning or an error. */
  readonly fix?: string
}

export interface Check {
  readonly id: string
  /** What is wrong where it reports a finding, for the list of checks. */
  readonly about: string
  readonly run: (context: DoctorContext) => Verdict | Promise<Verdict>
}

export function fine (message: string): Verdict {
  return { status: 'ok', message }
}

export function skipped (message: string): Verdict {
  return { status: 'skipped', message }
}

/** Something to decide one day: nothing is wrong as it is. */
export function hint (message: string, fix: string): Verdict {
  return { status: 'hint', message, fix }
}

export function warning (message: string, fix: string): Verdict {
  return { status: 'warning', message, fix }
}

export function error (message: string, fix: string): Verdict {
  return { status: 'error', message, fix }
}
