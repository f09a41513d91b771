/** Browsers without a key: who asks for a page is sent to where one signs in, and who asks for anything else is told so in JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readTarget } from '../http/target.js'
import { isOurs } from '../http/own.js'
import { mount } from '../core/public-paths.js'

/** Where one signs in. */
export const signInPath = '/login'
export const signOutPath = '/logout'
/** Where one goes to the identity provider, and comes back from it. */
export const awayPath = '/login/oidc'
export const callbackPath = '/login/callback'
/** Where people who signed in there look after keys of their own. */
export const ownKeysPath = '/keys'

const notNext: ReadonlySet<string> = new Set([signInPath, signOutPath, awayPath, callbackPath])

/** What programs call, and no person looks at. */
const forPrograms = /^\/mlflow\/(?:(?:ajax-)?api|v1|gateway|graphql)(?:\/|$)/
/** Longer ways back are cut: the page is found again from MLflow's first one. */
const nextMaxLength = 2048

/** Whether a person's browser asks for a page (Fetch Metadata; browsers before it name no mode, and HTML first of all). */
export function asksForPage ({ raw: { method, headers }, context: { target } }: FastifyRequest): boolean {
  if (method !== 'GET' || forPrograms.test(target.path)) return false
  if (!target.path.startsWith(`${mount}/`) && target.path !== ownKeysPath) return false
  const mode = headers['sec-fetch-mode']
  return (mode === undefined || mode === 'navigate') && headers.accept?.includes('text/html') === true
}

/** Sends a browser to the sign-in and, from there, back. What follows the # of the address stays with it (Fetch, section 4.4). */
export function sendToSignIn ({ context: { target } }: FastifyRequest, reply: FastifyReply): void {
  const next = target.path + target.query
  const way = next.length <= nextMaxLength ? next : `${mount}/`
  void reply.code(303).header('cache-control', 'no-store').header('location', `${signInPath}?next=${encodeURIComponent(way)}`).send()
}

/**
 * Where a browser goes after the sign-in: one slash and a path of ours, with its query and what follows the #; anything else
 * becomes MLflow's first page, for it could lead to somebody else's.
 */
export function safeNext (given: string | undefined): string {
  const home = `${mount}/`
  if (given === undefined || given.length > 2 * nextMaxLength || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(given)) return home
  const [target = ''] = given.split('#', 1)
  const { path, problem } = readTarget(target)
  if (problem !== undefined || notNext.has(path)) return home
  return isOurs(path) && !path.includes('//') ? given : home
}
