"""What the stock client registers where the facade lets only MLflow's own places through: by step, the source that came of it, or the error.

Usage: policy.py TRACKING_URI. The key is in MLFLOW_TRACKING_TOKEN.
"""

import json
import sys

import mlflow
from mlflow.exceptions import MlflowException

mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()


def answer(model_input: list[str]) -> list[str]:
    return model_input


def source(version):
    return client.get_model_version(version.name, version.version).source


def logged():
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model("model", python_model=answer, registered_model_name="logged", input_example=["x"], pip_requirements=[])
    return run.info.run_id


def prompt():
    register = getattr(mlflow, "genai", mlflow)
    register = getattr(register, "register_prompt", None) or mlflow.register_prompt
    return register(name="greeting", template="Hello, {{ name }}!").name


def attempt(step):
    try:
        return step()
    except MlflowException as error:
        return {"code": error.error_code, "status": error.get_http_status_code(), "message": error.message}


def create(place):
    return lambda: client.create_model_version("logged", place).source


mlflow.set_experiment("policy")
run_id = logged()
print(json.dumps({
    "logged": client.search_model_versions("name = 'logged'")[0].source,
    "registered": source(mlflow.register_model(f"runs:/{run_id}/model", "registered")),
    "copied": source(client.copy_model_version("models:/logged/1", "copied")),
    "prompt": prompt(),
    "elsewhere": attempt(create("s3://elsewhere/model")),
    "a file": attempt(create("file:///etc/passwd")),
    "a path": attempt(create("/etc/passwd")),
    "a host": attempt(create("mlflow-artifacts://elsewhere:5000/model")),
    "an experiment": client.get_experiment(client.create_experiment("own", artifact_location="mlflow-artifacts:/own")).artifact_location,
    "an experiment elsewhere": attempt(lambda: client.create_experiment("elsewhere", artifact_location="file:///tmp/elsewhere")),
}))
