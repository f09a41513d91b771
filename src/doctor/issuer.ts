/** The issuer of tokens that count in place of keys, where one is configured. */
import { KeyInputError } from '../keys/key-input.js'
import { type Check, error, fine, warning } from './check.js'

export const issuerCheck: Check = {
  id: 'issuer',
  about: 'the issuer of tokens (`OIDC_ISSUER`) does not answer, names itself otherwise, publishes no keys, has another time, or a role in `OIDC_ROLES` cannot be granted',
  async run ({ config: { oidc } }) {
    if (oidc === undefined) return fine('there is no identity provider: API keys alone count')
    const [{ grantsOf }, { inspectIssuer }, { toleranceSeconds }] = await Promise.all([
      import('../keys/tokens/roles.js'), import('../keys/tokens/issuer-keys.js'), import('../keys/tokens/tokens.js')
    ])
    try {
      grantsOf(oidc.roles)
      const { keys: { keys }, clock } = await inspectIssuer(oidc.issuer)
      const skewMs = clock === undefined ? 0 : clock - Date.now()
      if (keys.length === 0) return error('The issuer of tokens publishes no keys: no token counts.', 'correct OIDC_ISSUER, or have the identity provider publish its keys')
      if (Math.abs(skewMs) <= toleranceSeconds * 1000) return fine(`the issuer of tokens answers, with ${keys.length === 1 ? 'a key' : `${keys.length} keys`}`)
      const where = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`
      return warning(`The clock of the issuer of tokens is ${where} this machine's: tokens count late or end early.`, 'synchronize the clock by NTP: timedatectl set-ntp true')
    } catch (fault) {
      const message = fault instanceof Error ? fault.message : String(fault)
      return error(message, fault instanceof KeyInputError ? 'correct OIDC_ROLES (docs/service-accounts.md)' : 'correct OIDC_ISSUER, or let this machine reach the identity provider')
    }
  }
}
