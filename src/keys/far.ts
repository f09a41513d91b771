/** Questions to who is far away and has a say about callers: all of the answer within a time and a size, or there is none. */
import { Agent, request, type Dispatcher } from 'undici'
import { StoreUnavailableError } from './contract.js'

const answerWaitMs = 5000
const answerMaxBytes = 256 * 1024

export interface FarAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: string
}

interface Question {
  readonly method: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Opens none yet. They idle for less time than servers keep them (uvicorn: 5 s), or a question could meet one that is being closed. */
export function connectionsFar (): Agent {
  return new Agent({ connect: { timeout: answerWaitMs }, keepAliveTimeout: 2000, keepAliveMaxTimeout: 4000 })
}

/**
 * One question. Redirects are not followed, for they would carry what is asked about elsewhere.
 * @param name who is asked, as a sentence begins with it
 * @throws StoreUnavailableError
 */
export async function askFar (agent: Agent, url: string, name: string, question: Question): Promise<FarAnswer> {
  const signal = AbortSignal.timeout(answerWaitMs)
  try {
    const { statusCode: status, headers, body } = await request(url, { ...question, dispatcher: agent, signal })
    let text = ''
    body.setEncoding('utf8')
    for await (const chunk of body) {
      text += chunk as string
      if (text.length > answerMaxBytes) throw new StoreUnavailableError(`${name} sent a response that is too large.`)
    }
    return { status, headers, body: text }
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error
    throw new StoreUnavailableError(signal.aborted ? `${name} did not answer within ${answerWaitMs / 1000} s.` : `${name} cannot be reached.`, { cause: error })
  }
}
