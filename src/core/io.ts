/** What a command reads: a pipe, a file, or a terminal that can be told not to show what is typed. */
export interface Input extends AsyncIterable<string | Uint8Array> {
  readonly isTTY?: boolean
  readonly setRawMode?: (raw: boolean) => unknown
}

/** The world as a command sees it; tests pass their own. */
export interface Io {
  /** Data only, so that it can be piped. */
  readonly stdout: { write: (text: string) => unknown, readonly isTTY?: boolean, readonly columns?: number }
  /** Everything else: progress, findings' explanations, errors. */
  readonly stderr: { write: (text: string) => unknown, readonly isTTY?: boolean }
  /** Opened when it is asked for; undefined: there is none. */
  readonly stdin?: () => Input
  readonly env: Readonly<Record<string, string | undefined>>
}
