"""An OpenID Connect provider, on Authlib's: a process of its own, over real HTTP.

    python oidc_provider.py

writes where it is. It asks for PKCE and a nonce, and knows one client. Who is there and what it
does wrong is said to it at `/tests`, as a test needs it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, abort, jsonify, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

CLIENT_ID, CLIENT_SECRET = "callpanel", "a secret that both of them know"

app = Flask(__name__)
people: dict[str, dict[str, Any]] = {}
"""What is said of somebody, by their subject."""
wrong: dict[str, Any] = {}
"""What is done wrong: claims that are said in the place of others, or `fault`."""
codes: dict[str, Code] = {}
tokens: dict[str, str] = {}
asked: list[dict[str, str]] = []
keys: dict[str, RSAKey] = {}
"""Its own, and that of somebody else: made as it starts, since who only knows it needs none."""


@dataclass
class Person:
    """Somebody who may sign in."""

    subject: str

    def get_user_id(self) -> str:
        return self.subject


@dataclass
class Code:
    """An authorization code."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str
    subject: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Client:
    """The panel."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri.endswith("/sign-in/company/back")

    def check_client_secret(self, secret: str) -> bool:
        return secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class Grant(AuthorizationCodeGrant):
    """The code flow."""

    def save_authorization_code(self, code: str, request: Any) -> None:
        sent = request.payload.data
        names = ("redirect_uri", "scope", "nonce", "code_challenge", "code_challenge_method")
        codes[code] = Code(
            code, subject=request.user.subject, **{name: sent[name] for name in names}
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Person:
        return Person(authorization_code.subject)


class IdTokens(OpenIDCode):
    """ID tokens, as they should be unless a test says otherwise."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(code.nonce == nonce for code in codes.values())

    def resolve_client_private_key(self, client: Client) -> Any:
        return keys["own"]

    def get_client_algorithm(self, client: Client) -> str:
        return "RS256"

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, Any]:
        return {}

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        now, subject = int(time.time()), request.user.subject
        tokens[token["access_token"]] = subject
        claims = {
            "iss": issuer(),
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": request.authorization_code.nonce,
            "sub": subject,
            **(people[subject] if wrong.get("fault") != "in the user info alone" else {}),
            **{name: value for name, value in wrong.items() if name != "fault"},
        }
        fault, head = wrong.get("fault"), {"alg": "RS256", "kid": "first"}
        claims = {name: value for name, value in claims.items() if value is not None}
        if fault == "unsigned":
            return jwt.encode({"alg": "none"}, claims, OctKey.import_key("x" * 32), ["none"])
        if fault == "signed with what everybody knows":
            known = OctKey.import_key(keys["own"].as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": "first"}, claims, known, ["HS256"])
        key = keys["another" if fault == "signed by somebody else" else "own"]
        return jwt.encode(head, claims, key)

    def process_token(self, grant: Any, response: Any) -> Any:
        token = super().process_token(grant, response)
        if wrong.get("fault") == "no ID token":
            token.pop("id_token", None)
        return token


server = AuthorizationServer(
    app,
    query_client=lambda client_id: Client() if client_id == CLIENT_ID else None,
    save_token=lambda token, request: None,
)
server.register_grant(Grant, [IdTokens(require_nonce=True), CodeChallenge(required=True)])


def issuer() -> str:
    return request.host_url.rstrip("/")


@app.get("/.well-known/openid-configuration")
def configuration() -> Response:
    """Say where everything is."""
    named = "https://another.example" if wrong.get("fault") == "another issuer" else issuer()
    return jsonify(
        issuer=named,
        authorization_endpoint=f"{issuer()}/authorize",
        token_endpoint=f"{issuer()}/token",
        userinfo_endpoint=f"{issuer()}/userinfo",
        jwks_uri=f"{issuer()}/keys",
        id_token_signing_alg_values_supported=["RS256", "HS256", "none"],
        response_types_supported=["code"],
        subject_types_supported=["public"],
    )


@app.get("/authorize")
def authorize() -> str:
    """Ask who somebody is: they choose."""
    asked.append(request.args.to_dict())
    server.get_consent_grant(end_user=None)
    buttons = "".join(f"<button name=sub value='{each}'>{each}</button>" for each in people)
    form = f"<form method=post>{buttons}<button name=sub value=''>Cancel</button></form>"
    return (
        f"<!doctype html><html lang=en><title>The company</title><main><h1>Who?</h1>{form}</main>"
    )


@app.post("/authorize")
def authorized() -> Any:
    """Send somebody back with a code."""
    who = Person(request.form["sub"]) if request.form["sub"] else None
    grant = server.get_consent_grant(end_user=who)
    return server.create_authorization_response(grant=grant, grant_user=who)


@app.post("/token")
def token() -> Any:
    """Give the tokens for a code."""
    if wrong.get("fault") == "down":
        abort(503)
    if wrong.get("fault") == "not JSON":
        return "<p>maintenance"
    return server.create_token_response()


@app.get("/userinfo")
def userinfo() -> Response:
    """Say more of who has a token."""
    subject = tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if subject is None:
        abort(401)
    said = "another" if wrong.get("fault") == "user info of another" else subject
    return jsonify({"sub": said, **people[subject]})


@app.get("/keys")
def public_keys() -> Response:
    """Give the key that ID tokens are signed with."""
    return jsonify(keys=[keys["own"].as_dict(private=False)])


@app.post("/tests")
def tests() -> Response:
    """Take who is there and what is done wrong; give what was asked for since the last time."""
    people.clear()
    people.update(request.json["people"])
    wrong.clear()
    wrong.update(request.json["wrong"])
    before = list(asked)
    asked.clear()
    return jsonify(before)


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


if __name__ == "__main__":
    keys |= {
        name: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        for name in ("own", "another")
    }
    listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(f"http://127.0.0.1:{listening.port}", flush=True)  # noqa: T201 - for who started it
    listening.serve_forever()
