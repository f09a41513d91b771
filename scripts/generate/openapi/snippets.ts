/** Examples of docs/api.md, an area each, to be run one after the other: later ones use what earlier ones made. */

export interface Snippet {
  readonly curl: string
  readonly python: string
}

/** What all examples in the shell begin with. */
export const curlPrelude = `export MLFLOW_TRACKING_URI=https://registry.hokus.ai/mlflow
export MLFLOW_TRACKING_TOKEN=hk_live_…
api () { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" "$@"; }
field () { grep --only-matching "\\"$1\\": *\\"[^\\"]*\\"" | head -n 1 | cut -d '"' -f 4; }`

/** What all examples in Python begin with. */
export const pythonPrelude = `import os
import time

import requests

base = os.environ["MLFLOW_TRACKING_URI"]
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['MLFLOW_TRACKING_TOKEN']}"


def call(method, path, **options):
    answer = session.request(method, base + path, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else {}`

const v2 = '/api/2.0/mlflow'
const v3 = '/api/3.0/mlflow'
const uri = '"$MLFLOW_TRACKING_URI'

export const snippets: Readonly<Record<string, Snippet>> = {
  Facade: {
    curl: `api ${uri}/../whoami"`,
    python: 'print(session.get(base.removesuffix("/mlflow") + "/whoami").json()["scopes"])'
  },
  Experiments: {
    curl: `EXPERIMENT=$(api --json '{"name": "curl-churn"}' ${uri}${v2}/experiments/create" | field experiment_id)\napi --get --data-urlencode "experiment_id=$EXPERIMENT" ${uri}${v2}/experiments/get"`,
    python: `experiment_id = call("POST", "${v2}/experiments/create", json={"name": "python-churn"})["experiment_id"]\nfound = call("POST", "${v2}/experiments/search", json={"filter": "name LIKE 'python%'", "max_results": 10})\nprint([experiment["name"] for experiment in found.get("experiments", [])])`
  },
  Runs: {
    curl: `RUN=$(api --json "{\\"experiment_id\\": \\"$EXPERIMENT\\", \\"run_name\\": \\"first\\"}" ${uri}${v2}/runs/create" | field run_id)\napi --json "{\\"run_id\\": \\"$RUN\\", \\"key\\": \\"depth\\", \\"value\\": \\"5\\"}" ${uri}${v2}/runs/log-parameter"\napi --json "{\\"run_id\\": \\"$RUN\\", \\"status\\": \\"FINISHED\\"}" ${uri}${v2}/runs/update"`,
    python: `run = call("POST", "${v2}/runs/create", json={"experiment_id": experiment_id, "start_time": int(time.time() * 1000)})["run"]\nrun_id = run["info"]["run_id"]\ncall("POST", "${v2}/runs/log-batch", json={"run_id": run_id, "params": [{"key": "depth", "value": "5"}]})\ncall("POST", "${v2}/runs/update", json={"run_id": run_id, "status": "FINISHED", "end_time": int(time.time() * 1000)})`
  },
  Metrics: {
    curl: `api --json "{\\"run_id\\": \\"$RUN\\", \\"key\\": \\"rmse\\", \\"value\\": 0.7, \\"timestamp\\": 1760000000000, \\"step\\": 1}" ${uri}${v2}/runs/log-metric"\napi --get --data "run_id=$RUN" --data metric_key=rmse ${uri}${v2}/metrics/get-history"`,
    python: `call("POST", "${v2}/runs/log-metric", json={"run_id": run_id, "key": "rmse", "value": 0.7, "timestamp": int(time.time() * 1000), "step": 1})\nprint(call("GET", "${v2}/metrics/get-history", params={"run_id": run_id, "metric_key": "rmse"})["metrics"])`
  },
  Artifacts: {
    curl: `echo 'what the model is like' | api --upload-file - --header 'Content-Type: text/plain' ${uri}/api/2.0/mlflow-artifacts/artifacts/$EXPERIMENT/$RUN/artifacts/notes.txt"\napi ${uri}/api/2.0/mlflow-artifacts/artifacts/$EXPERIMENT/$RUN/artifacts/notes.txt"\napi --get --data "run_id=$RUN" ${uri}${v2}/artifacts/list"`,
    python: 'path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{run_id}/artifacts/notes.txt"\ncall("PUT", path, data=b"what the model is like\\n")\nprint(session.get(base + path).text)'
  },
  'Logged models': {
    curl: `MODEL=$(api --json "{\\"experiment_id\\": \\"$EXPERIMENT\\", \\"name\\": \\"tree\\", \\"source_run_id\\": \\"$RUN\\"}" ${uri}${v2}/logged-models" | field model_id)\napi --request PATCH --json "{\\"model_id\\": \\"$MODEL\\", \\"status\\": \\"LOGGED_MODEL_READY\\"}" ${uri}${v2}/logged-models/$MODEL"`,
    python: `model = call("POST", "${v2}/logged-models", json={"experiment_id": experiment_id, "name": "tree", "source_run_id": run_id})["model"]\nmodel_id = model["info"]["model_id"]\ncall("PATCH", f"${v2}/logged-models/{model_id}", json={"model_id": model_id, "status": "LOGGED_MODEL_READY"})`
  },
  'Registered models': {
    curl: `api --json '{"name": "curl-churn", "description": "Who leaves"}' ${uri}${v2}/registered-models/create"\napi --get --data-urlencode "filter=name LIKE 'curl%'" ${uri}${v2}/registered-models/search"`,
    python: `call("POST", "${v2}/registered-models/create", json={"name": "python-churn", "description": "Who leaves"})\nprint(call("GET", "${v2}/registered-models/get", params={"name": "python-churn"})["registered_model"])`
  },
  'Model versions': {
    curl: `api --json "{\\"name\\": \\"curl-churn\\", \\"source\\": \\"models:/$MODEL\\", \\"model_id\\": \\"$MODEL\\", \\"run_id\\": \\"$RUN\\"}" ${uri}${v2}/model-versions/create"\napi --json '{"name": "curl-churn", "alias": "champion", "version": "1"}' ${uri}${v2}/registered-models/alias"\napi --get --data name=curl-churn --data alias=champion ${uri}${v2}/registered-models/alias"`,
    python: `version = call("POST", "${v2}/model-versions/create", json={"name": "python-churn", "source": f"models:/{model_id}", "model_id": model_id, "run_id": run_id})["model_version"]\ncall("POST", "${v2}/registered-models/alias", json={"name": "python-churn", "alias": "champion", "version": version["version"]})`
  },
  Traces: {
    curl: `api --header "x-mlflow-experiment-id: $EXPERIMENT" --output /dev/null --json '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "answer", "startTimeUnixNano": "1767607200000000000", "endTimeUnixNano": "1767607201000000000"}]}]}]}' ${uri}/v1/traces"\napi --json "{\\"locations\\": [{\\"type\\": \\"MLFLOW_EXPERIMENT\\", \\"mlflow_experiment\\": {\\"experiment_id\\": \\"$EXPERIMENT\\"}}]}" ${uri}${v3}/traces/search"`,
    python: `location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}\ntrace = {"trace_info": {"trace_id": "tr-" + os.urandom(16).hex(), "trace_location": location, "request_time": "2026-01-05T10:00:00Z", "execution_duration": "1.5s", "state": "OK"}}\ntrace_id = call("POST", "${v3}/traces", json={"trace": trace})["trace"]["trace_info"]["trace_id"]\nprint(call("GET", f"${v3}/traces/{trace_id}")["trace"]["trace_info"]["state"])`
  },
  Assessments: {
    curl: `TRACE=tr-0af7651916cd43dd8448eb211c80319c\napi --json "{\\"assessment\\": {\\"assessment_name\\": \\"helpful\\", \\"trace_id\\": \\"$TRACE\\", \\"source\\": {\\"source_type\\": \\"HUMAN\\", \\"source_id\\": \\"ada\\"}, \\"feedback\\": {\\"value\\": true}}}" ${uri}${v3}/traces/$TRACE/assessments"`,
    python: `assessment = {"assessment_name": "helpful", "trace_id": trace_id, "source": {"source_type": "HUMAN", "source_id": "ada"}, "feedback": {"value": True}}\nprint(call("POST", f"${v3}/traces/{trace_id}/assessments", json={"assessment": assessment})["assessment"]["assessment_id"])`
  },
  'Evaluation datasets': {
    curl: `DATASET=$(api --json "{\\"name\\": \\"curl-questions\\", \\"experiment_ids\\": [\\"$EXPERIMENT\\"]}" ${uri}${v3}/datasets/create" | field dataset_id)\napi --json '{"records": "[{\\"inputs\\": {\\"question\\": \\"why\\"}}]"}' ${uri}${v3}/datasets/$DATASET/records"`,
    python: `import json\n\ndataset = call("POST", "${v3}/datasets/create", json={"name": "python-questions", "experiment_ids": [experiment_id]})["dataset"]\nrecords = json.dumps([{"inputs": {"question": "why"}, "expectations": {"answer": "because"}}])\ncall("POST", f"${v3}/datasets/{dataset['dataset_id']}/records", json={"records": records})`
  },
  Scorers: {
    curl: `api --get --data "experiment_id=$EXPERIMENT" ${uri}${v3}/scorers/list"`,
    python: `print(call("GET", "${v3}/scorers/list", params={"experiment_id": experiment_id}).get("scorers", []))`
  },
  Issues: {
    curl: `api --json "{\\"experiment_id\\": \\"$EXPERIMENT\\", \\"name\\": \\"No answer\\", \\"description\\": \\"It says nothing\\"}" ${uri}${v3}/issues"`,
    python: `issue = call("POST", "${v3}/issues", json={"experiment_id": experiment_id, "name": "No answer", "description": "It says nothing"})["issue"]\ncall("PATCH", f"${v3}/issues/{issue['issue_id']}", json={"issue_id": issue["issue_id"], "status": "resolved"})`
  },
  'Label schemas': {
    curl: `api --json "{\\"experiment_id\\": \\"$EXPERIMENT\\", \\"name\\": \\"clear\\", \\"type\\": \\"FEEDBACK\\", \\"input\\": {\\"pass_fail\\": {\\"positive_label\\": \\"Clear\\", \\"negative_label\\": \\"Not clear\\"}}}" ${uri}${v3}/label-schemas/create"`,
    python: `schema = call("POST", "${v3}/label-schemas/create", json={"experiment_id": experiment_id, "name": "score", "type": "FEEDBACK", "input": {"numeric": {"min_value": 0, "max_value": 5}}})["label_schema"]`
  },
  'Review queues': {
    curl: `api --json "{\\"experiment_id\\": \\"$EXPERIMENT\\", \\"user\\": \\"ada\\"}" ${uri}${v3}/review-queues/get-or-create-user"`,
    python: `queue = call("POST", "${v3}/review-queues/create", json={"experiment_id": experiment_id, "name": "monday", "queue_type": "CUSTOM", "schema_ids": [schema["schema_id"]]})["review_queue"]\ncall("POST", "${v3}/review-queues/items/add", json={"queue_id": queue["queue_id"], "item_type": "TRACE", "item_ids": [trace_id]})`
  },
  'MCP servers': {
    curl: `api --json '{"name": "io.github.acme/curl"}' ${uri}${v3}/mcp-servers"\napi ${uri}${v3}/mcp-servers/io.github.acme/curl"`,
    python: `call("POST", "${v3}/mcp-servers", json={"name": "io.github.acme/python"})\ncall("POST", "${v3}/mcp-servers/io.github.acme/python/versions", json={"server_json": {"name": "io.github.acme/python", "version": "1.0.0"}})`
  },
  Skills: {
    curl: `api --json '{"name": "curl", "organization": "acme"}' ${uri}${v3}/skills"\napi ${uri}${v3}/skills/@acme/curl"`,
    python: `call("POST", "${v3}/skills", json={"name": "python"})\ncall("POST", "${v3}/skills/python/versions", json={"source": "https://github.com/acme/skills.git", "ref": "main", "subpath": "python"})`
  },
  'LLM gateway': {
    curl: `api ${uri}/gateway/mlflow/v1/models"`,
    python: 'print([model["id"] for model in call("GET", "/gateway/mlflow/v1/models")["data"]])'
  },
  'LLM gateway configuration': {
    curl: `api --json '{"secret_name": "curl-openai", "secret_value": {"api_key": "sk-0123456789"}, "provider": "openai"}' ${uri}${v3}/gateway/secrets/create"`,
    python: `secret = call("POST", "${v3}/gateway/secrets/create", json={"secret_name": "python-openai", "secret_value": {"api_key": "sk-0123456789"}, "provider": "openai"})["secret"]\ncall("POST", "${v3}/gateway/model-definitions/create", json={"name": "small", "secret_id": secret["secret_id"], "provider": "openai", "model_name": "gpt-4o-mini"})`
  },
  Webhooks: {
    curl: `api ${uri}${v2}/webhooks"`,
    python: `print(call("GET", "${v2}/webhooks").get("webhooks", []))`
  },
  Workspaces: {
    curl: `api --json '{"name": "curl-team"}' ${uri}${v3}/workspaces"\napi --header 'X-MLFLOW-WORKSPACE: curl-team' --json '{"name": "theirs"}' ${uri}${v2}/experiments/create"`,
    python: `call("POST", "${v3}/workspaces", json={"name": "python-team"})\ncall("POST", "${v2}/experiments/create", json={"name": "theirs"}, headers={"X-MLFLOW-WORKSPACE": "python-team"})`
  },
  Jobs: {
    curl: `api --json '{}' ${uri}/ajax-api/3.0/jobs/search"`,
    python: 'print(call("POST", "/ajax-api/3.0/jobs/search", json={"statuses": ["RUNNING"]})["jobs"])'
  },
  GraphQL: {
    curl: `api --json "{\\"query\\": \\"{ mlflowGetExperiment(input: {experimentId: \\\\\\"$EXPERIMENT\\\\\\"}) { experiment { name } } }\\"}" ${uri}/graphql"`,
    python: 'query = "query Find($id: String) { mlflowGetExperiment(input: {experimentId: $id}) { experiment { name } } }"\nprint(call("POST", "/graphql", json={"query": query, "variables": {"id": experiment_id}})["data"])'
  },
  Server: {
    curl: `api ${uri}${v3}/server-info"\napi ${uri}/version"`,
    python: `print(call("GET", "${v3}/server-info")["store_type"])`
  }
}
