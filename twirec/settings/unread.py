"""A file of settings that lies there and is not read: named, so that nobody looks for the fault.

It is not read by itself: web process and worker would have other settings in another folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

NAME = ".env"
_LINE = re.compile(r"\s*(?:export\s+)?((?:TWILIO|TWIREC|GOOGLE)_[A-Z_]+)\s*=\s*\S")


def unread_settings(environ: Mapping[str, str], folder: Path) -> str | None:
    """Return a sentence about the settings that only the folder's `.env` has; None if none.

    Only names are read, and only names are said.

    Args:
        environ: the settings as they are.
        folder: where a person would look.
    """
    try:
        lines = (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    named = [match[1] for line in lines if (match := _LINE.match(line))]
    missing = sorted({name for name in named if not environ.get(name)})
    if not missing:
        return None
    shown = ", ".join(missing[:4]) + (" …" if len(missing) > 4 else "")
    return (
        f"{folder / NAME} has {shown}, and is not read by itself: give it to the command line "
        "(twirec --env-file .env …), or to the shell first (set -a; . ./.env; set +a)"
    )
