/** `hokusai-mlflow completion`: what completes commands and options in a shell, made from the table of commands. */
import { actionOf, parse, UsageError, type Command, type Options, type Row } from './command.js'
import { options } from './options.js'

const program = 'hokusai-mlflow'

/** What can follow some words. */
interface Place {
  /** The words so far, such as `keys create`. */
  readonly after: string
  readonly words: readonly string[]
}

/** @param rows all commands, this one among them */
export function completionOf (rows: readonly Row[]): Command {
  return {
    usage,
    async run ([name, ...rest], io) {
      const script = actionOf('completion', name, shells)
      if (parse({ args: rest, options: options.completion, allowPositionals: true }).positionals.length > 0) {
        throw new UsageError('completion takes one shell.')
      }
      io.stdout.write(script(await places(rows)))
      return 0
    }
  }
}

const usage = `Usage: ${program} completion bash|zsh|fish

Prints a script that completes commands, their options and files. Put one of
these where your shell reads its settings:

  eval "$(${program} completion bash)"      in ~/.bashrc
  eval "$(${program} completion zsh)"       in ~/.zshrc, after compinit
  ${program} completion fish | source       in ~/.config/fish/config.fish`

async function places (commands: readonly Row[]): Promise<readonly Place[]> {
  const found: Place[] = [{ after: '', words: [...commands.map(({ name }) => name), 'help', 'version'] }]
  for (const { name, words } of commands) {
    const known = await words()
    if ('options' in known) found.push({ after: name, words: typed(known.options) })
    else {
      found.push({ after: name, words: Object.keys(known.actions) })
      for (const [action, given] of Object.entries(known.actions)) found.push({ after: `${name} ${action}`, words: typed(given) })
    }
  }
  return [...found, { after: 'help', words: commands.map(({ name }) => name) }]
}

function typed (given: Options): string[] {
  return [...Object.keys(given), 'env-file', 'help'].map(name => `--${name}`)
}

/** Where no word fits, files do: most arguments that are no options name one. */
const shells: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: places => `_hokusai_mlflow () {
  local words current="\${COMP_WORDS[COMP_CWORD]}" before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  case "\${before[*]:0:2}" in
${cases(places, ({ words }) => `words='${words.join(' ')}'`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _hokusai_mlflow ${program}
`,
  zsh: places => `_hokusai_mlflow () {
  local -a fitting before
  before=("\${(@)words[2,CURRENT-1]}")
  case "\${(j: :)before[1,2]}" in
${cases(places, ({ words }) => `fitting=(${words.join(' ')})`)}
  esac
  compadd -- $fitting || _files
}
compdef _hokusai_mlflow ${program}
`,
  fish: places => `complete -c ${program} -e
${places.filter(({ after }) => after === '' || after === 'help').map(({ after, words }) => `complete -c ${program} -f -n '${after === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${after}`}' -a '${words.join(' ')}'`).join('\n')}
${places.filter(({ after }) => after !== '' && after !== 'help').flatMap(fishLines).join('\n')}
`
}

/** The options of an action follow it also after other options; those of a command whatever follows it. */
function cases (places: readonly Place[], assign: (place: Place) => string): string {
  const hasActions = (name: string): boolean => places.some(({ after }) => after.startsWith(`${name} `))
  return places.map(place => {
    const { after } = place
    const isExact = after === '' || after.includes(' ') || hasActions(after)
    const pattern = isExact ? `'${after}'` : `'${after}'|'${after} '*`
    return `    ${pattern}) ${assign(place)} ;;`
  }).join('\n')
}

function fishLines ({ after, words }: Place): string[] {
  const [command = '', action] = after.split(' ')
  const seen = `__fish_seen_subcommand_from ${command}${action === undefined ? '' : `; and __fish_seen_subcommand_from ${action}`}`
  const named = words.filter(word => !word.startsWith('--'))
  return [
    ...(named.length === 0 ? [] : [`complete -c ${program} -f -n '${seen}; and not __fish_seen_subcommand_from ${named.join(' ')}' -a '${named.join(' ')}'`]),
    ...words.filter(word => word.startsWith('--')).map(word => `complete -c ${program} -n '${seen}' -l ${word.slice(2)}`)
  ]
}
