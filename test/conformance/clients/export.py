"""One span by OpenTelemetry's Python exporter, and what it says of it. Usage: export.py URI EXPERIMENT    (the API key in MLFLOW_TRACKING_TOKEN)"""
import os
import sys

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


class Telling(OTLPSpanExporter):
    def export(self, spans):
        result = super().export(spans)
        print(result.name)
        return result


headers = {"Authorization": f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}", "x-mlflow-experiment-id": sys.argv[2]}
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Telling(f"{sys.argv[1]}/v1/traces", headers=headers, timeout=30)))
with provider.get_tracer("clients").start_as_current_span("exported"):
    pass
provider.shutdown()
