/** Reads a Dockerfile into its stages, as far as ours uses the language, and .dockerignore. */

export interface Step {
  readonly instruction: string
  /** All that follows it, with lines joined. */
  readonly text: string
}

export interface Stage {
  readonly name: string
  readonly from: string
  readonly steps: readonly Step[]
}

/** @throws Error where a line is no instruction */
export function readDockerfile (text: string): Stage[] {
  const stages: Array<Stage & { steps: Step[] }> = []
  const lines = text.split('\n').filter(line => !/^\s*(#|$)/.test(line)).join('\n').replace(/\\\n/g, ' ').split('\n')
  for (const line of lines) {
    const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (instruction === '') throw new Error(`not an instruction: ${line}`)
    if (instruction === 'FROM') {
      const [from = '', , name = String(stages.length)] = rest.split(/\s+/)
      stages.push({ name, from, steps: [] })
    } else {
      stages.at(-1)?.steps.push({ instruction, text: rest })
    }
  }
  return stages
}

/** The words of `CMD`, `ENTRYPOINT` and the command of `HEALTHCHECK` in their JSON form. */
export function words (step: Step | undefined): string[] {
  const list = /\[.*\]$/.exec(step?.text ?? '')?.[0]
  return list === undefined ? [] : JSON.parse(list) as string[]
}

/** `ENV` pairs of a stage, in order. */
export function environment (stage: Stage): Record<string, string> {
  return Object.fromEntries(stage.steps.filter(({ instruction }) => instruction === 'ENV').flatMap(({ text }) => text.split(/\s+/)).map(pair => pair.split(/=(.*)/s) as [string, string]))
}

/** Makes the test whether a path of the context reaches the build; the last line that matches it or a folder above it decides. */
export function readIgnore (text: string): (path: string) => boolean {
  const rules = text.split('\n').filter(line => !/^(#|$)/.test(line)).map(line => {
    const pattern = line.replace(/^!/, '').replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
    return { kept: line.startsWith('!'), test: new RegExp(`^${pattern}(/|$)`) }
  })
  return path => rules.reduce((kept, rule) => rule.test.test(path) ? rule.kept : kept, true)
}
