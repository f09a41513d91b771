import neostandard from 'neostandard'
import tseslint from 'typescript-eslint'
import { functionLinesRule } from './eslint.lines.js'
import { roomsRule } from './eslint.rooms.js'

/** Forbids imports by pattern, for files that `rooms.json` does not speak of. */
function forbid (files, patterns) {
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } }
}

const byName = { group: ['**/packages/**'], message: 'packages are imported by their names' }
const outside = { regex: '^(\\.\\./)+(src|test|scripts|deploy|bench)/', message: 'the package knows nothing of the repository around it' }

/** Where a row is a line. */
const tables = ['src/core/errors.ts', 'src/core/settings/settings.ts', 'src/core/reasons.ts', 'src/access/operations.generated.ts']

export default [
  ...neostandard({ ts: true, noJsx: true, ignores: ['**/dist/', '.build/', 'node_modules/', '.tap/', '.venvs/', 'data/', 'openapi/'] }),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin, house: { rules: { rooms: roomsRule, 'function-lines': functionLinesRule } } },
    rules: {
      'house/rooms': 'error',
      'no-void': ['error', { allowAsStatement: true }], // how a promise that nobody waits for is marked
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error'
    }
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A sentence for a person stands in one piece, so that it is found when it is searched for.
      '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      'house/function-lines': ['error', 50]
    }
  },
  { files: tables, rules: { '@stylistic/max-len': 'off' } },
  { files: ['test/**/*.ts', 'packages/*/test/**/*.ts'], rules: { '@typescript-eslint/no-floating-promises': 'off' } }, // tap awaits its subtests itself
  forbid(['src/cli/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts', 'deploy/**/*.ts'], [byName]),
  forbid(['packages/alb-rules/src/**/*.ts'], [{ regex: '^(?!\\.\\.?/|yaml$)', message: 'this file is pure, and the package needs yaml alone' }, outside]),
  forbid(['packages/alb-rules/src/simulator.ts', 'packages/alb-rules/src/cli/**/*.ts'], [{ regex: '^(?!\\.\\.?/|yaml$|node:)', message: 'the package needs yaml alone' }, outside]),
  {
    files: ['packages/alb-rules/src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }]
    }
  }
]
