/** What Swagger UI lacks, as a plug-in for it: search for operations, a quick reading of the document, and which way to authorize. */

interface Operation { readonly get: (key: 'id' | 'path' | 'method') => string, readonly getIn: (path: readonly string[], instead: string) => string }
interface Operations { readonly size: number, readonly filter: (is: (operation: Operation) => boolean) => Operations }
interface Tagged { readonly get: (key: 'operations') => Operations, readonly set: (key: 'operations', operations: Operations) => Tagged }
interface TaggedOperations {
  readonly map: (change: (tagged: Tagged, tag: string) => Tagged) => TaggedOperations
  readonly filter: (is: (tagged: Tagged) => boolean) => TaggedOperations
}

interface System {
  readonly specSelectors: { readonly specStr: () => string }
  readonly specActions: { readonly updateJsonSpec: (json: unknown) => unknown }
  readonly layoutSelectors: { readonly currentFilter: () => unknown }
  readonly React: { readonly createElement: (type: unknown, props: object | null, ...children: unknown[]) => unknown }
}
interface AuthsProps { readonly definitions: { readonly has: (scheme: string) => boolean } }
interface InputProps { readonly id?: string, readonly autoFocus?: boolean }
/** Swagger UI hands a selector's own state to who wraps it, and none to what is wrapped. */
type Shown = (thing: readonly string[], instead: boolean) => boolean
type Bundle = (config: { readonly plugins?: readonly unknown[] }) => unknown

/** Runs in the browser between Swagger UI and its start, from its text alone: it may use nothing that stands outside of it. */
function extend (window: { SwaggerUIBundle: Bundle }): void {
  const usual = 'bearer'

  /** Whether each word stands in an operation's id, method, path, summary or tag. */
  function matches (operation: Operation, tag: string, words: readonly string[]): boolean {
    const text = [
      operation.getIn(['operation', 'operationId'], ''), operation.get('method'), operation.get('path'), operation.getIn(['operation', 'summary'], ''), tag
    ].join(' ').toLowerCase()
    return words.every(word => text.includes(word))
  }

  function opsFilter (tagged: TaggedOperations, phrase: string): TaggedOperations {
    const words = phrase.toLowerCase().split(/\s+/).filter(word => word !== '')
    const found = (operations: Operations, tag: string): Operations => operations.filter(operation => matches(operation, tag, words))
    return tagged
      .map((each, tag) => each.set('operations', found(each.get('operations'), tag)))
      .filter(each => each.get('operations').size > 0)
  }

  /**
   * Puts what references stand for in their place; one within itself stays. Swagger UI's own way takes the whole document apart for each
   * operation: seconds.
   */
  function resolved (spec: unknown, value: unknown, within: readonly string[] = []): unknown {
    if (Array.isArray(value)) return value.map(item => resolved(spec, item, within))
    if (typeof value !== 'object' || value === null) return value
    const { $ref: reference, ...rest } = value as Readonly<Record<string, unknown>>
    const others = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, resolved(spec, item, within)]))
    if (typeof reference !== 'string' || !reference.startsWith('#/') || within.includes(reference)) return reference === undefined ? others : { $ref: reference, ...others }
    const steps = reference.slice(2).split('/').map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    const target = resolved(spec, at(spec, steps), [...within, reference])
    return { ...steps[1] === 'schemas' ? { title: steps[2] } : {}, ...target as object, ...others }
  }

  function at (spec: unknown, steps: readonly string[]): unknown {
    return steps.reduce<unknown>((part, step) => (part as Readonly<Record<string, unknown>> | undefined)?.[step], spec)
  }

  const plugin = {
    fn: {
      opsFilter,
      resolveSubtree: async (spec: unknown, path: readonly string[]) => ({ spec: resolved(spec, at(spec, path)), errors: [] })
    },
    statePlugins: {
      spec: {
        wrapActions: {
          // The document is JSON; Swagger UI reads it as YAML, which takes seconds.
          parseToJson: (original: (text?: string) => unknown, { specSelectors, specActions }: System) => (text?: string) => {
            try {
              return specActions.updateJsonSpec(JSON.parse(text ?? specSelectors.specStr()))
            } catch {
              return original(text)
            }
          }
        }
      },
      layout: {
        wrapSelectors: {
          // While something is searched for, what is found is open.
          isShown: (original: Shown, { layoutSelectors }: System) => (_state: unknown, thing: readonly string[], instead: boolean) => {
            const phrase = layoutSelectors.currentFilter()
            const isSearching = typeof phrase === 'string' && phrase !== '' && phrase !== 'true'
            return original(thing, instead || (isSearching && thing[0] === 'operations-tag'))
          }
        }
      }
    },
    wrapComponents: {
      auths: (Original: unknown, { React: { createElement } }: System) => (props: AuthsProps) => createElement('div', null,
        props.definitions.has(usual) ? createElement('p', null, 'One of these is enough: the first, if in doubt.') : null,
        createElement(Original, props)),
      // Each of them asks for the focus, so that the last one would have it.
      Input: (Original: unknown, { React: { createElement } }: System) => (props: InputProps) =>
        createElement(Original, { ...props, autoFocus: props.autoFocus === true && props.id === `auth-${usual}-value` })
    }
  }
  const { SwaggerUIBundle } = window
  const bundle: Bundle = config => SwaggerUIBundle({ ...config, plugins: [...config.plugins ?? [], plugin] })
  window.SwaggerUIBundle = Object.assign(bundle, SwaggerUIBundle)
}

/** The text of the script. */
export const pageScript = `(${extend.toString()})(window)\n`
