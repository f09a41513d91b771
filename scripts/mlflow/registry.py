"""Prints what one installed MLflow serves, as JSON with one entry a line.

Run it with the Python of an environment that holds MLflow and its server's parts:

    $(scripts/mlflow/venv 3.17.2) scripts/mlflow/registry.py > scripts/generate/registry/3.17.2.json

It imports MLflow's server and reads the registries that the server itself routes by: the RPCs with their
`databricks_pb2.rpc` options, Flask's `url_map`, the native (FastAPI) routes, and the rules that the auth app
adds, with what that app asks of a caller (a second opinion on our classes). For the OpenAPI document it adds the
messages and enums of the RPCs and FastAPI's own schemas.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import types

PREFIX = "/prefix"
PROBE_ARGUMENT = "--routes"

# What each import below reads: no telemetry, every conditional route, an auth app that can start.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_WORKSPACES": "true",
    "MLFLOW_AUTH_ADMIN_PASSWORD": "only-for-this-process",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-this-process",
}


def main():
    """Entry point: the whole dump, or with `--routes` only where routes live (for the run with a prefix)."""
    os.environ.update(ENVIRONMENT)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what MLflow prints while it is imported must not end in the JSON
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the auth app makes its database in the working directory
        if sys.argv[1:] == [PROBE_ARGUMENT]:
            json.dump({"flask": flask_rules(), "native": native_routes()}, out)
        else:
            write(dump(), out)
    out.close()


def dump():
    """All sections; the routes before those of the auth app, which changes the same Flask app."""
    import mlflow

    prefixed = probe_with_prefix()
    flask = [{**rule, "at": place(rule["path"], rule, prefixed["flask"])} for rule in flask_rules()]
    native = [{**route, "at": place(route["path"], route, prefixed["native"])} for route in native_routes()]
    messages, enums = descriptors()
    paths, schemas = native_openapi()
    return {
        "mlflow": mlflow.__version__,
        "rpcs": rpcs(),
        "flask": flask,
        "native": native,
        "auth": auth_rules(flask),
        "validators": validators(),
        "graphql": graphql_fields(),
        "messages": messages,
        "enums": enums,
        "nativePaths": paths,
        "nativeSchemas": schemas,
    }


def write(sections, out):
    """One entry a line, so that a change of MLflow reads well in a diff."""
    out.write("{\n")
    for index, (name, value) in enumerate(sections.items()):
        out.write(",\n" if index else "")
        out.write(f"{json.dumps(name)}: ")
        if isinstance(value, list):
            out.write("[\n" + ",\n".join(compact(entry) for entry in value) + "\n]")
        elif isinstance(value, dict):
            lines = (f"{json.dumps(key)}: {compact(value[key])}" for key in sorted(value))
            out.write("{\n" + ",\n".join(lines) + "\n}")
        else:
            out.write(compact(value))
    out.write("\n}\n")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def services():
    """The services whose RPCs MLflow serves over REST; webhooks came with 3.x."""
    for module, name in [
        ("mlflow.protos.service_pb2", "MlflowService"),
        ("mlflow.protos.model_registry_pb2", "ModelRegistryService"),
        ("mlflow.protos.mlflow_artifacts_pb2", "MlflowArtifactsService"),
        ("mlflow.protos.webhooks_pb2", "WebhookService"),
    ]:
        try:
            yield getattr(importlib.import_module(module), name).DESCRIPTOR
        except ModuleNotFoundError:
            continue


def rpcs():
    """Every RPC with its REST endpoints, in the order in which MLflow registers them."""
    from mlflow.protos import databricks_pb2

    result = []
    for service in services():
        for method in service.methods:
            options = method.GetOptions().Extensions[databricks_pb2.rpc]
            entry = {
                "service": service.full_name,
                "name": method.name,
                "request": method.input_type.full_name,
                "response": response_of(method),
                "endpoints": [
                    {"method": e.method, "path": e.path, "since": [e.since.major, e.since.minor]}
                    for e in options.endpoints
                ],
                "visibility": databricks_pb2.Visibility.Name(options.visibility),
            }
            if options.rpc_doc_title:
                entry["title"] = options.rpc_doc_title
            result.append(entry)
    return result


def response_of(method):
    """MLflow answers with the nested `Response`; the declared output type is the same one where both exist."""
    nested = method.input_type.nested_types_by_name.get("Response")
    return (nested or method.output_type).full_name


def flask_rules():
    """Flask's rules, one entry for a rule and method, without the HEAD and OPTIONS that Flask adds by itself."""
    from mlflow.server import app

    return [
        {"method": method, "path": rule.rule, "endpoint": rule.endpoint}
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def native_routes():
    """FastAPI's routes in the order in which they are tried; 2.x has none."""
    try:
        from mlflow.server.fastapi_app import app
    except ModuleNotFoundError:
        return []
    return [
        {"method": method, "path": route.path, "endpoint": route.endpoint.__name__, "module": route.endpoint.__module__}
        for route in flatten(app.routes)
        for method in sorted(route.methods)
    ]


def flatten(routes):
    """Newer FastAPI keeps included routers as one route each and knows their full paths as candidates."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from flatten(route.effective_candidates())
        elif getattr(route, "methods", None):
            yield route


def probe_with_prefix():
    """The same routes of a server that was started with `--static-prefix`."""
    env = {**os.environ, "_MLFLOW_STATIC_PREFIX": PREFIX}
    done = subprocess.run(
        [sys.executable, os.path.join(FOLDER, "registry.py"), PROBE_ARGUMENT],
        env=env, check=True, stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


def place(path, route, prefixed):
    """Where a route lives once there is a static prefix: `root`, `prefix` or `both`."""
    found = {
        other["path"] for other in prefixed
        if (other["method"], other["endpoint"]) == (route["method"], route["endpoint"])
    }
    places = [name for name, where in [("root", path), ("prefix", PREFIX + path)] if where in found]
    return "both" if len(places) == 2 else places[0]


def auth_rules(known):
    """The rules that `--app-name basic-auth` adds to the Flask app."""
    try:
        importlib.import_module("flask_wtf.csrf")
    except ModuleNotFoundError:  # an extra that only guards the sign-up form
        stub = types.ModuleType("flask_wtf.csrf")
        stub.CSRFProtect = type("CSRFProtect", (), {"init_app": lambda self, app: None})
        sys.modules.update({"flask_wtf": types.ModuleType("flask_wtf"), "flask_wtf.csrf": stub})
    from mlflow.server import app, auth

    auth.create_app(app)
    before = {(rule["method"], rule["path"]) for rule in known}
    return [rule for rule in flask_rules() if (rule["method"], rule["path"]) not in before]


def validators():
    """What the auth app asks for before a route runs, by method and path; called when the app exists."""
    from mlflow.server import auth

    tables = [getattr(auth, name) for name in dir(auth) if name.endswith("_VALIDATORS")]
    found = {}
    for table in tables:
        for key, validator in table.items():
            if isinstance(key, tuple) and len(key) == 2 and isinstance(key[1], str):
                path, method = key
                name = getattr(validator, "__name__", "")
                if re.search(r"_can_|sender_is_admin", name):
                    found.setdefault(f"{method} {bare(getattr(path, 'pattern', path))}", set()).add(name)
    return {key: sorted(names) for key, names in found.items()}


def bare(path):
    """A path with its parameters unnamed, from Flask's spelling or from a regular expression."""
    return re.sub(r"<\w+>|\{\w+\}|\(\[\^/\]\+\)|\[\^/\]\+", "{}", path).strip("^$")


def graphql_fields():
    """The root fields of MLflow's GraphQL schema, as callers spell them."""
    from mlflow.server.graphql.graphql_schema_extensions import schema

    return {"query": sorted(schema.graphql_schema.query_type.fields), "mutation": sorted(schema.graphql_schema.mutation_type.fields)}


def descriptors():
    """Messages and enums that the RPCs reach, by full name."""
    messages, enums = {}, {}
    pending = [m for service in services() for method in service.methods for m in message_types(method)]
    while pending:
        message = pending.pop()
        if message.full_name in messages:
            continue
        messages[message.full_name] = [field(f) for f in message.fields]
        for f in message.fields:
            if f.message_type is not None:
                pending.append(f.message_type)
            if f.enum_type is not None:
                enums[f.enum_type.full_name] = [[value.name, value.number] for value in f.enum_type.values]
    return messages, enums


def message_types(method):
    nested = method.input_type.nested_types_by_name.get("Response")
    return [method.input_type, nested or method.output_type]


TYPES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
    11: "message", 12: "bytes", 13: "uint32", 14: "enum", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}


