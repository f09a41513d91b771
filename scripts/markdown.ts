/** Tables of Markdown. */

/** @param texts so many columns hold words, to the left; the others hold figures, to the right */
export function markdownTable (header: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>, texts: number = 1): string {
  const lines = [header, header.map((_, column) => column < texts ? '---' : '--:'), ...rows]
  return lines.map(cells => `| ${cells.join(' | ')} |\n`).join('')
}
