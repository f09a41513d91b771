/** Sources with a mistake in them: a proof is worth what it catches. */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

export interface Mistake {
  readonly name: string
  /** A file of the folder, without its ending. */
  readonly source: string
  /** A piece of the source, and what stands there by mistake. */
  readonly from: string | RegExp
  readonly to: string
}

/**
 * Hands modules of a folder, with the mistake in them, to `use`; they import nothing but one another and packages.
 * @throws Error when the mistake has no place in the source any more
 */
export async function withMistakeIn<T> (folder: string, sources: readonly string[], { name, source, from, to }: Mistake, use: (load: (file: string) => Promise<unknown>) => Promise<T>): Promise<T> {
  const copy = await mkdtemp(join(tmpdir(), 'hokusai-mlflow-mutant-'))
  try {
    await symlink(resolve('node_modules'), join(copy, 'node_modules'))
    await writeFile(join(copy, 'package.json'), '{"type":"module"}')
    for (const file of sources) {
      const original = await readFile(`${folder}/${file}.ts`, 'utf8')
      const text = file !== source ? original : typeof from === 'string' ? original.replaceAll(from, () => to) : original.replace(from, to)
      if (file === source && text === original) throw new Error(`The mistake "${name}" has no place in ${folder}/${file}.ts: mend its pattern`)
      const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext } })
      await writeFile(join(copy, `${file}.js`), outputText)
    }
    return await use(async file => await import(pathToFileURL(join(copy, `${file}.js`)).href))
  } finally {
    await rm(copy, { recursive: true })
  }
}
