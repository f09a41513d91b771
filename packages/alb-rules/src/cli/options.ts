/** The options of every command as one table: for `parseArgs` of Node, and for programs that take in the commands. */
const flag = { type: 'boolean', default: false } as const
const text = { type: 'string' } as const
const list = { type: 'string', multiple: true } as const

export const commandOptions = {
  check: {
    json: flag,
    host: list,
    format: text,
    'fail-on': { type: 'string', default: 'warning' },
    'max-rules': text,
    ignore: list,
    baseline: text
  },
  explain: { json: flag, method: { type: 'string', default: 'GET' }, header: list, 'source-ip': text, listener: text },
  diff: { json: flag, host: list, format: text },
  test: { json: flag, init: flag, 'no-coverage': flag },
  simulate: { port: text, target: list, json: flag },
  fetch: { 'load-balancer': text },
  export: { json: flag, format: text }
} as const
