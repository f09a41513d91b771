/** A deadline for an answer that has none of its own. */

/**
 * Waits for an answer, so many milliseconds at most; the answer itself goes on.
 * @throws what `late` makes, when the time is over
 */
export async function within<T> (ms: number, answer: Promise<T>, late: () => Error): Promise<T> {
  let clock: NodeJS.Timeout | undefined
  const end = new Promise<never>((_resolve, reject) => { clock = setTimeout(() => reject(late()), Math.max(0, ms)) })
  return await Promise.race([answer, end]).finally(() => clearTimeout(clock))
}
