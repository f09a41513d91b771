"""Scenarios of the stock MLflow client, several in one process because importing MLflow takes seconds.

Usage: client.py TRACKING_URI SCENARIO[=ARGUMENT]... Prints one line of JSON, what each scenario saw; the test judges that.
The key is in MLFLOW_TRACKING_TOKEN.
"""

import filecmp
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request

import mlflow
from mlflow.exceptions import MlflowException

URI = sys.argv[1]
TOKEN = os.environ.get("MLFLOW_TRACKING_TOKEN", "")

# What people put into file names, and what breaks where a path is decoded and encoded again.
ODD_NAMES = ["plain.txt", "two words.txt", "100%.txt", "%41.txt", "%2F.txt", "a#b.txt", "why?.txt", "[1].txt", "a+b.txt", "a&b=c;d.txt", "Zoë 日本.txt", "{x}|~.txt", "it's.txt"]


def nested_runs():
    with mlflow.start_run(run_name="parent") as parent:
        for index in range(2):
            with mlflow.start_run(run_name=f"child {index}", nested=True):
                mlflow.log_metrics({"loss": 1 / (index + 1)})
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    return sorted(children["metrics.loss"])


def odd_names():
    """By name: whether the client gets back what it put there, in a folder with an odd name too."""
    outcomes = {}
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        run_id = run.info.run_id
        for index, name in enumerate(ODD_NAMES):
            local = os.path.join(folder, name)
            with open(local, "w") as file:
                file.write(f"content {index}")
            try:
                mlflow.log_artifact(local, f"folder {name}", run_id=run_id)
                back = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=f"folder {name}/{name}", dst_path=os.path.join(folder, f"back {index}"))
                with open(back) as file:
                    outcomes[name] = "same" if file.read() == f"content {index}" else "other content"
            except Exception as error:
                outcomes[name] = type(error).__name__
        outcomes["listed"] = sorted(item.path for item in mlflow.MlflowClient().list_artifacts(run_id))
    return outcomes


def load_model():
    """Predictions of what the registration script has registered last, loaded by version and by alias."""
    model = max(mlflow.search_registered_models(), key=lambda found: found.creation_timestamp)
    version = mlflow.MlflowClient().search_model_versions(f"name = '{model.name}'")[0].version
    mlflow.MlflowClient().set_registered_model_alias(model.name, "champion", version)
    import pandas

    features = pandas.DataFrame({"length": [1.0, 4.0], "width": [0.5, 0.3]})
    by_version = mlflow.pyfunc.load_model(f"models:/{model.name}/{version}").predict(features)
    by_alias = mlflow.pyfunc.load_model(f"models:/{model.name}@champion").predict(features)
    return [by_version.tolist(), by_alias.tolist()]


def trace():
    with mlflow.start_span(name="outer") as outer:
        outer.set_inputs({"question": "Ω?"})
        with mlflow.start_span(name="inner") as inner:
            inner.set_outputs({"answer": 42})
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    return {"spans": sorted(span.name for span in trace.data.spans), "outputs": [span.outputs for span in trace.data.spans if span.name == "inner"]}


def otlp():
    """Spans by OpenTelemetry's own exporter (protobuf), plain and compressed: the names of those that MLflow then holds."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    experiment_id = mlflow.set_experiment(f"otlp {URI}").experiment_id
    for name, compression in (("plain", Compression.NoCompression), ("gzip", Compression.Gzip)):
        exporter = OTLPSpanExporter(endpoint=f"{URI}/v1/traces", compression=compression, headers={"authorization": f"Bearer {TOKEN}", "x-mlflow-experiment-id": experiment_id})
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        with provider.get_tracer("e2e").start_as_current_span(f"exported {name}"):
            pass
        provider.shutdown()
    traces = mlflow.search_traces(locations=[experiment_id], return_type="list")
    return sorted(span.name for trace in traces for span in trace.data.spans)


def large(file):
    """Whether a large artifact comes back as it was put there."""
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        mlflow.log_artifact(file)
        back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=os.path.basename(file), dst_path=folder)
        return filecmp.cmp(file, back, shallow=False)


def raw_paths():
    """Artifact paths as bytes on the wire, past what the client would make of them: the answers to PUT, GET and DELETE."""
    outcomes = {}
    for path in ["a%20b", "a%2520b", "a%23b", "a%3Fb", "a%5B1%5D", "a[1]", "a+b", "a%2Bb", "%E6%97%A5", "a;b=c", "a%7Cb", "d//e", "d/%25", "a&b", "a:b", "a@b", "a,b", "a~b", "a'b", "(a)"]:
        url = f"{URI}/api/2.0/mlflow-artifacts/artifacts/raw/{path}"
        outcomes[path] = [answer("PUT", url, path.encode()), answer("GET", url), answer("DELETE", url), answer("GET", url)[:1]]
    return outcomes


def answer(method, url, body=None):
    request = urllib.request.Request(url, data=body, method=method, headers={"Authorization": f"Bearer {TOKEN}"})
    try:
        with urllib.request.urlopen(request) as response:
            return [response.status, response.read().decode("latin-1")]
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode("latin-1")]


def refusals(file):
    """How the client reports each refusal of a list: the exception's class, code, status and text."""
    with open(file) as cases:
        return {case["name"]: refused(case) for case in json.load(cases)}


def refused(case):
    os.environ["MLFLOW_TRACKING_TOKEN"] = case["token"]
    mlflow.set_tracking_uri(case["uri"])
    call = {"search": lambda: mlflow.search_experiments(max_results=1), "create": lambda: mlflow.create_experiment(f"refused {time.time()}"), "read": read_once}[case["call"]]
    try:
        call()
    except MlflowException as error:
        return {"type": type(error).__name__, "code": error.error_code, "status": error.get_http_status_code(), "message": error.message}
    return {"type": "no exception"}


def read_once():
    """What the client would make of an answer if it did not repeat the call: it drops the text of those that it repeats in vain."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request, verify_rest_response

    endpoint = "/api/2.0/mlflow/experiments/search"
    verify_rest_response(http_request(get_default_host_creds(mlflow.get_tracking_uri()), endpoint, "POST", raise_on_status=False, json={"max_results": 1}), endpoint)


def main():
    mlflow.set_tracking_uri(URI)
    seen = {}
    for scenario in sys.argv[2:]:
        name, _, argument = scenario.partition("=")
        if name != "refusals":
            mlflow.set_experiment(f"{name} {URI}")
        seen[name] = globals()[name](*([argument] if argument else []))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
