/** What the tests use of oidc-provider, which has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export default class Provider {
    constructor (issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback (): (request: IncomingMessage, response: ServerResponse) => void
  }
}
