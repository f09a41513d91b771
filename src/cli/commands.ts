/** The one table of commands: what there is, in a line each, and the options by which completion and suggestions go. */
import type { Row } from './command.js'
import { keysOptions, options } from './options.js'

export const commands: readonly Row[] = [
  {
    name: 'start',
    summary: 'start the server',
    words: () => ({ options: options.start }),
    load: async () => (await import('./start.js')).start
  },
  {
    name: 'keys',
    summary: 'create, list, find, change, disable, revoke, rotate and import API keys',
    words: () => ({ actions: keysOptions }),
    load: async () => (await import('./keys.js')).keys
  },
  {
    name: 'doctor',
    summary: 'say what is wrong with this configuration and how to fix it',
    words: () => ({ options: options.doctor }),
    load: async () => (await import('./doctor.js')).doctor
  },
  {
    name: 'openapi',
    summary: 'print the OpenAPI document',
    words: () => ({ options: options.openapi }),
    load: async () => (await import('./openapi.js')).openapi
  },
  {
    name: 'routes',
    summary: 'check, explain, compare, test and simulate load-balancer rules',
    words: async () => ({ actions: (await import('alb-rules')).commandOptions }),
    load: async () => (await import('./routes.js')).routes
  },
  {
    name: 'verify',
    summary: 'smoke test of a deployment, with a registration round trip',
    words: () => ({ options: options.verify }),
    load: async () => (await import('./verify.js')).verify
  },
  {
    name: 'audit',
    summary: 'show who changed what, and what was refused',
    words: () => ({ options: options.audit }),
    load: async () => (await import('./audit.js')).audit
  },
  {
    name: 'explain',
    summary: 'say what would become of a request, without sending it',
    words: () => ({ options: options.explain }),
    load: async () => (await import('./explain.js')).explain
  },
  {
    name: 'legacy',
    summary: 'list who still uses old paths, by key and client',
    words: () => ({ options: options.legacy }),
    load: async () => (await import('./legacy.js')).legacy
  },
  {
    name: 'completion',
    summary: 'print what completes these commands in bash, zsh or fish',
    words: () => ({ actions: { bash: options.completion, zsh: options.completion, fish: options.completion } }),
    load: async () => (await import('./completion.js')).completionOf(commands)
  }
]
