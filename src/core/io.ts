/** The world as a command sees it; tests pass their own. */
export interface Io {
  /** Data only, so that it can be piped. */
  readonly stdout: { write: (text: string) => unknown, readonly isTTY?: boolean, readonly columns?: number }
  /** Everything else: progress, findings' explanations, errors. */
  readonly stderr: { write: (text: string) => unknown, readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}
