"""Users of MLflow's basic-auth app by what hokusai-mlflow signs, in place of passwords (docs/identity.md).

In basic_auth.ini:   authorization_function = hokusai_identity:authenticate
In the environment:  PYTHONPATH (this folder), HOKUSAI_IDENTITY_SECRET or HOKUSAI_IDENTITY_SECRET_FILE (the facade's
MLFLOW_UPSTREAM_IDENTITY_SECRET), and if wanted HOKUSAI_IDENTITY_DIR (a folder that all workers and replicas share),
HOKUSAI_IDENTITY_CREATE_USERS=false.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import tempfile
import time

from flask import Response, g, request
from mlflow.exceptions import MlflowException
from mlflow.server.auth import store
from werkzeug.datastructures import Authorization

HEAD = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode()
TOLERANCE = 5  # seconds by which clocks may differ


def _secret():
    file = os.environ.get("HOKUSAI_IDENTITY_SECRET_FILE")
    secret = pathlib.Path(file).read_text().strip() if file else os.environ.get("HOKUSAI_IDENTITY_SECRET", "")
    if len(secret) < 32:
        raise RuntimeError("HOKUSAI_IDENTITY_SECRET must have at least 32 characters: that of the facade.")
    return secret.encode()


def _folder():
    """Where tokens that came are noted, one file each: workers are processes, and a file is made by one of them alone."""
    folder = pathlib.Path(os.environ.get("HOKUSAI_IDENTITY_DIR") or f"{tempfile.gettempdir()}/hokusai-identity-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
        raise RuntimeError(f"{folder} must belong to MLflow's user, and be writable for nobody else.")
    return folder


SECRET, SEEN = _secret(), _folder()
_swept = 0.0


def authenticate():
    """The user of a call, for as many questions as MLflow has about it; or the response 401."""
    if "hokusai_identity" not in g:
        username = _user_of(request.headers.get("X-Hokusai-Identity", "")) or _gateway_user()
        g.hokusai_identity = username
    if g.hokusai_identity is None:
        return Response("This MLflow is reached through hokusai-mlflow alone.", 401)
    return Authorization("basic", {"username": g.hokusai_identity, "password": ""})


def _user_of(token):
    claims = _verified(token)
    now = time.time()
    if claims is None or claims["aud"] != "mlflow" or not claims["iat"] - TOLERANCE <= now < claims["exp"] + TOLERANCE:
        return None
    if not hmac.compare_digest(claims["call"], _call_hash()) or not _is_first(claims["jti"], now):
        return None
    return claims["sub"] if _is_user(claims["sub"]) else None


def _verified(token):
    head, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    wanted = base64.urlsafe_b64encode(hmac.digest(SECRET, f"{head}.{payload}".encode(), "sha256")).decode().rstrip("=")
    if head != HEAD.rstrip("=") or not hmac.compare_digest(signature.encode(), wanted.encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def _call_hash():
    environ = request.environ
    path = re.split(rb"[?#]", _decode_fully((environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]).encode("latin-1")))[0]
    path = path.decode("utf-8", "replace").encode()
    query = environ.get("QUERY_STRING", "").encode("latin-1")
    return hashlib.sha256(request.method.encode() + b"\n" + path + b"\n" + query).hexdigest()


def _decode_fully(path):
    """As the facade does it: MLflow decodes some paths once, and others twice before it asks here."""
    if b"%" not in path:
        return path
    decoded = bytearray()
    for byte in path:
        decoded.append(byte)
        while decoded[-3:-2] == b"%" and re.fullmatch(rb"[\da-fA-F]{2}", decoded[-2:]):
            decoded[-3:] = bytes([int(decoded[-2:], 16)])
    return bytes(decoded)


def _is_first(token_id, now):
    global _swept
    if now - _swept > 60:
        _swept = now
        for file in os.scandir(SEEN):
            if now - file.stat().st_mtime > 120:
                pathlib.Path(file.path).unlink(missing_ok=True)
    try:
        os.close(os.open(SEEN / hashlib.sha256(token_id.encode()).hexdigest(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _is_user(username):
    if store.has_user(username):
        return True
    if os.environ.get("HOKUSAI_IDENTITY_CREATE_USERS", "true") != "true":
        return False
    try:
        store.create_user(username, secrets.token_urlsafe(32))  # a password that nobody knows
    except MlflowException:  # another worker was first
        return store.has_user(username)
    return True


def _gateway_user():
    """The facade signs nothing for the LLM gateway, which hands headers on: a user of its own counts there, by its password."""
    if "/gateway/" not in request.path:
        return None
    given = Authorization.from_header(request.headers.get("X-MLflow-Authorization"))
    return given.username if given and given.type == "basic" and store.authenticate_user(given.username, given.password) else None
