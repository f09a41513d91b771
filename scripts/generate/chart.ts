/**
 * What in the chart follows from other files: its version, which settings its values may hold, and the alerts, which Helm reads from the chart
 * alone.
 */
import { readFileSync } from 'node:fs'
import { settings } from '../../src/core/settings/settings.js'
import { version } from '../../src/core/version.js'

const chart = 'deploy/helm/hokusai-mlflow'
const schemaFile = `${chart}/values.schema.json`

/** What the chart sets by itself, or leaves to other values of it. */
const ofTheChart = new Set([
  'DATA_DIR', 'HOST', 'METRICS_HOST', 'METRICS_PORT', 'MLFLOW_PYTHON', 'MLFLOW_UPSTREAM_URL', 'PORT', 'TLS_CERT_FILE', 'TLS_KEY_FILE'
])

interface Schema {
  readonly properties: Readonly<Record<'settings' | 'secrets', { propertyNames: { enum: string[] } }>>
}

/** The generated files of the chart, by their paths. */
export function chartFiles (): Record<string, string> {
  return {
    [schemaFile]: renewed(JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema),
    [`${chart}/Chart.yaml`]: readFileSync(`${chart}/Chart.yaml`, 'utf8').replace(/^(version|appVersion): .*$/gm, `$1: ${version}`),
    [`${chart}/files/alerts.yaml`]: readFileSync('deploy/monitoring/alerts.yaml', 'utf8')
  }
}

function renewed (schema: Schema): string {
  const names = Object.entries(settings).filter(([name]) => !ofTheChart.has(name))
  schema.properties.settings.propertyNames.enum = names.filter(([, { secret }]) => secret !== true).map(([name]) => name)
  schema.properties.secrets.propertyNames.enum = names.map(([name]) => name)
  return `${JSON.stringify(schema, null, 2)}\n`
}
