"""Drives one MLflow through the facade with the stock client, in every family of calls.

Usage: client.py SERVER_VERSION URI...    (the API key in MLFLOW_TRACKING_TOKEN)
Prints a JSON object a line: {"uri", "check", "problem"}; a problem of null is a pass. A check passes when
its effect is seen in MLflow, whatever the call itself said.
"""
import json
import os
import re
import sys
import tempfile
import time
import uuid
from urllib.parse import quote, urljoin, urlsplit

# Faults shall show at once, and a busy machine shall not make any.
os.environ.update(MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", MLFLOW_HTTP_REQUEST_TIMEOUT="90", MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_ENABLE_ASYNC_TRACE_LOGGING="false")

import mlflow
import requests
from mlflow.entities import Metric, Param, RunTag

# Neither a percent sign nor an accent: MLflow itself decodes these paths twice (%41 arrives as A, 3.17.2),
# and 3.9 and 3.11 answer 500 to a download whose name is not ASCII. Both without a facade, too.
NESTED = "nested/a b/x+c;d.bin"


class Session:
    """The checks against one URI, in their order, and what they hand on to each other."""

    def __init__(self, uri, server):
        self.uri = uri
        self.server = tuple(int(part) for part in server.split(".")[:2])
        self.own = tuple(int(part) for part in mlflow.__version__.split(".")[:2])
        self.mark = uuid.uuid4().hex[:8]
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"
        mlflow.set_tracking_uri(uri)
        self.client = mlflow.MlflowClient()

    def checks(self):
        yield "version", self.version
        yield "UI and its static files", self.ui
        yield "experiment with slashes in its name", self.experiment
        yield "run, params, metrics, tags", self.run
        yield "log_batch of 500 metrics", self.batch
        yield "search, delete and restore runs", self.search
        yield "GET with a repeated key and a long query", self.queries
        yield "chunked JSON", self.chunked_json
        yield "upload of a folder, list, download", self.artifacts
        yield "8 MiB up and down", self.large
        yield "nested name with spaces and signs", self.nested
        yield "chunked upload", self.chunked
        yield "Range", self.range
        yield "HEAD", self.head
        yield "delete of an artifact", self.delete
        yield "artifact by the UI's route", self.ui_artifact
        yield "registry: model, version, alias, tags", self.registry
        yield "registry: search, delete", self.registry_search
        yield "ajax-api", self.ajax
        yield "errors keep MLflow's code", self.errors
        if self.server >= (3, 0):
            yield "GraphQL", self.graphql
        if self.server >= (3, 0) and self.own >= (3, 0):
            yield "logged model", self.logged_model
            yield "trace by the client", self.trace
        if self.server >= (3, 9):
            yield "OTLP, plain and gzip", self.otlp
            yield "jobs route of the UI", self.jobs
        if self.server >= (3, 17):
            yield "MCP server with a slash in its name", self.mcp

    def version(self):
        assert self.http.get(f"{self.uri}/health").text == "OK"
        return self.http.get(f"{self.uri}/version").text

    def ui(self):
        page = self.http.get(f"{self.uri}/")
        assert page.status_code == 200 and "<html" in page.text, f"page: {page.status_code}"
        files = re.findall(r'(?:src|href)="([^"]*static-files[^"]*)"', page.text)
        assert files, "the page names no static files"
        for file in files:
            answer = self.http.get(urljoin(page.url, file))
            assert answer.status_code == 200 and answer.content, f"{file}: {answer.status_code}"

    def experiment(self):
        name = f"/Users/ä b/{self.mark}"
        self.experiment_id = self.client.create_experiment(name, tags={"k": "v"})
        assert self.client.get_experiment_by_name(name).experiment_id == self.experiment_id
        self.client.rename_experiment(self.experiment_id, name + "?x=1")
        assert self.client.get_experiment(self.experiment_id).name == name + "?x=1"

    def run(self):
        run = self.client.create_run(self.experiment_id, run_name=self.mark)
        self.run_id = run.info.run_id
        self.root = f"{self.uri}/api/2.0/mlflow-artifacts/artifacts/{self.experiment_id}/{self.run_id}/artifacts"
        self.client.log_param(self.run_id, "p", "1")
        for step in range(3):
            self.client.log_metric(self.run_id, "m", step / 2, step=step)
        self.client.set_tag(self.run_id, "t", "ü")
        data = self.client.get_run(self.run_id).data
        assert (data.params["p"], data.metrics["m"], data.tags["t"]) == ("1", 1.0, "ü")
        assert [metric.step for metric in self.client.get_metric_history(self.run_id, "m")] == [0, 1, 2]

    def batch(self):
        now = int(time.time() * 1000)
        self.client.log_batch(self.run_id, [Metric("b", n, now, n) for n in range(500)], [Param("q", "2")], [RunTag("u", "3")])
        assert len(self.client.get_metric_history(self.run_id, "b")) == 500

    def search(self):
        found = self.client.search_runs([self.experiment_id], "params.p = '1'")
        assert [run.info.run_id for run in found] == [self.run_id]
        self.client.delete_run(self.run_id)
        assert self.client.get_run(self.run_id).info.lifecycle_stage == "deleted"
        self.client.restore_run(self.run_id)
        assert self.client.get_run(self.run_id).info.lifecycle_stage == "active"

    def queries(self):
        url = f"{self.uri}/ajax-api/2.0/mlflow/metrics/get-history-bulk"
        # gunicorn, under 2.x, takes request lines of 4,094 bytes.
        long = "&x=" + "y" * (60_000 if self.server >= (3, 0) else 3_000)
        answer = self.http.get(f"{url}?run_id={self.run_id}&run_id={self.run_id}&metric_key=m{long}")
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
        assert len(answer.json()["metrics"]) in (3, 6)

    def chunked_json(self):
        body = json.dumps({"run_id": self.run_id, "key": "chunked", "value": "yes"}).encode()
        answer = self.http.post(f"{self.uri}/api/2.0/mlflow/runs/set-tag", data=iter([body[:9], body[9:]]), headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
        assert self.client.get_run(self.run_id).data.tags["chunked"] == "yes"

    def list(self, folder):
        """The newest client asks 2.x for logged models when it lists, and fails there, without a facade too."""
        if self.server >= (3, 0) or self.own < (3, 0):
            return [item.path for item in self.client.list_artifacts(self.run_id, folder)]
        files = self.http.get(f"{self.uri}/api/2.0/mlflow/artifacts/list", params={"run_id": self.run_id, "path": folder}).json()["files"]
        return [file["path"] for file in files]

    def artifacts(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(f"{folder}/sub")
            for name in ("one.txt", "sub/two.txt"):
                with open(f"{folder}/{name}", "w") as file:
                    file.write(name)
            self.client.log_artifacts(self.run_id, folder, "tree")
        assert self.list("tree") == ["tree/one.txt", "tree/sub"]
        with tempfile.TemporaryDirectory() as folder:
            path = self.client.download_artifacts(self.run_id, "tree", folder)
            with open(f"{path}/sub/two.txt") as file:
                assert file.read() == "sub/two.txt"

    def large(self):
        content = os.urandom(8 * 1024 * 1024)
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/large.bin", "wb") as file:
                file.write(content)
            self.client.log_artifact(self.run_id, f"{folder}/large.bin")
            os.remove(f"{folder}/large.bin")
            with open(self.client.download_artifacts(self.run_id, "large.bin", folder), "rb") as file:
                assert file.read() == content

    def nested(self):
        url = f"{self.root}/{quote(NESTED)}"
        assert self.http.put(url, data=b"0123456789").status_code == 200
        assert self.http.get(url).content == b"0123456789"
        assert self.list("nested/a b") == [NESTED]

    def chunked(self):
        url = f"{self.root}/chunked.bin"
        answer = self.http.put(url, data=iter([b"x" * 70_000 for _ in range(20)]))
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
        assert self.http.get(url).content == b"x" * 1_400_000

    def range(self):
        answer = self.http.get(f"{self.root}/{quote(NESTED)}", headers={"Range": "bytes=2-4"})
        # 2.22 and 3.9 know no ranges and send all: the facade must neither make nor lose one.
        assert (answer.status_code, answer.content) in ((206, b"234"), (200, b"0123456789")), f"{answer.status_code} {answer.content[:50]}"
        assert self.server < (3, 17) or answer.status_code == 206

    def head(self):
        answer = self.http.head(f"{self.root}/{quote(NESTED)}", allow_redirects=True)
        assert answer.status_code == 200 and answer.content == b"", f"{answer.status_code}"
        missing = self.http.head(f"{self.root}/missing", allow_redirects=True)
        assert missing.status_code >= 400, f"a missing one: {missing.status_code}"

    def delete(self):
        url = f"{self.root}/{quote(NESTED)}"
        answer = self.http.delete(url)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
        assert self.http.get(url).status_code in (404, 500)

    def ui_artifact(self):
        answer = self.http.get(f"{self.uri}/get-artifact", params={"path": "tree/one.txt", "run_uuid": self.run_id})
        assert answer.text == "one.txt", f"{answer.status_code} {answer.text[:200]}"

    def registry(self):
        self.model = f"modèle %41 {self.mark}"
        self.client.create_registered_model(self.model, tags={"k": "v"}, description="d")
        version = self.client.create_model_version(self.model, f"runs:/{self.run_id}/tree", self.run_id, await_creation_for=30).version
        self.client.set_registered_model_alias(self.model, "champion", version)
        self.client.set_model_version_tag(self.model, version, "checked", "yes")
        found = self.client.get_model_version_by_alias(self.model, "champion")
        assert (str(found.version), found.tags) == (str(version), {"checked": "yes"})
        assert self.client.get_model_version_download_uri(self.model, version)

    def registry_search(self):
        assert [model.name for model in self.client.search_registered_models(f"name = '{self.model}'")] == [self.model]
        self.client.delete_registered_model(self.model)
        assert not list(self.client.search_registered_models(f"name = '{self.model}'"))

    def ajax(self):
        answer = self.http.post(f"{self.uri}/ajax-api/2.0/mlflow/runs/search", json={"experiment_ids": [self.experiment_id], "max_results": 5})
        assert [run["info"]["run_id"] for run in answer.json()["runs"]] == [self.run_id]

    def errors(self):
        answer = self.http.get(f"{self.uri}/api/2.0/mlflow/runs/get", params={"run_id": "0" * 32})
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST"), f"{answer.status_code} {answer.text[:200]}"
        try:
            self.client.get_experiment("987654321")
            raise AssertionError("a missing experiment was found")
        except mlflow.MlflowException as error:
            assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error.error_code

    def graphql(self):
        query = "query Get($input: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $input) { experiment { experimentId } } }"
        body = {"operationName": "Get", "query": query, "variables": {"input": {"experimentId": self.experiment_id}}}
        answer = self.http.post(f"{self.uri}/graphql", json=body)
        assert answer.json()["data"]["mlflowGetExperiment"]["experiment"]["experimentId"] == self.experiment_id, answer.text[:200]
        for inner in (" ".join(f"a{n}: experiment {{ name }}" for n in range(12)), "experiment { " + "name { " * 12 + "name" + " }" * 12 + " }", "experiment { " + " ".join(f"f{n} {{ name }}" for n in range(1002)) + " }"):
            answer = self.http.post(f"{self.uri}/graphql", json={"query": f'query Q {{ mlflowGetExperiment(input: {{experimentId: "1"}}) {{ {inner} }} }}'})
            assert answer.status_code == 200 and answer.json()["errors"], f"beyond its bounds: {answer.status_code} {answer.text[:200]}"

    def logged_model(self):
        model = self.client.create_logged_model(self.experiment_id, name="m", source_run_id=self.run_id)
        assert self.client.get_logged_model(model.model_id).source_run_id == self.run_id
        assert [found.model_id for found in self.client.search_logged_models([self.experiment_id])] == [model.model_id]

    def trace(self):
        mlflow.set_experiment(experiment_id=self.experiment_id)
        with mlflow.start_span(name=f"span-{self.mark}") as span:
            span.set_inputs({"question": "ä"})
        traces = self.client.search_traces(experiment_ids=[self.experiment_id])
        assert [trace.data.spans[0].name for trace in traces] == [f"span-{self.mark}"], traces

    def otlp(self):
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor

        for compression in (Compression.NoCompression, Compression.Gzip):
            experiment = self.client.create_experiment(f"otlp {compression.value} {self.mark}")
            headers = {"Authorization": self.http.headers["Authorization"], "x-mlflow-experiment-id": experiment}
            provider = TracerProvider()
            provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{self.uri}/v1/traces", headers=headers, compression=compression, timeout=60)))
            with provider.get_tracer("matrix").start_as_current_span("exported"):
                pass
            provider.shutdown()
            body = {"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}], "max_results": 5}
            answer = self.http.post(f"{self.uri}/api/3.0/mlflow/traces/search", json=body)
            assert len(answer.json().get("traces", [])) == 1, f"{compression.value}: {answer.status_code} {answer.text[:200]}"

    def jobs(self):
        answer = self.http.get(f"{self.uri}/ajax-api/3.0/jobs/{'0' * 8}")
        assert answer.status_code < 500 and answer.headers["Content-Type"].startswith("application/json"), f"{answer.status_code} {answer.text[:200]}"

    def mcp(self):
        name = f"io.github.{self.mark}/server"
        created = self.http.post(f"{self.uri}/api/3.0/mlflow/mcp-servers", json={"name": name})
        assert created.status_code in (200, 201), f"{created.status_code} {created.text[:200]}"
        for written in (name, name.replace("/", "%2F")):
            answer = self.http.get(f"{self.uri}/api/3.0/mlflow/mcp-servers/{written}")
            assert answer.status_code == 200 and name in answer.text, f"{written}: {answer.status_code} {answer.text[:200]}"


def main():
    server, *uris = sys.argv[1:]
    for uri in uris:
        session = Session(uri, server)
        for name, check in session.checks():
            problem = None
            try:
                check()
            except Exception as error:
                problem = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
            print(json.dumps({"uri": urlsplit(uri).path, "check": name, "problem": problem}), flush=True)


main()
