"""A training loop of the stock MLflow client through each of several addresses, in one process because importing MLflow takes seconds.

Usage: loop.py TRACKING_URI... Prints one line of JSON: by address, what was logged as MLflow gives it back.
The key is in MLFLOW_TRACKING_TOKEN.
"""

import filecmp
import json
import os
import sys
import tempfile

import mlflow

STEPS = 100
METRICS = [f"layer_{index}" for index in range(10)]


def train(uri, name):
    """1,000 points, a file of 5 MiB up and down, and a name that a front likes to change."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(name)
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        for step in range(STEPS):
            mlflow.log_metrics({metric: step / 10 for metric in METRICS}, step=step)
        model = os.path.join(folder, "model 1.bin")
        with open(model, "wb") as file:
            file.write(os.urandom(5 * 1024 * 1024))
        mlflow.log_artifact(model, "a folder")
        back = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="a folder/model 1.bin", dst_path=os.path.join(folder, "back"))
        same = filecmp.cmp(model, back, shallow=False)
    client = mlflow.MlflowClient()
    points = sum(len(client.get_metric_history(run.info.run_id, metric)) for metric in METRICS)
    return {"points": points, "artifact": "same" if same else "other", "status": client.get_run(run.info.run_id).info.status}


print(json.dumps({uri: train(uri, f"loop {index}") for index, uri in enumerate(sys.argv[1:])}))
