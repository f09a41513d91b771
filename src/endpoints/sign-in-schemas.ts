/** Descriptions of `/login` and `/logout`. */
import type { FastifySchema } from 'fastify'
import { closed, describe, string, type Described } from './describe.js'

const next = { ...string, description: 'Where to go afterwards: a path of this server that begins with one slash, with its query and what follows the `#`. Anything else becomes `/mlflow/`.' }
const html = { 'text/html': { schema: string } }
const ownPage = 'Only from the server\'s own pages (`Origin`, `Sec-Fetch-Site`); otherwise 403.'

export const pageSchema = describe({
  operationId: 'signInPage',
  summary: 'The page where people sign in',
  description: 'Asks for an API key. Browsers that ask for a page of MLflow without a key are sent here (303); programs get a 401.',
  scope: 'public',
  querystring: { type: 'object', properties: { next } },
  response: { 200: { description: 'The page.', content: html } }
})

export const signInSchema = formed({
  operationId: 'signIn',
  summary: 'Exchange an API key for a session',
  description: `Begins a session in a browser: the cookie \`hokusai_session\` stands for the key, without \`mlflow:admin\`, until the key ends, the session is idle for too long, or its time is over. ${ownPage} Programs send their key in a header instead.`,
  scope: 'public',
  body: closed({ key: { ...string, minLength: 1, maxLength: 512 }, next }, ['key']),
  response: { 303: { description: 'Signed in: `Set-Cookie`, and `Location` with where to go.', type: 'null' } }
})

export const signOutSchema = formed({
  operationId: 'signOut',
  summary: 'End the session',
  description: `Ends the session of the cookie, if there is one, and has the browser forget it. ${ownPage}`,
  scope: 'public',
  response: {
    200: { description: 'Signed out here: the page goes on to the identity provider, which ends the session there.', content: html },
    303: { description: 'Signed out: `Location` is the start page.', type: 'null' }
  }
})

const where = 'Only where the server has an identity provider (`OIDC_CLIENT_ID`); otherwise 404.'

export const awaySchema = describe({
  operationId: 'signInAtProvider',
  summary: 'Go to the identity provider to sign in',
  description: `Begins a sign-in at the company's identity provider, and sends the browser there. ${where}`,
  scope: 'public',
  querystring: { type: 'object', properties: { next } },
  response: { 303: { description: '`Location` is a page of the identity provider; `Set-Cookie` is for the way back.', type: 'null' } }
})

export const callbackSchema = describe({
  operationId: 'signInCallback',
  summary: 'Come back from the identity provider',
  description: `Where the identity provider sends the browser after the sign-in: begins a session, with what the person's claims allow, without \`mlflow:admin\`. ${where}`,
  scope: 'public',
  response: { 303: { description: 'Signed in: `Set-Cookie`, and `Location` with where to go.', type: 'null' } }
})

/** What a form of a page sends. */
function formed (described: Described): FastifySchema {
  return { ...describe(described), consumes: ['application/x-www-form-urlencoded'] } as FastifySchema // which @fastify/swagger knows
}
