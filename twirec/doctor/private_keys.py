"""Whether other users of this machine may read the private keys that settings name."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from twirec.adapters.decryption import key_files
from twirec.adapters.disk import FileFacts, file_facts
from twirec.doctor.results import ok, warning
from twirec.model.inspection import Check, CheckResult

GOOGLE = "GOOGLE_APPLICATION_CREDENTIALS"
OTHERS = 0o077
"""The bits of a file's mode that let its group and all others do anything."""


def private_key_results(environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Look at the files that `TWIREC_DECRYPTION_KEYS` and Google's own variable name.

    What is no file is not shown: a value may be the key itself.
    """
    if sys.platform == "win32":  # where modes say nothing
        return
    named = [("TWIREC_DECRYPTION_KEYS", path) for path in key_files(environ)]
    if environ.get(GOOGLE):
        named.append((GOOGLE, Path(environ[GOOGLE])))
    looked = [(name, path, file_facts(path)) for name, path in named]
    files = [(name, path, facts) for name, path, facts in looked if facts]
    open_to_others = [one for one in files if one[2].mode & OTHERS]
    for name, path, facts in open_to_others:
        yield check_private_key(name, path, facts, os.getuid())
    if files and not open_to_others:
        yield ok(Check.PRIVATE_KEYS, "Only their owners may read the private keys.")


def check_private_key(name: str, path: Path, facts: FileFacts, user: int) -> CheckResult:
    """Say who else may read a private key, and what ends it.

    Args:
        name: the setting that names it.
        path: where it is.
        facts: its mode and owner.
        user: the id of the user who runs this, and to whom it has to belong.
    """
    who = "Every user of this machine" if facts.mode & 0o007 else "The group of its file"
    where = shlex.quote(str(path))
    close = f"chmod 600 {where}"
    if facts.owner != user:
        close = f"chown {user} {where} && {close}"
    what = f"{who} may read the private key {path} of {name} (mode {facts.mode:03o})."
    return warning(Check.PRIVATE_KEYS, what, close)
