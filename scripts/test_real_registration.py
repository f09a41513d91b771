#!/usr/bin/env python3
"""Registers a model through a running deployment with the stock MLflow client and a live API key: the smoke test of model registration.

Needs HOKUSAI_API_KEY in the environment, and the packages mlflow (2.22 to 3.18), scikit-learn and pandas.
Exit codes: 0 every step passed, 1 a step failed, 2 no key, a package missing or wrong usage.
"""

import argparse
import inspect
import os
import sys
import time
import uuid
from urllib.parse import urlsplit

DEFAULT_BASE_URL = "https://registry.hokus.ai"
EXPERIMENT = "hokusai_real_registration"

# The client's own defaults let a broken deployment fail after four minutes only. Whoever sets one of these keeps it.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
QUIET = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}


class StepFailed(Exception):
    """A step that got an answer, but not the one it needs; the message is the reason that is shown."""


def main() -> int:
    arguments = read_arguments()
    key = os.environ.get("HOKUSAI_API_KEY", "").strip()
    if not key:
        print("Set HOKUSAI_API_KEY to a live API key that may write (scope mlflow:write).", file=sys.stderr)
        return 2
    prepare_environment(key)
    try:
        registration = Registration(arguments.base_url, arguments.legacy, key)
    except ImportError as error:
        print(f"A package is missing ({error}): pip install mlflow scikit-learn pandas", file=sys.stderr)
        return 2
    print(f"Registering a model at {registration.tracking_uri} with MLflow's client {registration.mlflow.__version__}\n")
    steps = registration.steps()
    passed = run(steps, key)
    if not passed:
        registration.abandon()
    if arguments.cleanup:
        passed = run([("clean up", registration.clean_up)], key) and passed
    if not passed:
        print("\nFAILED: see the row above")
        return 1
    print(f"\nSUCCESS: {registration.model_name} version {registration.version} is registered" + (", and removed again" if arguments.cleanup else ""))
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Registers a model with a live API key (HOKUSAI_API_KEY) and reports each step.")
    parser.add_argument("--base-url", default=os.environ.get("HOKUSAI_BASE_URL") or DEFAULT_BASE_URL, help="where the facade is, without /mlflow (default: HOKUSAI_BASE_URL, else %(default)s)")
    parser.add_argument("--legacy", action="store_true", help="use the old path, BASE/api/mlflow, instead of BASE/mlflow")
    parser.add_argument("--cleanup", action="store_true", help="delete the run and the registered model afterwards")
    arguments = parser.parse_args()
    arguments.base_url = arguments.base_url.rstrip("/")
    url = urlsplit(arguments.base_url)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        parser.error(f"--base-url must be an http:// or https:// URL, not {arguments.base_url!r}")
    if url.username is not None or url.password is not None:
        parser.error("--base-url must hold no credentials: the key comes from HOKUSAI_API_KEY")
    if url.path.endswith("/mlflow"):
        parser.error("--base-url is the address without /mlflow; the old path is chosen by --legacy")
    return arguments


def prepare_environment(key: str) -> None:
    """Must run before MLflow is imported: it reads some of these only once."""
    for name, value in {**PATIENCE, **QUIET}.items():
        os.environ.setdefault(name, value)
    # The client prefers user name and password to a token.
    os.environ.pop("MLFLOW_TRACKING_USERNAME", None)
    os.environ.pop("MLFLOW_TRACKING_PASSWORD", None)
    os.environ["MLFLOW_TRACKING_TOKEN"] = key


def run(steps, key: str) -> bool:
    """Runs the steps up to the first that fails, a row for each; the rest is shown as skipped."""
    failed = False
    for name, step in steps:
        if failed:
            print(f"skipped            {name}")
            continue
        started = time.monotonic()
        try:
            outcome, reason = "ok", step()
        except Exception as error:  # whatever a client library raises is the reason of a failed row
            outcome, reason, failed = "FAILED", describe(error), True
        seconds = time.monotonic() - started
        print(f"{outcome:7} {seconds:7.2f} s  {name:26} {reason.replace(key, '<key>')}", flush=True)
    return not failed


def describe(error: Exception) -> str:
    """One line: the code of MLflow's error and its message, or the kind of anything else."""
    code = getattr(error, "error_code", None)
    kind = "" if isinstance(error, StepFailed) else f"{code or type(error).__name__}: "
    text = " ".join(str(error).split())
    return kind + (text if len(text) <= 400 else text[:400] + " …")


