/** What is said of a word that a command does not know: the one that was meant, where there is one near it. */
import { editDistance, settings } from '../core/settings/settings.js'

/** The known word that is meant by a mistyped or shortened one. */
export function meant (word: string, known: readonly string[]): string | undefined {
  const longer = word.length >= 3 ? known.filter(candidate => candidate.startsWith(word)) : []
  if (longer.length === 1) return longer[0]
  const most = word.length < 4 ? 1 : 2 // two letters in the wrong order are two edits
  const near = known
    .map(candidate => ({ candidate, distance: editDistance(word.slice(0, 50), candidate) }))
    .filter(({ distance }) => distance <= most)
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.candidate
}

/** "There is no command "kesy": did you mean keys?" */
export function unknownWord (what: string, word: string, known: readonly string[]): string {
  const near = meant(word, known)
  return `There is no ${what} ${shown(word)}${near === undefined ? '.' : `: did you mean ${near}?`}`
}

/** Of an option, which may be a setting of the environment instead. @param given as it was typed, with its dashes */
export function unknownOption (given: string, known: readonly string[]): string {
  const name = given.replace(/^-+/, '')
  const near = meant(name, known)
  if (near !== undefined) return `There is no option ${shown(given)}: did you mean --${near}?`
  const setting = name.toUpperCase().replaceAll('-', '_')
  return Object.hasOwn(settings, setting)
    ? `There is no option ${given}: set ${setting} in the environment, as in ${setting}=… hokusai-mlflow …`
    : `There is no option ${shown(given)}.`
}

/** A word as it may be shown: short, and never a key that was given in its place. */
function shown (word: string): string {
  return /^[\w.:/-]{1,40}$/.test(word) && !/hk_(live|test)_/.test(word) ? `"${word}"` : 'like the one given'
}
