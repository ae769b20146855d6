"""Checks a package that somebody sent, in a process of its own.

Nobody knows who made it: it may be made to harm. The process has no settings and no secrets, and
bounds of memory, time and of what it says, whatever a file unpacks to.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY = 2_000_000_000
"""Bytes of addresses."""

SECONDS = 60
"""Of CPU, and of waiting."""

SAID = 4_000_000
"""Bytes of what is found: a container may have a million files, and a sentence about each."""

BOUNDED = f"""
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, ({SAID}, {SAID}))
runpy.run_module("twirec", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that was looked at.

    Attributes:
        level: `holds`, `broken` or `unknown`.
        said: a sentence about it.
    """

    level: str
    said: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        holds: whether nothing is broken.
        claims: everything that was looked at.
    """

    holds: bool
    claims: Sequence[Claim]


def check(package: Path, trusted: Path | None, language: str) -> Checked | None:
    """Check a package as `twirec verify` does; None if it is none, or cannot be looked at.

    Args:
        package: the file.
        trusted: a PEM file of whose certificates are trusted; None for none.
        language: `en` or `es`.
    """
    words = ["verify", str(package), "--json", "--language", language]
    if trusted is not None:
        words += ["--trust", str(trusted)]
    environ: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
    try:
        # Into a file, whose bound is the process's own: a pipe would be read into our memory.
        with tempfile.TemporaryFile() as out:
            subprocess.run(  # noqa: S603 - our own program, and no shell
                [sys.executable, "-c", BOUNDED, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                env=environ,
                cwd=package.parent,
                check=False,
            )
            out.seek(0)
            found = json.loads(out.read(SAID))
        claims = tuple(Claim(str(each["level"]), str(each["said"])) for each in found["claims"])
        return Checked(bool(found["holds"]), claims)
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None
