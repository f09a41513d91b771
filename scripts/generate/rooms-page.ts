/** The drawing of the rooms and their table, as CONTRIBUTING.md shows them: made from rooms.json. */
import { readFileSync } from 'node:fs'
import { rooms, type Room } from '../house.js'

const begin = '<!-- Made from rooms.json by `npm run generate`. -->'
const end = '<!-- End of what is made. -->'

/** CONTRIBUTING.md with its part made anew. @throws Error when the marks of that part are missing */
export function contributingPage (page: string = readFileSync('CONTRIBUTING.md', 'utf8')): string {
  const [before, , after] = page.split(new RegExp(`${begin}|${end}`))
  if (before === undefined || after === undefined) throw new Error('CONTRIBUTING.md has lost the marks around its drawing of the rooms.')
  return `${before}${begin}\n\n${drawing()}\n\n${table()}\n\n${end}${after}`
}

/** An arrow says "imports"; those that follow from others are left out. */
function drawing (): string {
  const arrows = rooms.flatMap(room => direct(room).map(other => `  ${room.room} --> ${other}`))
  return ['```mermaid', 'flowchart RL', ...arrows, '```'].join('\n')
}

/** The rooms that a room imports, less those that one of the others imports anyway. */
function direct ({ imports }: Room): readonly string[] {
  return imports.filter(name => !imports.some(other => other !== name && reaches(other, name)))
}

function reaches (from: string, to: string): boolean {
  const imports = rooms.find(({ room }) => room === from)?.imports ?? []
  return imports.includes(to) || imports.some(name => reaches(name, to))
}

function table (): string {
  const row = ({ path, holds, imports, pure, start }: Room): string => {
    const reading = start === undefined ? '' : ` Start with \`${start}\`.`
    return `| \`${path}\` | ${holds}${reading} | ${imports.length === 0 ? 'nothing' : imports.join(', ')}${pure === true ? '; no input or output' : ''} |`
  }
  return ['| room | what it holds | what it may import |', '|---|---|---|', ...rooms.map(row)].join('\n')
}
