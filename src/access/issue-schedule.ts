/**
 * Tags of experiments that make MLflow 3.18 and later look for issues on a schedule (`mlflow/genai/discovery/schedule.py`): its server
 * calls models then, by any endpoint of its gateway and with any stored secret that the tag names. Whoever may set tags could do what
 * starting a detection asks an administrator for. Pure.
 */

/** `mlflow.issueDetection.schedule`, and the names that go on from there: its filter and its state. */
const scheduleTag = 'issuedetection.schedule'

/**
 * Whether a JSON body may name such a tag, anywhere in it and however it is spelt: a name twice, escapes, JSON within a JSON string.
 * Databases may compare names without case, width and accents, so those do not tell either. Says yes to what it cannot read as UTF-8
 * (Python's reader takes UTF-16 and UTF-32).
 */
export function namesSchedule (body: Buffer): boolean {
  if (body.includes(0)) return true
  const unescaped = body.toString('utf8').replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return unescaped.replaceAll('\\', '').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().includes(scheduleTag)
}