class Registration:
    """The steps of one registration, in their order, and what they hand on to each other."""

    def __init__(self, base_url: str, legacy: bool, key: str):
        import logging

        import mlflow
        import mlflow.sklearn
        import pandas
        import requests
        from sklearn.linear_model import LogisticRegression

        for name in ("mlflow", "urllib3"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.mlflow, self.pandas, self.classifier = mlflow, pandas, LogisticRegression
        self.base_url, self.legacy = base_url, legacy
        self.tracking_uri = base_url + ("/api/mlflow" if legacy else "/mlflow")
        self.model_name = f"hokusai_registration_{time.strftime('%Y%m%d_%H%M%S')}_{uuid.uuid4().hex[:6]}"
        self.session = requests.Session()
        self.authorization = {"Authorization": f"Bearer {key}"}
        self.run_id = self.model_uri = self.version = None

    def steps(self):
        return [
            ("health", self.ask_health),
            ("old path", self.search_over_old_path),
            ("set_tracking_uri", self.set_tracking_uri),
            ("search_experiments", self.search_experiments),
            ("set_experiment", self.set_experiment),
            ("start_run", self.start_run),
            ("log_param", self.log_param),
            ("log_metric", self.log_metric),
            ("log_model", self.log_model),
            ("set_tag", self.set_tag),
            ("end_run", self.end_run),
            ("register_model", self.register_model),
            ("search_registered_models", self.search_registered_models),
        ]

    def ask_health(self) -> str:
        answer = self.session.get(f"{self.base_url}/api/mlflow/health/mlflow", timeout=(5, 15))
        if answer.status_code != 200:
            raise StepFailed(f"health answers {answer.status_code}: {answer.text[:200]}")
        return f"200 {' '.join(answer.text.split())[:120]}"

    def search_over_old_path(self) -> str:
        """GET may be redirected, POST must be served in place: both have to give the experiments."""
        url = f"{self.base_url}/api/mlflow/api/2.0/mlflow/experiments/search"
        notes = []
        for method, arguments in (("GET", {"params": {"max_results": 1}}), ("POST", {"json": {"max_results": 1}})):
            answer = self.session.request(method, url, headers=self.authorization, timeout=(5, 15), **arguments)
            if answer.status_code == 410 and not self.legacy:
                return "410: this deployment has switched the old paths off"
            if answer.status_code != 200:
                raise StepFailed(f"{method} answers {answer.status_code}: {answer.text[:200]}")
            if not isinstance(answer.json(), dict):
                raise StepFailed(f"{method} answers 200, but not MLflow's JSON: {answer.text[:200]}")
            notes.append(f"{method} {'redirected, ' if answer.history else ''}200")
        return "; ".join(notes)

    def set_tracking_uri(self) -> str:
        self.mlflow.set_tracking_uri(self.tracking_uri)
        return self.tracking_uri

    def search_experiments(self) -> str:
        return f"{len(self.mlflow.search_experiments(max_results=5))} seen"

    def set_experiment(self) -> str:
        return f"{EXPERIMENT}, id {self.mlflow.set_experiment(EXPERIMENT).experiment_id}"

    def start_run(self) -> str:
        self.run_id = self.mlflow.start_run(run_name=self.model_name).info.run_id
        return self.run_id

    def log_param(self) -> str:
        self.mlflow.log_param("max_iter", 200)
        return "max_iter=200"

    def log_metric(self) -> str:
        self.mlflow.log_metric("accuracy", 0.95)
        return "accuracy=0.95"

    def log_model(self) -> str:
        import sklearn

        from mlflow.models import infer_signature

        features = self.pandas.DataFrame({"length": [1.0, 2.0, 3.0, 4.0], "width": [0.5, 0.1, 0.9, 0.3]})
        model = self.classifier(max_iter=200).fit(features, [0, 0, 1, 1])
        log = self.mlflow.sklearn.log_model
        place = "name" if "name" in inspect.signature(log).parameters else "artifact_path"  # renamed in 3.0
        # Named requirements save the client from finding them out in a process of its own (10 s and more).
        info = log(model, **{place: "model"}, signature=infer_signature(features, model.predict(features)), pip_requirements=[f"scikit-learn=={sklearn.__version__}"])
        self.model_uri = info.model_uri
        return self.model_uri

    def set_tag(self) -> str:
        self.mlflow.set_tag("hokusai.registration", "real")
        return "hokusai.registration=real"

    def end_run(self) -> str:
        self.mlflow.end_run()
        return "FINISHED"

    def register_model(self) -> str:
        self.version = self.mlflow.register_model(self.model_uri, self.model_name, await_registration_for=30).version
        return f"{self.model_name} version {self.version}"

    def search_registered_models(self) -> str:
        found = [model.name for model in self.mlflow.search_registered_models(filter_string=f"name = '{self.model_name}'")]
        if found != [self.model_name]:
            raise StepFailed(f"asked for {self.model_name}, found {found or 'nothing'}")
        return "found by its name"

    def abandon(self) -> None:
        """Marks the run of a failed registration, in one try that may fail as well."""
        if self.mlflow.active_run() is None:
            return
        os.environ.update(MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", MLFLOW_HTTP_REQUEST_TIMEOUT="5")
        try:
            self.mlflow.end_run("FAILED")
        except Exception as error:
            print(f"The run {self.run_id} could not be marked as failed: {type(error).__name__}")

    def clean_up(self) -> str:
        removed = []
        client = self.mlflow.MlflowClient()
        if self.model_uri is not None:
            try:
                client.delete_registered_model(self.model_name)
                removed.append(self.model_name)
            except self.mlflow.MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        if self.run_id is not None:
            client.delete_run(self.run_id)
            removed.append(f"run {self.run_id}")
        return f"deleted {', '.join(removed) or 'nothing'}"


if __name__ == "__main__":
    sys.exit(main())
