/** Where people reach the facade, as well as its own settings tell: for the lines that they copy. */
import type { Config } from './settings/config.js'
import { isLoopback } from './settings/postgres-url.js'

/** @param port the one that is listened on, where it is known: PORT may be 0 */
export function originFor ({ publicUrl, host, port: configured, tls }: Config, port: number = configured): string {
  if (publicUrl !== undefined) return publicUrl.origin
  // An address that stands for all of the machine's is none that a client can name everywhere.
  const named = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `${tls === undefined ? 'http' : 'https'}://${named.includes(':') ? `[${named}]` : named}:${port}`
}

/** Whether other machines may send keys here that nothing encrypts, as far as the settings tell. */
export function takesKeysInClear ({ host, tls, publicUrl }: Pick<Config, 'host' | 'tls' | 'publicUrl'>): boolean {
  return tls === undefined && publicUrl?.protocol !== 'https:' && !isLoopback(host)
}
