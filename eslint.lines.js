/** The rule `house/function-lines`: a function has few lines of its own. Functions within it are counted by themselves: what opens a thing with several faces (a pool, a spool) is read one of them at a time. */

/** @type {import('eslint').Rule.RuleModule} */
export const functionLinesRule = {
  meta: { type: 'suggestion', schema: [{ type: 'integer' }] },
  create (context) {
    const [max] = context.options
    /** Lines of functions within the ones that are open, the innermost last. */
    const within = []
    const isCode = line => !/^\s*(?:$|\/\/|\/?\*)/.test(context.sourceCode.lines[line - 1] ?? '')
    const linesOf = ({ start, end }) => {
      let count = 0
      for (let line = start.line; line <= end.line; line++) if (isCode(line)) count++
      return count
    }
    const open = () => within.push(0)
    const close = node => {
      const lines = linesOf(node.loc)
      const own = lines - within.pop()
      if (own > max) context.report({ node, message: `this function has ${own} lines of its own, and ${max} at most` })
      if (within.length > 0 && lines > 1) within[within.length - 1] += lines
    }
    const functions = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']
    return Object.fromEntries(functions.flatMap(type => [[type, open], [`${type}:exit`, close]]))
  }
}
