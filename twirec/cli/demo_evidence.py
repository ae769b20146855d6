"""The end of the demo: a sealed package of one of its calls, and its check."""

from __future__ import annotations

import dataclasses
import shutil
import ssl
from contextlib import closing
from pathlib import Path

import twirec
from twirec.cli.output import say
from twirec.evidence.check import check_evidence
from twirec.evidence.tools import check_installed
from twirec.model.access import Actor
from twirec.model.claims import CheckLevel
from twirec.model.errors import EvidenceToolsMissing
from twirec.model.evidence import EvidenceCheck
from twirec.model.states import State
from twirec.sandbox.authority import Authority

NAME = "evidence.pdf"
ANA = Actor("the demo", "admin")
SAID = {CheckLevel.HOLDS: "right", CheckLevel.BROKEN: "broken", CheckLevel.UNKNOWN: "not known"}


def authority_of(folder: Path, company: str) -> Authority | None:
    """Return an authority that seals the demo's evidence; None where this machine makes none.

    Args:
        folder: of the demo.
        company: whom the seal names.
    """
    try:
        check_installed()
    except EvidenceToolsMissing:
        return None
    return Authority(folder / "authority", company) if shutil.which("openssl") else None


def seal_one(archive: twirec.Archive, authority: Authority | None, folder: Path) -> str:
    """Make a package of a call, and check it; return what is wrong, empty for nothing.

    Args:
        archive: of the demo.
        authority: seals it; None makes none, and says why.
        folder: of the demo.
    """
    if authority is None:
        say("No sealed package: pip install 'twirec[evidence]', and openssl, make one.")
        return ""
    with authority:
        found, path = _sealed(archive, authority, folder / NAME)
    levels = [claim.level for claim in found.claims]
    counts = ", ".join(f"{levels.count(level)} {SAID[level]}" for level in dict.fromkeys(levels))
    say(f"A sealed package of one call: {path} (its claims: {counts}; twirec verify says each)")
    return "" if found.holds else "the sealed package does not hold"


def _sealed(
    archive: twirec.Archive, authority: Authority, path: Path
) -> tuple[EvidenceCheck, Path]:
    settings = dataclasses.replace(
        archive.settings,
        seal=str(authority.seal),
        seal_password=authority.password,
        tsa_url=authority.url,
    )
    found = archive.calls.search(state=State.RELEASED, limit=1, by=ANA)
    recording = next(each for call in found.calls for each in call.recordings)
    with closing(twirec.Archive(settings)) as timed:
        package = timed.custody.evidence(
            recording.sid, by=ANA, purpose="claim", file_name=path.name
        )
        with package, path.open("wb") as file:
            file.writelines(package)
    root = ssl.PEM_cert_to_DER_cert(authority.root.read_text(encoding="ascii"))
    with path.open("rb") as file:
        return check_evidence(file, [root]), path
