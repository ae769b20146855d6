"""An installation as `docs/deploy.md` makes it: the shipped units and Caddyfile, really running.

systemd is not: what of it matters here (a socket that it keeps, the program, its environment) is
read from the units themselves.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from panel_house import token_in
from twilio.request_validator import RequestValidator

import callpanel
from tests.servers import free_port
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, PUBLIC_URL

DEPLOY = Path(callpanel.__file__).parents[1] / "deploy"
AS_SYSTEMD = 'exec 3<&"$0" && export LISTEN_FDS=1 LISTEN_PID=$$ && exec "$@"'
"""https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html"""

PATIENCE = 300.0
"""Seconds that something may take to start on a busy machine."""


def unit(name: str) -> ConfigParser:
    """Return a shipped unit."""
    parser = ConfigParser(interpolation=None, strict=False, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parser


class Service:
    """One of the services, on the socket that systemd would keep for it.

    Args:
        name: `phone` or `panel`.
        environ: what the file of settings says.
        folder: where it works.
    """

    def __init__(self, name: str, environ: Mapping[str, str], folder: Path) -> None:
        service = unit(f"twirec-{name}.service")["Service"]
        program, *arguments = shlex.split(service["ExecStart"])
        self._command = [str(Path(sys.executable).parent / Path(program).name), *arguments]
        key, _, value = service["Environment"].partition("=")
        self._environ = {**environ, key: value, "PATH": os.environ["PATH"]}
        self._folder = folder
        self._niceness = service["Nice"]
        self._log = (folder / f"{name}.log").open("ab")
        self.socket = socket.create_server(
            ("127.0.0.1", 0), backlog=int(unit(f"twirec-{name}.socket")["Socket"]["Backlog"])
        )
        self.port: int = self.socket.getsockname()[1]
        self.shipped_port = unit(f"twirec-{name}.socket")["Socket"]["ListenStream"].split(":")[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        kept = self.socket.fileno()
        self.process = subprocess.Popen(
            ["nice", "-n", self._niceness, "bash", "-c", AS_SYSTEMD, str(kept), *self._command],
            env=self._environ,
            cwd=self._folder,
            pass_fds=(kept,),
            stdout=self._log,
            stderr=self._log,
        )

    def reload(self) -> None:
        """What `systemctl reload` does."""
        assert self.process
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def restart(self) -> None:
        """What `systemctl restart` does."""
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self.socket.close()
        self._log.close()


@dataclass(frozen=True, slots=True)
class Rung:
    """A call that rang.

    Attributes:
        seconds: until it was answered.
    """

    status: int
    twiml: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Installation:
    """Two services behind Caddy.

    Attributes:
        starts: seconds that both took to start, on this machine, as busy as it is.
    """

    phone: Service
    panel: Service
    port: int
    folder: Path
    starts: float

    def ring(self, number: int) -> Rung:
        """Let Twilio tell of a call, through the front."""
        return self._told("/voice", number, From="+34600111222", CallStatus="ringing")

    def end(self, number: int) -> Rung:
        """Let Twilio tell of the end of a softphone's call of which nobody knows."""
        return self._told("/twirec/ended", number, From="client:alex", CallStatus="completed")

    def _told(self, path: str, number: int, **fields: str) -> Rung:
        form = {
            "AccountSid": ACCOUNT_SID,
            "CallSid": f"CA{number:032x}",
            "To": "+34911000111",
            "Direction": "inbound",
            **fields,
        }
        signature = RequestValidator(AUTH_TOKEN).compute_signature(PUBLIC_URL + path, form)
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature,
        }
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return Rung(answer.status, body, time.monotonic() - began)

    def rung(self, first: int, calls: int = 20, over: float = 5.0) -> list[Rung]:
        """Let calls ring, evenly over some seconds, whether the ones before are answered or not."""
        with ThreadPoolExecutor(calls) as phones:
            ringing: list[Future[Rung]] = []
            for each in range(calls):
                ringing.append(phones.submit(self.ring, first + each))
                time.sleep(over / calls)
            return [each.result() for each in ringing]

    def connect(self, *, takes: int | None = None) -> socket.socket:
        """Open a connection to the front.

        Args:
            takes: bytes that the client's side buffers, if it is to take little.
        """
        client = socket.socket()
        if takes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", self.port))
        return client

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found


class Staff:
    """The browser of somebody of the staff, on plain sockets, so that it can misbehave.

    Args:
        installation: whose pages it opens.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._cookies: dict[str, str] = {}
        self._token = ""

    def sign_in(self, name: str, password: str) -> int:
        """Sign in; return the status."""
        _, page = self._send("GET", "/sign-in")
        self._token = token_in(page)
        status, _ = self.post("/sign-in", name=name, password=password)
        if status == 302:
            _, page = self._send("GET", "/calls")
            self._token = token_in(page)
        return status

    def post(self, path: str, **form: str) -> tuple[int, str]:
        """Post a form, with the token."""
        return self._send("POST", path, urlencode({"csrf_token": self._token, **form}))

    def ask_and_read_nothing(self, path: str, **form: str) -> socket.socket:
        """Post a form, and leave the answer where it is."""
        client = self._installation.connect(takes=4096)
        body = urlencode({"csrf_token": self._token, **form})
        client.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self._kept()}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        return client

    def _kept(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _send(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self._installation.port, timeout=PATIENCE)
        headers = {"Cookie": self._kept(), "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        for kept in answer.msg.get_all("Set-Cookie", ()):
            name, _, value = kept.partition(";")[0].partition("=")
            self._cookies[name] = value
        connection.close()
        return answer.status, page


@contextmanager
def running(environ: Mapping[str, str], folder: Path) -> Iterator[Installation]:
    """Run phone, panel and Caddy."""
    caddy = shutil.which("caddy")
    if caddy is None:
        raise FileNotFoundError("this test needs Caddy: apt-get install caddy")
    began = time.monotonic()
    with ExitStack() as stack:
        services = [Service(name, environ, folder) for name in ("phone", "panel")]
        for service in services:
            stack.callback(service.close)
            service.start()
        port = free_port()
        config = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
        config = config.replace("calls.example.com", f"http://127.0.0.1:{port}")
        config = config.replace("{\n", "{\n\tadmin off\n", 1)
        # A process imports for a second of CPU, which can take longer than callers wait.
        config = config.replace(
            "response_header_timeout 15s", f"response_header_timeout {PATIENCE}s"
        )
        for service in services:
            assert f"127.0.0.1:{service.shipped_port}" in config
            config = config.replace(
                f"127.0.0.1:{service.shipped_port}", f"127.0.0.1:{service.port}"
            )
        (folder / "Caddyfile").write_text(config, encoding="utf-8")
        log = stack.enter_context((folder / "caddy.log").open("wb"))
        front = subprocess.Popen(
            [caddy, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
            env={"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        stack.callback(front.wait, PATIENCE)
        stack.callback(front.terminate)
        found = Installation(services[0], services[1], port, folder, 0.0)
        while not _lives(found):
            assert time.monotonic() < began + PATIENCE, (folder / "phone.log").read_text()
            time.sleep(0.1)
        yield replace(found, starts=time.monotonic() - began)


def _lives(installation: Installation) -> bool:
    try:
        signed_in = installation.get("/sign-in")[0] == 200
        return signed_in and installation.get("/twirec/ping")[0] in {200, 503}
    except OSError:
        return False
