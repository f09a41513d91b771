/** `POST /admin/explain`: what would become of a request, for administrators. */
import type { FastifyInstance } from 'fastify'
import { FacadeError } from '../../core/errors.js'
import { QuestionError, toQuestion } from '../../explain/question.js'
import type { Rehearsal } from '../../explain/rehearsal.js'
import { sendError } from '../../http/answer/send-error.js'
import { sayForAudit } from '../../http/audited.js'
import type { KeyVerifier } from '../../keys/contract.js'
import { adminRoute, found, keyFault, managed } from './keys.js'
import { explainSchema } from './explain-schemas.js'

interface Body {
  readonly method: string
  readonly path: string
  readonly key_id?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly body_base64?: string
}

/** The largest body that is judged by what it holds, as base64 with what stands around it. */
const bodyMaxBytes = 2 * 1024 * 1024

export default async function adminExplain (
  app: FastifyInstance,
  { verifier, rehearsal }: { readonly verifier: KeyVerifier, readonly rehearsal: Rehearsal }
): Promise<void> {
  app.setErrorHandler((error, { body }, reply) => {
    sendError(reply, error instanceof QuestionError ? invalid(error.message) : keyFault(error, body))
  })
  app.post('/admin/explain', { ...adminRoute('explain', explainSchema), bodyLimit: bodyMaxBytes }, async request => {
    sayForAudit(request, { changes: false })
    const { method, path, key_id: id, headers = {}, body, body_base64: encoded } = request.body as Body
    if (body !== undefined && encoded !== undefined) throw invalid('The fields body and body_base64 exclude each other: send one.')
    const record = id === undefined ? undefined : found(await managed(verifier).show(id))
    const bytes = body !== undefined ? Buffer.from(body) : encoded !== undefined ? Buffer.from(encoded, 'base64') : undefined
    return await rehearsal.ask(toQuestion({ method, path, headers: Object.entries(headers), body: bytes }, record, Date.now()))
  })
}

function invalid (message: string): FacadeError {
  return new FacadeError('badRequest', { message, reason: 'schema' })
}
