/** What is read from names that callers send, kept: a cache without an age, for pure functions. */

/** So many names are kept, of at most so many characters: 64 KB, whatever callers invent. */
const keptNames = 1000
const keptLength = 64

/**
 * Keeps what is read from names: the same few spellings come again and again. When it is full it begins anew, so that
 * invented names keep no real one out.
 */
export function remembering<T> (read: (name: string) => T): (name: string) => T {
  const kept = new Map<string, T>()
  return name => {
    let value = kept.get(name)
    if (value === undefined) {
      value = read(name)
      if (name.length > keptLength) return value
      if (kept.size === keptNames) kept.clear()
      kept.set(name, value)
    }
    return value
  }
}
