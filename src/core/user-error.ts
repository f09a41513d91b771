/**
 * Failures that are told to a person, on a command line or at a start: the message is whole sentences, names what to
 * do, and holds no secret. No stack is shown.
 */
export class UserError extends Error {
  /** 1: it failed. 2: the usage or the configuration is wrong. */
  readonly exitCode: 1 | 2 = 1
}
