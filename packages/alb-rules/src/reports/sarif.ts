/** Notices as SARIF 2.1.0 (OASIS), which code-scanning services read. */
import { noticeTitles, type Notice } from './notice.js'

const levels = { error: 'error', warning: 'warning', info: 'note' } as const

/** @param file the document the notices are about; undefined for standard input */
export function sarifLog (notices: readonly Notice[], file: string | undefined): object {
  const ids = [...new Set(notices.map(({ id }) => id))]
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'alb-rules', rules: ids.map(id => ({ id, shortDescription: { text: noticeTitles.get(id) ?? id } })) } },
      results: notices.map(({ id, severity, place, message, fix, command }) => ({
        ruleId: id,
        ruleIndex: ids.indexOf(id),
        level: levels[severity],
        message: { text: [message, ...fix === undefined ? [] : [fix], ...command === undefined ? [] : [command]].join('\n') },
        locations: [{
          // Rules have no lines of their own: the document is all that is pointed at, as a service asks for.
          physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: 1 } },
          ...place === '' ? {} : { logicalLocations: [{ fullyQualifiedName: place }] }
        }],
        // The same finding in the next run is the same alert.
        partialFingerprints: { 'placeAndMessage/v1': `${place}: ${message}` }
      }))
    }]
  }
}

/** A path as a reference of RFC 3986. */
function uriOf (file: string | undefined): string {
  const parts = (file ?? 'stdin').split(/[\\/]/).map(encodeURIComponent)
  return parts[0]?.includes('%3A') === true ? `file:///${parts.join('/').replace('%3A', ':')}` : parts.join('/')
}
