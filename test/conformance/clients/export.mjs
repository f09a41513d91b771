/** One span by OpenTelemetry's JavaScript exporter, and what it says of it. Usage: export.mjs URI EXPERIMENT    (the API key in MLFLOW_TRACKING_TOKEN) */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'

const [uri, experiment] = process.argv.slice(2)
const exporter = new OTLPTraceExporter({
  url: `${uri}/v1/traces`,
  headers: { Authorization: `Bearer ${process.env.MLFLOW_TRACKING_TOKEN}`, 'x-mlflow-experiment-id': experiment },
  timeoutMillis: 30_000
})
const telling = {
  export: (spans, done) => exporter.export(spans, result => {
    console.log(result.code === 0 ? 'SUCCESS' : `FAILURE ${result.error?.message ?? ''}`)
    done(result)
  }),
  shutdown: async () => await exporter.shutdown(),
  forceFlush: async () => await exporter.forceFlush()
}
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(telling)] })
provider.getTracer('clients').startSpan('exported').end()
await provider.forceFlush()
await provider.shutdown()
