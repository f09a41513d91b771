/** `POST /whoami/rotate`: whoever has a key replaces it, without an administrator. */
import type { FastifyInstance } from 'fastify'
import { FacadeError } from '../../core/errors.js'
import type { KeyVerifier } from '../../keys/contract.js'
import { latestEnd, type KeyRules } from '../../keys/key-input.js'
import { found, managed, sendIssued } from './keys.js'
import { rotateOwnKey } from './schemas.js'

export interface OverlapBody {
  readonly overlap_seconds: number
}

export function ownKey (app: FastifyInstance, { verifier, rules }: { readonly verifier: KeyVerifier, readonly rules: KeyRules }): void {
  const config = { access: 'ui', operation: 'rotate_own_key' } as const
  app.post('/whoami/rotate', { schema: rotateOwnKey, config }, async (request, reply) => {
    const { body, caller, keyIn } = request
    if (keyIn !== 'header') {
      // A flaw in a page would make itself a key that outlives the session.
      throw new FacadeError('forbidden', { message: 'A session cannot rotate its key: send the key in a header.', reason: 'not_by_session' })
    }
    const { overlap_seconds: seconds } = body as OverlapBody
    const issued = found(await managed(verifier).rotate(caller?.keyId ?? '', seconds * 1000, latestEnd(rules, Date.now())))
    return sendIssued(request, reply, issued, 'new_id')
  })
}
