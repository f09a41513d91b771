"""Answers, line by line, what MLflow's own routing makes of a request: Starlette's and Werkzeug's matchers on MLflow's routes.

Its first line holds all routes: `{"flask":[…],"native":[…],"auth":[…]}`, as scripts/mlflow/registry.py prints them.
Then it reads `["METHOD","/raw/path"]` a line and prints `{"route":"…","native":false}` with the rule that would run,
`{"redirect":"…"}` or `{"status":404}`. Nothing of MLflow runs but its routing.
Usage: PYTHON test/conformance/access/oracle.py, with the Python of an environment that holds MLflow.
"""

import importlib.util
import json
import os
import sys
import tempfile
import urllib.parse

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

FOLDER = os.path.dirname(os.path.abspath(__file__))


def main():
    registry = load_registry()
    os.environ.update(registry.ENVIRONMENT)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what MLflow prints while it is imported must not end among the answers
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        from mlflow.server import app

        native = native_app_routes()
        flask = registry.flask_rules()
        routes = {"flask": flask, "native": registry.native_routes(), "auth": registry.auth_rules(flask)}
        print(json.dumps(routes), file=out, flush=True)
        for line in sys.stdin:
            method, path = json.loads(line)
            answer = starlette(native, method, path) or werkzeug(app, native is not None, method, path)
            print(json.dumps(answer), file=out, flush=True)


def load_registry():
    """The script that dumps the registry knows how to import each MLflow with its auth app."""
    spec = importlib.util.spec_from_file_location("registry", os.path.join(FOLDER, "..", "..", "..", "scripts", "mlflow", "registry.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def native_app_routes():
    try:
        from mlflow.server.fastapi_app import app
    except ModuleNotFoundError:
        return None  # 2.x is Flask alone
    return app.routes


def scope_of(method, path):
    """The ASGI scope that uvicorn makes of a request line."""
    return {
        "type": "http", "method": method, "path": urllib.parse.unquote(path), "raw_path": path.encode("ascii"),
        "root_path": "", "query_string": b"", "headers": [], "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 80),
    }


def starlette(routes, method, path):
    """What FastAPI runs by itself; None for what it hands on to Flask."""
    from starlette.routing import Match, Mount

    for route in routes or []:
        scope = scope_of(method, path)
        match, _ = route.matches(scope)
        if match != Match.FULL:
            continue
        if isinstance(route, Mount):
            return None
        for candidate in getattr(route, "effective_candidates", lambda: [route])():
            if candidate.matches(scope)[0] == Match.FULL:
                return {"route": candidate.path, "native": True}
    return None


def werkzeug(app, behind_asgi, method, path):
    """What Flask runs: PATH_INFO as Starlette's bridge or gunicorn make it."""
    if behind_asgi:
        from starlette.middleware.wsgi import build_environ

        environ = build_environ(scope_of(method, path), b"")
    else:
        decoded = urllib.parse.unquote_to_bytes(path).decode("latin-1")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": decoded, "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1",
                   "SERVER_PORT": "80", "wsgi.url_scheme": "http", "QUERY_STRING": ""}
    try:
        rule, _ = app.url_map.bind_to_environ(environ).match(return_rule=True)
        return {"route": rule.rule, "native": False}
    except RequestRedirect as redirect:
        return {"redirect": redirect.new_url}
    except HTTPException as error:
        return {"status": error.code}


if __name__ == "__main__":
    main()