def field(descriptor):
    """A field as the OpenAPI document needs it; what is false or absent is left out."""
    from mlflow.protos import databricks_pb2

    options = descriptor.GetOptions()
    entry = {"name": descriptor.name, "type": TYPES[descriptor.type]}
    target = descriptor.message_type or descriptor.enum_type
    if target is not None:
        entry["of"] = target.full_name
        if descriptor.message_type is not None and target.GetOptions().map_entry:
            entry["map"] = True
    if is_repeated(descriptor) and "map" not in entry:
        entry["repeated"] = True
    if options.Extensions[databricks_pb2.validate_required]:
        entry["required"] = True
    if descriptor.containing_oneof is not None and not descriptor.containing_oneof.name.startswith("_"):
        entry["oneof"] = descriptor.containing_oneof.name
    if descriptor.has_default_value:
        value = descriptor.default_value
        entry["default"] = value if target is None else target.values_by_number[value].name
    if options.deprecated:
        entry["deprecated"] = True
    return entry


def is_repeated(descriptor):
    """protobuf 7 dropped `label`, older ones lack `is_repeated`."""
    return descriptor.is_repeated if hasattr(descriptor, "is_repeated") else descriptor.label == 3


def native_openapi():
    """FastAPI's own description of the native routes, and the schemas it refers to."""
    try:
        from mlflow.server.fastapi_app import app
    except ModuleNotFoundError:
        return {}, {}
    document = app.openapi()
    return document["paths"], document.get("components", {}).get("schemas", {})


FOLDER = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    main()
