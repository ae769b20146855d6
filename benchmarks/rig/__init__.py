"""The rig: one program of Node that answers as Twilio's recording API and as Google's JSON API.

It shares nothing with twirec, its stand-in for Twilio or the servers of its tests, so that
a mistake in one of these does not measure itself. `npm ci` in this folder installs the one package
that it needs; the first use does so.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ACCOUNT_SID = "AC" + "0" * 32
TOKEN = "tok"  # noqa: S105 - the rig takes any
BUCKET = "rec"


class Rig:
    """The running rig.

    Args:
        port: where it listens, on this machine only.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def seed(self, recordings: int, size: int) -> None:
        """Forget everything, and hold so many new recordings of so many bytes."""
        self._ask("/_reset")
        while recordings:
            some = min(recordings, 1000)
            self._ask(f"/_seed?n={some}&bytes={size}", "POST")
            recordings -= some

    def again(self) -> None:
        """Hold all recordings that were seeded once more, and forget what became of them."""
        self._ask("/_again")

    def delay(self, milliseconds: int) -> None:
        """Add so much to each answer from now on."""
        self._ask(f"/_latency?ms={milliseconds}")

    def state(self) -> dict[str, Any]:
        """Return what is there: `recordings`, `objects`, `wrong` ones, and `stats` of requests."""
        found: dict[str, Any] = self._ask("/_stats")
        return found

    def sids(self) -> list[str]:
        """Return the SIDs of the recordings that Twilio still has."""
        return [found["sid"] for found in self._ask("/_recordings")]

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def rig(latency: int = 0) -> Iterator[Rig]:
    """Run the rig.

    Args:
        latency: milliseconds that are added to each answer.

    Its package is installed at the first time.

    Raises:
        SystemExit: Node or npm is missing.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        sys.exit("The rig needs Node: apt-get install nodejs npm")
    if not (FOLDER / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--silent"], cwd=FOLDER, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [node, "--no-warnings", str(FOLDER / "rig.mjs"), str(port), str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it says when it listens
        try:
            yield Rig(port)
        finally:
            process.terminate()


@dataclass(frozen=True)
class Figures:
    """What one way of doing the work took.

    Attributes:
        seconds: from the first process's begin to the last one's end.
        cpu: seconds of CPU of all processes, in that time.
        mib: the most memory that one process ever held.
        requests: that both ends got, in that time.
    """

    seconds: float
    cpu: float
    mib: float
    requests: int


def run_together(
    commands: Sequence[Sequence[str]], environ: Mapping[str, str], rig: Rig
) -> Figures:
    """Start processes, let them begin together once all are ready, and return what it took.

    Each runs `at_the_start` and prints what `report` gives.
    """
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for command in commands
        ]
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise SystemExit(f"{process.args!r} did not begin")
        before = sum(rig.state()["stats"].values())
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        found = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    return Figures(
        seconds=max(each["ended"] for each in found) - min(each["begun"] for each in found),
        cpu=sum(each["cpu"] for each in found),
        mib=max(each["mib"] for each in found),
        requests=sum(rig.state()["stats"].values()) - before,
    )
