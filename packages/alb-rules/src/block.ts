/** Terraform's blocks as its JSON has them: a block that can be there once is a list of one, and what is not said is null or empty. */

export type Block = Readonly<Record<string, unknown>>

/** The first of a list of blocks, or the block itself. */
export function single (value: unknown): Block | undefined {
  return blockList(value)[0]
}

export function blockList (value: unknown): readonly Block[] {
  return (Array.isArray(value) ? value : [value]).filter(one => typeof one === 'object' && one !== null)
}

/** Whether it says anything. */
export function isFilled (value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value !== null && value !== ''
}

/** `status_code` as `StatusCode`; what is empty stands for what is not said. */
export function capitalised (block: Block): Block {
  const said = Object.entries(block).filter(([, value]) => isFilled(value))
  const name = (text: string): string => text.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())
  return Object.fromEntries(said.map(([key, value]) => [name(key), value]))
}
