"""An issuer of tokens by OAuth 2.0 (client credentials), whose key the broker of the tests knows."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from broker.node import TOKENS

CLIENT, SECRET = "certain-client", "never-to-be-told-0815"
_KEY = json.loads((Path(__file__).parent / "credentials" / "issuer.json").read_text(encoding="ascii"))
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 in a signature: its ASN.1 name (RFC 8017, 9.2)."""


@dataclass
class Issuer:
    """Where it answers, how long its tokens are good, and what it was asked: the scopes, in order."""

    url: str
    good_for_seconds: float = 300
    audience: str = TOKENS["audience"]
    asked: list[str | None] = field(default_factory=list)

    def token(self) -> str:
        """A token, signed by RS256 (RFC 7518, 3.3)."""
        now = time.time()
        claims = {"iss": TOKENS["issuer"], "aud": self.audience, "sub": CLIENT, "iat": int(now)}
        claims["exp"] = int(now + self.good_for_seconds)
        said = f"{_coded(json.dumps({'alg': 'RS256', 'kid': _KEY['kid']}))}.{_coded(json.dumps(claims))}"
        return f"{said}.{_coded(_signature(said.encode()))}"


def _coded(what: str | bytes) -> str:
    raw = what.encode() if isinstance(what, str) else what
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")


def _signature(said: bytes) -> bytes:
    n, d = _number(_KEY["n"]), _number(_KEY["d"])
    size = (n.bit_length() + 7) // 8
    digest = _SHA256 + hashlib.sha256(said).digest()
    padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    return pow(int.from_bytes(padded, "big"), d, n).to_bytes(size, "big")


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that answers on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            told = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            issuer.asked.append(body.get("scope", [None])[0])
            if self.headers["Authorization"] != f"Basic {told}" or body["grant_type"] != ["client_credentials"]:
                self.answer(401, {"error": "invalid_client", "error_description": "unknown client or wrong secret"})
                return
            granted = {"access_token": issuer.token(), "token_type": "Bearer", "expires_in": issuer.good_for_seconds}
            self.answer(200, granted)

        def answer(self, status: int, content: dict[str, object]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing: what it was asked is in `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}/token")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
