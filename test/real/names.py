"""Logs artifacts of odd names with MLflow's own client and gets them back. Prints one JSON object: by name, "ok" or what went wrong.

Usage: names.py TRACKING_URI, with MLFLOW_TRACKING_TOKEN set.
"""

import json
import os
import sys
import tempfile

os.environ.update(MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false")

import mlflow

NAMES = ["acc_at_90%data.csv", "100%", "%ff", "%zz", "a%20b", "tab\tx", "bell\x07x", "line\nbreak", "back\\slash", "two words", "café.txt", "semi;colon", "50%25 off", "plus+x"]


def main():
    client = mlflow.MlflowClient(sys.argv[1])
    mlflow.set_tracking_uri(sys.argv[1])
    run_id = client.create_run("0").info.run_id
    outcome = {}
    for index, name in enumerate(NAMES):
        try:
            client.log_text(run_id, f"text {index}", f"{index}/{name}")
            listed = [item.path for item in client.list_artifacts(run_id, str(index))]
            with tempfile.TemporaryDirectory() as folder:
                path = client.download_artifacts(run_id, listed[0], folder)
                with open(path) as file:
                    outcome[name] = "ok" if file.read() == f"text {index}" else "other content"
        except Exception as error:
            outcome[name] = f"{type(error).__name__}: {getattr(error, 'error_code', '')}"
    print(json.dumps(outcome))


main()
