"""What a team does with the stock MLflow client and a key that is bound to its names.

Usage: team.py TRACKING_URI PREFIX. Prints one line of JSON, what it saw. The key is in MLFLOW_TRACKING_TOKEN.
"""

import json
import sys

import mlflow
from mlflow.exceptions import MlflowException

uri, prefix = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()
seen = {}

experiment = mlflow.set_experiment(f"{prefix}/py")
with mlflow.start_run() as run:
    mlflow.log_param("p", 1)
    mlflow.log_metrics({"m": 0.5})
    mlflow.set_tag("t", "v")
    mlflow.log_text("hello", "model/f.txt")
    with mlflow.start_span(name="outer") as span:
        span.set_outputs({"answer": 42})
mlflow.flush_trace_async_logging()
run_id = run.info.run_id
seen["runs"] = [found.info.run_id == run_id for found in client.search_runs([experiment.experiment_id])]
seen["history"] = [metric.value for metric in client.get_metric_history(run_id, "m")]
seen["artifacts"] = [item.path for item in client.list_artifacts(run_id, "model")]
seen["text"] = mlflow.artifacts.load_text(f"runs:/{run_id}/model/f.txt")
seen["spans"] = [span.name for span in mlflow.get_trace(mlflow.get_last_active_trace_id()).data.spans]
seen["traces"] = len(client.search_traces([experiment.experiment_id]))

name = f"{prefix}-py"
client.create_registered_model(name)
version = client.create_model_version(name, f"runs:/{run_id}/model", run_id)
client.set_registered_model_alias(name, "champion", version.version)
seen["version"] = client.get_model_version_by_alias(name, "champion").version
seen["file"] = mlflow.artifacts.load_text(f"models:/{name}@champion/f.txt")
seen["models"] = [model.name for model in client.search_registered_models()]
seen["versions"] = [found.name for found in client.search_model_versions()]
seen["experiments"] = sorted(found.name for found in client.search_experiments())
mlflow.genai.register_prompt(name=f"{prefix}-words", template="Say {{word}}")
seen["prompt"] = mlflow.genai.load_prompt(f"prompts:/{prefix}-words/1").template
try:
    mlflow.set_experiment("team-b/py")
except MlflowException as error:
    seen["refused"] = error.error_code
print(json.dumps(seen))
