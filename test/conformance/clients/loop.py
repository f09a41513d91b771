"""A training loop with the stock client: metrics and small artifacts, until SIGTERM; then it reads back what was acknowledged.

Usage: loop.py URI    (the API key in MLFLOW_TRACKING_TOKEN)
Prints a JSON object a line: {"step", "seconds"} for each acknowledged one; at the end {"acknowledged", "lost", "failed"}.
"""
import json
import logging
import os
import signal
import sys
import time

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true")

import mlflow

going = True


def stop(*_):
    global going
    going = False


def main():
    signal.signal(signal.SIGTERM, stop)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(sys.argv[1])
    client = mlflow.MlflowClient()
    run = client.create_run("0", run_name="loop").info.run_id
    metrics, files, failed, step = [], [], [], 0
    while going:
        began = time.monotonic()
        try:
            client.log_metric(run, "loss", 1 / (step + 1), step=step)
            metrics.append(step)
            if step % 4 == 0:
                client.log_text(run, f"step {step}", f"checkpoints/{step}.txt")
                files.append(step)
            print(json.dumps({"step": step, "seconds": round(time.monotonic() - began, 3)}), flush=True)
        except Exception as error:
            failed.append(f"step {step}: {' '.join(str(error).split())[:300]}")
        step += 1
    stored = {metric.step for metric in client.get_metric_history(run, "loss")}
    kept = {item.path for item in client.list_artifacts(run, "checkpoints")}
    lost = [f"metric {step}" for step in metrics if step not in stored]
    lost += [f"file {step}" for step in files if f"checkpoints/{step}.txt" not in kept or mlflow.artifacts.load_text(f"runs:/{run}/checkpoints/{step}.txt") != f"step {step}"]
    print(json.dumps({"acknowledged": len(metrics) + len(files), "lost": lost, "failed": failed}), flush=True)


main()
