/** What a key is granted and whether that covers what an operation needs. */
import type { AccessClass } from './classes.js'

export const scopeNames = ['mlflow:read', 'mlflow:write', 'mlflow:gateway', 'mlflow:admin'] as const

export type Scope = typeof scopeNames[number]

export type { AccessClass }

/** Every name that grants something, the platform's older ones included. */
const meanings: ReadonlyMap<string, Scope> = new Map([
  ['mlflow:read', 'mlflow:read'],
  ['mlflow:write', 'mlflow:write'],
  ['mlflow:gateway', 'mlflow:gateway'],
  ['mlflow:admin', 'mlflow:admin'],
  ['mlflow:access', 'mlflow:write'],
  ['model:write', 'mlflow:write'],
  ['model-registry:admin', 'mlflow:admin'],
  ['registry:admin', 'mlflow:admin'],
  ['admin', 'mlflow:admin']
])

/**
 * The scopes that a list of names stands for. Names that mean nothing here, such as those of the platform's other
 * services, grant nothing.
 */
export function toScopes (names: Iterable<string>, isAdmin: boolean = false): ReadonlySet<Scope> {
  const scopes = new Set<Scope>(isAdmin ? ['mlflow:admin'] : [])
  for (const name of names) {
    const scope = meanings.get(name)
    if (scope !== undefined) scopes.add(scope)
  }
  return scopes
}

/**
 * What a session may do that was begun with a key of these scopes: all that the key may, but what needs an administrator. A flaw in a page
 * would act with what the session has, and must not make keys or read secrets.
 */
export function withoutAdmin (scopes: ReadonlySet<Scope>): ReadonlySet<Scope> {
  if (!scopes.has('mlflow:admin')) return scopes
  return new Set<Scope>(['mlflow:write', 'mlflow:gateway'])
}

/** Without what others of them include, for people to read. */
export function withoutIncluded (scopes: ReadonlySet<Scope>): readonly Scope[] {
  if (scopes.has('mlflow:admin')) return ['mlflow:admin']
  return [...scopes].filter(scope => scope !== 'mlflow:read' || !scopes.has('mlflow:write'))
}

/** Whether a name grants anything: people who issue keys hear of misspelt ones. */
export function isScopeName (name: string): boolean {
  return meanings.has(name)
}

/** Whether the granted scopes cover what is needed. What is blocked is blocked for everyone. */
export function allows (granted: ReadonlySet<Scope>, needed: AccessClass): boolean {
  switch (needed) {
    case 'public':
    case 'ui': return true
    case 'read': return granted.has('mlflow:read') || granted.has('mlflow:write') || granted.has('mlflow:admin')
    case 'write': return granted.has('mlflow:write') || granted.has('mlflow:admin')
    case 'gateway': return granted.has('mlflow:gateway') || granted.has('mlflow:admin')
    case 'admin': return granted.has('mlflow:admin')
    case 'blocked': return false
  }
}

/** The least scope that covers what is needed, to be named in a refusal; undefined where no scope decides. */
export function scopeFor (needed: AccessClass): Scope | undefined {
  return needed === 'read' || needed === 'write' || needed === 'gateway' || needed === 'admin' ? `mlflow:${needed}` : undefined
}
