/** The regular expressions of a program, found in its syntax tree, and texts made to slow each of them down. */
import { parseRegExpLiteral, visitRegExpAST, type AST } from '@eslint-community/regexpp'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

export interface Expression {
  readonly file: string
  /** With slashes and flags; what is made by `RegExp(…)`, as it is written. */
  readonly text: string
  readonly isLiteral: boolean
}

/** All in files and in what they import for more than types. */
export function expressionsFrom (...files: readonly string[]): Expression[] {
  const found: Expression[] = []
  const seen = new Set<string>()
  for (const file of files) visitFile(file)
  return found

  function visitFile (file: string): void {
    if (seen.has(file)) return
    seen.add(file)
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) found.push({ file, text: node.text, isLiteral: true })
      else if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') found.push({ file, text: node.getText(), isLiteral: false })
      const imported = importedBy(node)
      if (imported?.startsWith('.') === true) visitFile(join(dirname(file), imported.replace(/\.js$/, '.ts')))
      ts.forEachChild(node, visit)
    }
    visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
  }
}

/** What a node imports or re-exports for more than its types. */
function importedBy (node: ts.Node): string | undefined {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return textOf(node.arguments[0])
  if (ts.isExportDeclaration(node)) return node.isTypeOnly ? undefined : textOf(node.moduleSpecifier)
  if (!ts.isImportDeclaration(node) || node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return undefined
  const named = node.importClause?.namedBindings
  const onlyTypes = node.importClause?.name === undefined && named !== undefined && ts.isNamedImports(named) && named.elements.every(element => element.isTypeOnly)
  return onlyTypes ? undefined : textOf(node.moduleSpecifier)
}

function textOf (node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

/** Texts of a length that go far into an expression and fail late: what leads to each of its repetitions, its own atoms over and over, and an end that cannot fit. */
export function hostileTo (text: string, length: number): string[] {
  const pattern = parseRegExpLiteral(text).pattern
  const atoms = new Set(['a', ' ', '/'])
  const leads = new Set([''])
  visitRegExpAST(pattern, {
    onCharacterEnter: ({ value }) => { atoms.add(String.fromCodePoint(value)) },
    onCharacterSetEnter: node => { atoms.add(sampleOf(node)) },
    onCharacterClassEnter: node => { atoms.add(sampleOf(node)) },
    onAlternativeEnter (node) {
      atoms.add(sampleOf(node))
      for (const run of runsOf(node)) atoms.add(run)
    },
    onQuantifierEnter (node) {
      atoms.add(sampleOf(node.element))
      leads.add(leadTo(node))
    }
  })
  atoms.delete('')
  return [...leads].flatMap(lead => [...atoms].flatMap(atom => ['', '\0', '\n', 'z!'].map(end => lead + atom.repeat(Math.ceil(length / atom.length)).slice(0, length) + end)))
}

/** The words of an alternative: characters that stand side by side. */
function runsOf ({ elements }: AST.Alternative): string[] {
  return elements.map(element => element.type === 'Character' ? sampleOf(element) : '\n').join('').split('\n')
}

/** A text that matches all that stands before a part. */
function leadTo (node: AST.Node): string {
  const { parent } = node
  if (parent === null) return ''
  if (parent.type !== 'Alternative') return leadTo(parent)
  return leadTo(parent) + parent.elements.slice(0, parent.elements.indexOf(node as AST.Element)).map(sampleOf).join('')
}

/** A short text that matches a part; looking round and back is left out. */
function sampleOf (node: AST.Node): string {
  switch (node.type) {
    case 'Character': return String.fromCodePoint(node.value)
    case 'CharacterSet': return { digit: '1', space: node.kind === 'space' && node.negate ? 'a' : '\u00a0', word: 'a', any: 'a', property: 'a' }[node.kind]
    case 'CharacterClass': return sampleOfClass(node)
    case 'CharacterClassRange': return String.fromCodePoint(node.min.value)
    case 'Quantifier': return sampleOf(node.element).repeat(Math.max(1, node.min))
    case 'Alternative': return node.elements.map(sampleOf).join('')
    case 'Group':
    case 'CapturingGroup': return node.alternatives.map(sampleOf)[0] ?? ''
    default: return ''
  }
}

function sampleOfClass (node: AST.CharacterClass): string {
  const [first] = node.elements
  if (!node.negate) return first === undefined ? '' : sampleOf(first)
  const pattern = new RegExp(node.raw)
  return ['a', '1', '-', ' ', '\u00a0', '/', '\0'].find(sample => pattern.test(sample)) ?? ''
}
