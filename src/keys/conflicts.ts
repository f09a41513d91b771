/** Changes of keys that cannot be, for what has become of the keys: errors whose message is for whoever asked. */
import { UserError } from '../core/user-error.js'

export class KeyConflictError extends UserError {}

/** A key that has ended, was replaced or is disabled is not rotated, and one that has ended not changed: that could bring it back. */
export class KeyEndedError extends KeyConflictError {
  override readonly name = 'KeyEndedError'
}

/** Nobody could manage keys afterwards. */
export class LastAdminError extends KeyConflictError {
  override readonly name = 'LastAdminError'
  constructor () {
    super('This is the last live key that may manage keys: create another one first, with mlflow:admin and for all workspaces.')
  }
}

/** Keys were to be new that are not. */
export class KeyKnownError extends KeyConflictError {
  override readonly name = 'KeyKnownError'
  constructor (count: number) {
    super(`Nothing was imported: ${count === 1 ? 'one of the keys is' : `${count} of the keys are`} in the store already.`)
  }
}
