"""An authority of one's own, by `openssl`: a seal and a time-stamping service for tests and demos.

It proves nothing to anybody else: whoever has the folder can make whatever seals they like.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

CONFIG = """
[req]
prompt = no
distinguished_name = name
string_mask = utf8only
utf8 = yes
[name]
CN = unused
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[seal]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[time]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = tsa1
[tsa1]
serial = {folder}/serial
signer_cert = {folder}/time.pem
certs = {folder}/ca.pem
signer_key = {folder}/time.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority:
    """A root, the company's seal, and a time-stamping service, in a folder.

    As a context, it serves time stamps over HTTP.

    Attributes:
        root: the root's certificate, PEM: whom to trust.
        seal: the PKCS#12 file of the company's seal.
        password: of that file.
        url: of the time-stamping service, while it is served.

    Args:
        folder: where keys and certificates are, or will be.
        company: whom the seal names.
        days: for how long its certificates hold.
    """

    def __init__(self, folder: Path, company: str = "Example", days: int = 365) -> None:
        self.root, self.seal = folder / "ca.pem", folder / "seal.p12"
        self.url = ""
        self._folder = folder
        self._server: ThreadingHTTPServer | None = None
        secret = folder / "password"
        if not secret.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make(company, days)
            secret.write_text(secrets.token_hex(16), encoding="ascii")
            self._pack(secret.read_text("ascii"))
        self.password = secret.read_text("ascii")

    def settings(self) -> dict[str, str]:
        """Return the settings of an app that seals with it."""
        found = {"TWIREC_SEAL": str(self.seal), "TWIREC_SEAL_PASSWORD": self.password}
        return found | ({"TWIREC_TSA_URL": self.url} if self.url else {})

    def reply(self, query: bytes) -> bytes:
        """Return the answer to a query for a time stamp, both DER of RFC 3161."""
        asked = self._folder / f"{secrets.token_hex(8)}.tsq"
        asked.write_bytes(query)
        try:
            words = ("ts", "-reply", "-queryfile", str(asked), "-config", str(self._config))
            with LOCK:  # the serial numbers are a file
                return self._openssl(*words)
        finally:
            asked.unlink()

    def __enter__(self) -> Authority:
        """Serve time stamps."""
        handler = type("_Handler", (_Handler,), {"authority": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self.url = ""

    @property
    def _config(self) -> Path:
        return self._folder / "openssl.cnf"

    def _make(self, company: str, days: int) -> None:
        self._config.write_text(CONFIG.format(folder=self._folder), encoding="utf-8")
        (self._folder / "serial").write_text("01\n", encoding="ascii")
        name = company.replace("\\", "").replace("/", " ").strip() or "Example"
        ca = ("-CA", str(self.root), "-CAkey", str(self._folder / "ca.key"))
        self._certify("ca", f"/CN=Authority of {name} for tests", days)
        self._certify("seal", f"/O={name}/CN={name}", days, *ca)
        self._certify("time", f"/CN=Time of {name} for tests", days, *ca)

    def _certify(self, name: str, subject: str, days: int, *by: str) -> None:
        at = self._folder / name
        self._openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-noenc", "-utf8", "-sha256"),
            *("-config", str(self._config), "-extensions", name, "-subj", subject),
            *("-days", str(days), "-keyout", f"{at}.key", "-out", f"{at}.pem", *by),
        )

    def _pack(self, password: str) -> None:
        at = self._folder / "seal"
        self._openssl(
            *("pkcs12", "-export", "-inkey", f"{at}.key", "-in", f"{at}.pem"),
            *("-certfile", str(self.root), "-out", str(self.seal), "-passout", "stdin"),
            given=password,
        )
        self.seal.chmod(0o600)

    def _openssl(self, *words: str, given: str = "") -> bytes:
        done = subprocess.run(  # noqa: S603 - its words are ours
            ["openssl", *words],  # noqa: S607 - that of the machine
            input=given.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"openssl {words[0]} failed: {done.stderr.decode()[:500]}")
        return done.stdout


LOCK = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    """Answers queries for time stamps (RFC 3161, section 3.4)."""

    authority: Authority

    def do_POST(self) -> None:
        """Answer one."""
        query = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.authority.reply(query)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
