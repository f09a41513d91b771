/** `.env.example`: every setting, commented out, with its default and what it is for. */
import { settings } from '../../src/core/settings/settings.js'

const width = 118

/** The text of .env.example. */
export function envExample (): string {
  const blocks = Object.entries(settings).map(([name, { value, allowed, about, secret }]) => {
    const file = secret === true ? ` A secret: ${name}_FILE may name a file that holds it.` : ''
    return [...wrap(`${about.replaceAll('`', '')}${file} Must be ${allowed.replaceAll('`', '')}.`), `#${name}=${value ?? ''}`].join('\n')
  })
  return `# Settings of hokusai-mlflow, each with its default. Made from src/core/settings/settings.ts by \`npm run generate\`.
# With compose.yaml, copy what you need to facade.env; without Docker, run \`npx hokusai-mlflow start --env-file FILE\`.

${blocks.join('\n\n')}
`
}

function wrap (text: string): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
