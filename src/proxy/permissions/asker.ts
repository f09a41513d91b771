/** Questions to MLflow for the sake of keys that are bound: a few at a time, so that no key takes all of MLflow with what it names. */
import { unavailable, type FacadeError } from '../../core/errors.js'
import { nameFault, type Upstream } from '../../mlflow/pool.js'

const atOnce = 32

type Probe = Upstream['probe']

/**
 * Makes the function that asks.
 * @returns rejects with FacadeError where MLflow does not answer
 */
export function createAsker ({ probe }: Pick<Upstream, 'probe'>): Probe {
  const waiting: Array<() => void> = []
  let open = 0

  return async (path, options) => {
    if (open === atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    else open++
    try {
      return await probe(path, options)
    } catch (error) {
      throw named(error as Error)
    } finally {
      const next = waiting.shift() // takes over the place
      if (next === undefined) open--
      else next()
    }
  }
}

function named (error: Error): FacadeError {
  return error.name === 'TimeoutError' ? unavailable('MLflow does not answer.', 'upstream_silent', error) : nameFault(error)
}
