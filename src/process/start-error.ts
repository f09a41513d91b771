import { UserError } from '../core/user-error.js'

/** A start that cannot succeed, as one sentence for people. */
export class StartError extends UserError {}
