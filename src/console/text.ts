/** Times and lists as the console writes them. */

/** To the minute, in UTC; a dash: none. */
export function moment (time: string | null | undefined): string {
  return time === null || time === undefined ? '–' : time.slice(0, 16).replace('T', ' ')
}

/** To the second. */
export function second (time: string): string {
  return time.slice(0, 19).replace('T', ' ')
}

export function listed (items: readonly string[], none: string): string {
  return items.length === 0 ? none : items.join(', ')
}
