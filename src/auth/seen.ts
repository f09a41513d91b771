/** Says to someone who was refused what came in place of a key: never a part of it, and nothing that depends on which keys there are. */
import { readAuthorization, type CredentialHeaders } from './credentials.js'
import type { Refusal } from '../keys/contract.js'
import { formOf, isJwt, isPlausible } from '../keys/key.js'

/**
 * What is wrong with the credentials of a refused request, to complete the sentence "The facade saw …"; undefined where
 * they look like a key.
 * @param key what was taken for the key @param reason why it was refused
 */
export function seen ({ authorization }: CredentialHeaders, key: string, reason: Refusal): string | undefined {
  if (reason === 'token') return 'a JWT that is not accepted here: its issuer, its audience, its signature or its times are not right'
  if (reason === 'expired' && isJwt(key)) return 'a JWT that has expired'
  const holder = authorization.find(value => readAuthorization(value).text === key)
  if (holder !== undefined) return inAuthorization(holder)
  return key === '' ? 'an empty header in place of a key' : inText(key)
}

function inAuthorization (value: string): string | undefined {
  const bare = value.trim()
  if (bare === '') return 'an empty Authorization header'
  if (/^(?:bearer|apikey|basic)$/i.test(bare)) return 'an Authorization header with a scheme but no key'
  const { scheme, text } = readAuthorization(value)
  if (scheme === '') return 'an Authorization header without a scheme: send "Bearer " and the key'
  if (scheme === 'basic') return inBasic(text)
  if (scheme !== 'bearer' && scheme !== 'apikey') {
    return 'an Authorization header with an unknown scheme: use Bearer, ApiKey or Basic'
  }
  return inText(text)
}

function inBasic (password: string): string | undefined {
  if (password === '') return 'Basic credentials without a password: send the key as the password, with any user name'
  return (
    inText(password) ??
    (formOf(password) === 'foreign'
      ? 'Basic credentials whose password does not look like a key: perhaps a .netrc entry replaced the token'
      : undefined)
  )
}

const shapes: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(?:bearer|apikey|basic)\s/i, 'a scheme twice, such as "Bearer Bearer"'],
  [/^(["'`]).*\1$/, 'a key in quotes'],
  [/\s/, 'a key with a space or a line break in it'],
  [/^(?:null|none|undefined)$/i, 'the word for an absent value in place of a key'],
  [/^(?:\$|\{\{|<|%\w+%$)/, 'the name of a variable in place of its value'],
  [/^hk_(?:live|test)_\w{0,8}\W+$/, 'the first characters of a key, as lists and logs show them'],
  [/%[\da-f]{2}/i, 'a key that is percent-encoded']
]

function inText (text: string): string | undefined {
  if (isJwt(text)) return 'a JWT, which is not an API key'
  const shape = shapes.find(([pattern]) => pattern.test(text))
  return shape?.[1] ?? (isPlausible(text) ? undefined : 'a text that cannot be a key: too long, or with characters outside ASCII')
}
