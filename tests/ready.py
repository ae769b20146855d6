"""Processes of `twirec` that begin with everything loaded: loading takes half a second of each.

One process loads it, and forks for each that is asked for. What only a process shows is as in life:
arguments, environment, folder, terminal or pipes, signals and exit status. How it begins is shown
by those tests that start `python -m twirec`.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LOADED = ("twirec.archive.archive", "alembic.command", "sqlalchemy.dialects.sqlite", "rich.live")
"""What commands load when they are run, besides their own files."""

MOST = 100_000
"""Bytes of what a process is told."""

Stream = int | IO[str] | None


class Ready:
    """What starts them.

    Args:
        requests: where it asks for one.
        environ: makes of the environment of a test that of the process.
    """

    def __init__(
        self,
        requests: socket.socket,
        environ: Callable[[Mapping[str, str]], Mapping[str, str]] = dict,
    ) -> None:
        self._requests = requests
        self._environ = environ

    def start(
        self,
        *words: str,
        env: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> Started:
        """Start `twirec` with these words.

        Args:
            words: behind `twirec`.
            env: its whole environment.
            stdin: `subprocess.PIPE`, or what `subprocess.DEVNULL` is.
            stdout: `subprocess.PIPE`, or a file.
            stderr: the same.
        """
        theirs: list[int] = []
        streams: list[IO[str] | None] = []
        for number, stream in enumerate((stdin, stdout, stderr)):
            mode = "r" if number else "w"
            if stream == subprocess.PIPE:
                reading, writing = os.pipe()
                ours, given = (reading, writing) if number else (writing, reading)
                streams.append(open(ours, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - a pipe
            else:
                given = os.open(os.devnull, os.O_RDWR) if stream < 0 else os.dup(stream)
                streams.append(None)
            theirs.append(given)
        ends, tells = os.pipe()
        theirs.append(tells)
        begin = {"words": words, "env": dict(self._environ(env)), "cwd": str(Path.cwd())}
        told = json.dumps(begin).encode()
        socket.send_fds(self._requests, [told], theirs)
        for each in theirs:
            os.close(each)
        return Started(os.fdopen(ends), *streams)

    def run(self, *words: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        """Run `twirec` to its end; return exit status, output and errors."""
        started = self.start(*words, env=env)
        out, err = started.communicate(timeout=120)
        return started.wait(), out, err


class Started:
    """A process, as `subprocess.Popen` shows it."""

    def __init__(
        self,
        told: IO[str],
        stdin: IO[str] | None,
        stdout: IO[str] | None,
        stderr: IO[str] | None,
    ) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._told = told
        self.pid = int(told.readline())

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Return its exit status, if it ended."""
        try:
            return self.wait(timeout=0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit status: negative of the signal that ended it.

        Raises:
            TimeoutExpired: it goes on after so many seconds.
        """
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("twirec", timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read what it says to its end; return output and errors."""
        if self.stdin:
            self.stdin.close()
        said = {}

        def read(stream: IO[str]) -> None:
            with stream:
                said[stream] = stream.read()

        streams = [stream for stream in (self.stdout, self.stderr) if stream]
        threads = [threading.Thread(target=read, args=(stream,)) for stream in streams]
        for thread in threads:
            thread.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send_signal(signal.SIGKILL)
            raise
        finally:
            for thread in threads:
                thread.join()
        out, err = (said[stream] if stream else "" for stream in (self.stdout, self.stderr))
        return out, err


@contextmanager
def ready(
    module: str = __name__, environ: Callable[[Mapping[str, str]], Mapping[str, str]] = dict
) -> Iterator[Ready]:
    """Load everything in a process, for as long as processes are asked for.

    Args:
        module: what loads, serves what it is asked for, and runs it: this one runs `twirec`.
        environ: makes of the environment of a test that of a process.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        forking = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        yield Ready(ours, environ)
    forking.wait()


# --- in the process that forks --------------------------------------------------------------


def serve(requests: socket.socket) -> list[str] | None:
    """Fork whenever it is asked; return the words in what was forked, and None at the end."""
    waking, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: it is for the tests
    running: dict[int, int] = {}
    while True:
        has_come, _, _ = select.select([requests, waking], [], [])
        if waking in has_come:
            waking.recv(MOST)
            _tell_ends(running)
        if requests in has_come:
            told, files, _, _ = socket.recv_fds(requests, MOST, 4)
            if not told:
                return None
            *streams, tells = files
            pid = os.fork()
            if not pid:
                for each in (requests, waking, woken):
                    signal.set_wakeup_fd(-1)
                    each.close()
                return _begin(json.loads(told), streams, [tells, *running.values()])
            for each_stream in streams:
                os.close(each_stream)
            os.write(tells, b"%d\n" % pid)
            running[pid] = tells


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        tells = running.pop(pid)
        os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(tells)


def _begin(told: dict[str, Any], streams: list[int], others: list[int]) -> list[str]:
    """Let this process be one that was started so."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for each in (*streams, *others):
        os.close(each)
    os.environ.clear()
    os.environ.update(told["env"])
    time.tzset()
    os.chdir(told["cwd"])
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _written(1, "strict")
    sys.stderr = _written(2, "backslashreplace")
    words: list[str] = told["words"]
    return words


def _written(number: int, errors: str) -> io.TextIOWrapper:
    made = open(number, "w", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    made.reconfigure(line_buffering=number == 2 or made.isatty())
    return made


if __name__ == "__main__":
    from twirec.cli import main

    for command in main.commands:
        main.commands[command]
    for module in LOADED:
        importlib.import_module(module)
    gc.freeze()
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        sys.argv = ["twirec", *words]
        runpy.run_module("twirec", run_name="__main__", alter_sys=True)
