"""Prints what MLflow's handlers demand of a request beyond its proto message, as JSON for the OpenAPI document.

    $(scripts/mlflow/venv 3.17.2) scripts/mlflow/openapi-facts.py > scripts/generate/openapi/facts.json

`required` holds, by request message, the fields that the handler refuses to miss: proto2's own marks say less
(most gateway requests have none) and sometimes more than the server checks. `errorCodes` are the names that an
error body can carry.
"""

import ast
import importlib.util
import json
import pathlib


def main():
    """Reads the source of MLflow's handlers; nothing of the server is started."""
    folder = pathlib.Path(importlib.util.find_spec("mlflow").origin).parent
    tree = ast.parse((folder / "server" / "handlers.py").read_text())
    facts = {"mlflow": mlflow_version(), "required": dict(sorted(required(tree))), "errorCodes": error_codes()}
    print(json.dumps(facts, indent=1))


def required(tree):
    """Yields message name and fields of every `_get_request_message(Message(), schema={...})`."""
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_get_request_message"):
            continue
        schema = next((k.value for k in call.keywords if k.arg == "schema"), None)
        message = call.args[0].func
        name = message.id if isinstance(message, ast.Name) else message.attr
        fields = zip(schema.keys, schema.values) if isinstance(schema, ast.Dict) else []
        yield name, [key.value for key, checks in fields if demands(checks)]


def demands(checks):
    """Whether the list of checks has the one that refuses a missing value."""
    return any(isinstance(c, ast.Name) and c.id in ("_assert_required", "_assert_secret_value") for c in getattr(checks, "elts", []))


def mlflow_version():
    from mlflow import __version__

    return __version__


def error_codes():
    from mlflow.protos import databricks_pb2

    return list(databricks_pb2.ErrorCode.keys())


if __name__ == "__main__":
    main()
