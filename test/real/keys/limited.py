"""A training loop of the stock MLflow client that sends faster than its key may.

Usage: limited.py TRACKING_URI. The key in MLFLOW_TRACKING_TOKEN has no limit: with it the pace of the client is measured and printed. Then a
line on stdin brings a key with a limit, whose calls are used up, and the loop runs with that. Prints lines of JSON.
"""

import json
import os
import sys
import time

import mlflow
from mlflow.entities import Metric

BATCHES = 200
PER_BATCH = 50

mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
run_id = client.create_run(client.create_experiment("limited")).info.run_id


def log(batches, name):
    begin = time.monotonic()
    for step in range(batches):
        client.log_batch(run_id, metrics=[Metric(f"{name}_{index}", step / 10, int(time.time() * 1000), step) for index in range(PER_BATCH)])
    return time.monotonic() - begin


log(5, "warm")
print(json.dumps({"pace": 40 / log(40, "free")}), flush=True)
free = os.environ["MLFLOW_TRACKING_TOKEN"]
os.environ["MLFLOW_TRACKING_TOKEN"] = sys.stdin.readline().strip()
seconds = log(BATCHES, "limited")
os.environ["MLFLOW_TRACKING_TOKEN"] = free
points = [[point.step for point in client.get_metric_history(run_id, f"limited_{index}")] for index in range(PER_BATCH)]
whole = sum(1 for steps in points if sorted(steps) == list(range(BATCHES)))
print(json.dumps({"seconds": seconds, "points": sum(map(len, points)), "whole": whole}), flush=True)
