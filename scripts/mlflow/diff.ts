/** Says what one MLflow version brings over another: routes with their class, RPCs, messages, GraphQL fields. Usage: `npm run mlflow:diff A B`. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { operations } from '../../src/access/operations.generated.js'
import { readRegistry, shape, toTemplate, type Registry } from '../generate/registry.js'

/** The differences as lines, each with `+`, `-` or `~` before it. */
export function diffRegistries (before: Registry, after: Registry): string[] {
  return [
    ...section('Routes', routesOf(before), routesOf(after)),
    ...section('RPCs', rpcsOf(before), rpcsOf(after)),
    ...section('Messages', before.messages, after.messages),
    ...section('Enums', before.enums, after.enums),
    ...section('GraphQL', graphqlOf(before), graphqlOf(after)),
    ...section('What the auth app asks for', before.validators, after.validators)
  ]
}

type Named = Readonly<Record<string, unknown>>

function section (title: string, before: Named, after: Named): string[] {
  const lines = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap(name => {
    if (!(name in before)) return [`+ ${name}${note(after[name])}`]
    if (!(name in after)) return [`- ${name}`]
    return JSON.stringify(before[name]) === JSON.stringify(after[name]) ? [] : [`~ ${name}: ${change(before[name], after[name])}`]
  })
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map(line => `  ${line}`)]
}

function note (value: unknown): string {
  return typeof value === 'string' ? `  (${value})` : ''
}

/** Of lists what came and went, of all else both. */
function change (before: unknown, after: unknown): string {
  if (!Array.isArray(before) || !Array.isArray(after)) return `${JSON.stringify(before)} -> ${JSON.stringify(after)}`
  const texts = (list: unknown[]): string[] => list.map(entry => JSON.stringify(entry))
  const [old, fresh] = [texts(before), texts(after)]
  return [...fresh.filter(text => !old.includes(text)).map(text => `+${text}`), ...old.filter(text => !fresh.includes(text)).map(text => `-${text}`)].join(' ') || 'another order'
}

function routesOf ({ flask, native, auth }: Registry): Named {
  const classes = new Map<string, string>(operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path => [`${operation.method} ${shape(path)}`, operation.class] as const)))
  return Object.fromEntries([[native, true], [flask, false], [auth, false]].flatMap(([routes, isNative]) => (routes as Registry['flask']).map(({ method, path }) => {
    const route = `${method} ${shape(toTemplate(path, isNative === true))}`
    return [route, classes.get(route) ?? 'needs a class in src/access/classes.ts']
  })))
}

function rpcsOf ({ rpcs }: Registry): Named {
  return Object.fromEntries(rpcs.map(({ service, name, endpoints, ...rest }) => [`${service}.${name}`, { ...rest, endpoints: endpoints.map(({ method, path }) => `${method} ${path}`) }]))
}

function graphqlOf ({ graphql }: Registry): Named {
  return Object.fromEntries(Object.entries(graphql).flatMap(([kind, fields]) => fields.map(field => [`${kind} ${field}`, 'judged in src/access/graphql.ts'])))
}

/** The committed registry of a version, else that of an environment made for it. */
async function load (version: string): Promise<Registry> {
  if (existsSync(`scripts/generate/registry/${version}.json`)) return readRegistry(version)
  const python = (await promisify(execFile)('scripts/mlflow/venv', [version])).stdout.trim()
  const { stdout } = await promisify(execFile)(python, ['scripts/mlflow/registry.py'], { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as Registry
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [before, after] = process.argv.slice(2)
  if (before === undefined || after === undefined || !/^\d+\.\d+\.\d+\w*$/.test(before) || !/^\d+\.\d+\.\d+\w*$/.test(after)) {
    process.stderr.write('usage: npm run mlflow:diff A B    (two versions of MLflow, such as 3.11.1 3.17.2)\n')
    process.exit(2)
  }
  process.stdout.write(diffRegistries(await load(before), await load(after)).map(line => `${line}\n`).join(''))
}
