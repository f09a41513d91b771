/** What the expressions of a Terraform plan's configuration refer to, through variables and outputs of modules. */

/** A resource as the configuration names it: which module, type and name, and the key where one is written. */
export interface Reference {
  /** Names of module calls from the root, as in `module.a.module.b`; empty for the root. */
  readonly module: string
  readonly type: string
  readonly name: string
  /** Such as `["https"]`, empty where there is none. */
  readonly index: string
}

/** A reference that an argument was found to make. */
export interface Found extends Reference {
  /** The instance is chosen by the key of who refers, not by something in its value. */
  readonly isKeyed: boolean
}

export interface Configuration {
  /** The one resource that an argument of a resource refers to; undefined where that cannot be told. */
  readonly find: (module: string, type: string, name: string, argument: ReadonlyArray<string | number>) => Found | undefined
  /** What an argument of a resource is made of, as it is written there; empty where it is a constant, or not given. */
  readonly referencesOf: (module: string, type: string, name: string, argument: ReadonlyArray<string | number>) => readonly string[]
}

interface Module {
  readonly resources?: ReadonlyArray<{ readonly type?: string, readonly name?: string, readonly expressions?: unknown }>
  readonly module_calls?: Readonly<Record<string, { readonly expressions?: unknown, readonly module?: Module }>>
  readonly outputs?: Readonly<Record<string, { readonly expression?: unknown }>>
}

const resourcePattern = /^(?:data\.)?(aws_[a-z0-9_]+)\.([^.[\]]+)(\[[^\]]*\])?/

/** @param root `configuration.root_module` of the plan; a state has none */
export function createConfiguration (root: unknown): Configuration {
  const top = (root ?? {}) as Module

  function moduleAt (path: string): Module | undefined {
    return namesOf(path).reduce<Module | undefined>((module, name) => module?.module_calls?.[name]?.module, top)
  }

  /** Every resource that an expression leads to. */
  function follow (path: string, expression: unknown, depth: number): readonly Reference[] {
    if (depth > 20) return []
    return referencesOf(expression).flatMap(text => {
      const [head, name = '', rest = ''] = text.split(/[.[]/)
      if (head === 'var') return followVariable(path, name, depth)
      if (head === 'module') {
        const inner = joined(path, name)
        return follow(inner, moduleAt(inner)?.outputs?.[outputOf(text) ?? rest]?.expression, depth + 1)
      }
      const [, type, resource, index = ''] = resourcePattern.exec(text) ?? []
      return type === undefined || resource === undefined ? [] : [{ module: path, type, name: resource, index }]
    })
  }

  function followVariable (path: string, name: string, depth: number): readonly Reference[] {
    const names = namesOf(path)
    const call = names.at(-1)
    if (call === undefined) return []
    const parent = names.slice(0, -1).reduce(joined, '')
    return follow(parent, dig(moduleAt(parent)?.module_calls?.[call]?.expressions, [name]), depth + 1)
  }

  function expressionOf (module: string, type: string, name: string, argument: ReadonlyArray<string | number>): unknown {
    return dig(moduleAt(module)?.resources?.find(one => one.type === type && one.name === name)?.expressions, argument)
  }

  return {
    referencesOf: (...argument) => referencesOf(expressionOf(...argument)),
    find (module, type, name, argument) {
      const expression = expressionOf(module, type, name, argument)
      const found = follow(module, expression, 0)
      const isKeyed = !referencesOf(expression).some(text => text.startsWith('each.value'))
      const spelled = found.filter(({ index }) => index !== '')
      const best = spelled.length > 0 ? spelled : found
      const [only] = best
      return only !== undefined && new Set(best.map(keyOf)).size === 1 ? { ...only, isKeyed } : undefined
    }
  }
}

/** The path of a module without the keys of its instances, as the configuration knows it. */
export function withoutKeys (address: string): string {
  return address.replace(/\[[^\]]*\]/g, '')
}

function keyOf ({ module, type, name, index }: Reference): string {
  return `${module} ${type} ${name} ${index}`
}

function namesOf (path: string): string[] {
  return path === '' ? [] : path.split('.').filter((_, at) => at % 2 === 1)
}

function joined (path: string, name: string): string {
  return `${path === '' ? '' : path + '.'}module.${name}`
}

/** The output's name of `module.NAME["key"].OUTPUT`. */
function outputOf (text: string): string | undefined {
  return /^module\.[^.[]+(?:\[[^\]]*\])?\.([^.[]+)/.exec(text)?.[1]
}

function referencesOf (expression: unknown): readonly string[] {
  const list = dig(expression, ['references'])
  return Array.isArray(list) ? list.filter(one => typeof one === 'string') : []
}

function dig (value: unknown, path: ReadonlyArray<string | number>): unknown {
  return path.reduce<unknown>((inner, name) => {
    return typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[name] : undefined
  }, value)
}
