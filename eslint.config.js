import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'

/** Forbids what a tier may not import; the tiers are described in CONTRIBUTING.md. */
function tier (files, forbidden) {
  return {
    files,
    rules: {
      'no-restricted-imports': ['error', { patterns: forbidden.map(({ types, ...pattern }) => ({ ...pattern, allowTypeImports: types === true })) }]
    }
  }
}

const io = { group: ['fastify', 'fastify-plugin', '@fastify/*', 'undici', 'pg', '@photostructure/sqlite', 'node:fs', 'node:fs/*', 'node:http', 'node:child_process'], message: 'this file is pure: no input or output' }
const fastify = { group: ['fastify', 'fastify-plugin', '@fastify/*'], message: 'adapters do not know Fastify' }
const routing = { group: ['alb-rules', '**/alb-rules/**'], message: 'the gateway does not know the routing analyser' }
const byName = { group: ['**/packages/**'], message: 'packages are imported by their names' }
const outside = { regex: '^(\\.\\./)+(src|test|scripts|deploy|bench)/', message: 'the package knows nothing of the repository around it' }

export default [
  ...neostandard({ ts: true, noJsx: true, ignores: ['**/dist/', 'node_modules/', '.tap/', '.venvs/', 'data/', 'openapi/'] }),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      'no-void': ['error', { allowAsStatement: true }], // how a promise that nobody waits for is marked
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error'
    }
  },
  { files: ['src/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'error' } },
  { files: ['test/**/*.ts', 'packages/*/test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } }, // tap awaits its subtests itself
  tier(['src/*.ts', 'src/{request,endpoints,mlflow,auth,openapi}/**/*.ts'], [routing]), // first: a later block replaces the rule for its own files
  tier(['src/config.ts', 'src/settings.ts', 'src/errors.ts', 'src/auth/{key,credentials,seen,scopes}.ts', 'src/mlflow/{paths,headers,layout}.ts', 'src/mlflow/operations/{classes,table,matcher,graphql}.ts', 'src/openapi/{document,schema}*.ts'], [io, routing]),
  tier(['src/auth/{store,sqlite,remote,cache,guesses,migrate}.ts', 'src/mlflow/{upstream,spool}.ts'], [fastify, routing]),
  tier(['src/cli/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts', 'deploy/**/*.ts'], [byName]),
  tier(['packages/alb-rules/src/**/*.ts'], [{ regex: '^(?!\\.\\.?/|yaml$)', message: 'this file is pure, and the package needs yaml alone' }, outside]),
  tier(['packages/alb-rules/src/simulator.ts', 'packages/alb-rules/src/cli/**/*.ts'], [{ regex: '^(?!\\.\\.?/|yaml$|node:)', message: 'the package needs yaml alone' }, outside]),
  {
    files: ['packages/alb-rules/src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }]
    }
  }
]
