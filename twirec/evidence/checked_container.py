"""Opens a container, and looks whether it is whole and sealed."""

from __future__ import annotations

import base64
import binascii
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import IO
from xml.etree import ElementTree

from twirec.evidence import trust
from twirec.evidence.container import (
    ASIC,
    LIST,
    MIMETYPE,
    SHA256,
    SIGNATURE,
    STAMP,
    STAMPED,
    XMLDSIG,
)
from twirec.evidence.opened import UNREADABLE, Files, Opened, TooLarge
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.errors import NoEvidence

BROKEN, HOLDS = CheckLevel.BROKEN, CheckLevel.HOLDS

SMALL = 20_000_000
"""Bytes of the largest file that is read at once."""

OF_THE_SEAL = (LIST, SIGNATURE, STAMPED, STAMP)


def open_container(package: IO[bytes], trusted: Sequence[bytes]) -> Opened:
    """Open a container.

    Args:
        package: the file.
        trusted: certificates of whom is trusted, DER.

    Raises:
        NoEvidence: it is no zip file that can be read.
    """
    try:
        file = zipfile.ZipFile(package)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise NoEvidence(f"The container cannot be read: {type(error).__name__}.") from None
    names = [info.filename for info in file.infolist()]
    files = Files({name: partial(file.open, name) for name in names})
    try:
        claims = tuple(_looked_at(file, files, names, trust.Trust.of(trusted)))
    except TooLarge as error:
        claims, files = (error.claim(),), Files({})
    except UNREADABLE as error:
        about = {"error": type(error).__name__}
        claims = (EvidenceClaim("container", BROKEN, "container_unreadable", about),)
        files = Files({})
    return Opened(claims, files)


def _looked_at(
    file: zipfile.ZipFile, files: Files, names: list[str], whom: trust.Trust
) -> Iterator[EvidenceClaim]:
    doubled = sorted(name for name, count in Counter(names).items() if count > 1)
    for name in doubled:
        yield EvidenceClaim(name, BROKEN, "doubled", {"file": name})
    first = file.infolist()[0] if names else None
    plain = first and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED
    if not plain or _read(file, "mimetype") != MIMETYPE.encode():
        yield EvidenceClaim("mimetype", BROKEN, "mimetype")
    missing = [name for name in (LIST, SIGNATURE) if name not in names]
    if missing or doubled:
        for name in missing:
            yield EvidenceClaim("seal", BROKEN, "unsealed", {"file": name})
        return
    listed = _read(file, LIST)
    yield from trust.signed(listed, _read(file, SIGNATURE), whom)
    yield from _compared(files, names, listed)
    if STAMP in names and STAMPED in names:
        stamped = _read(file, STAMPED)
        yield from trust.stamp(stamped, _read(file, STAMP), whom)
        yield from _compared(files, names, stamped, (LIST, SIGNATURE))
    elif STAMP in names or STAMPED in names:
        yield EvidenceClaim("time", BROKEN, "half_stamp")


def _compared(
    files: Files, names: list[str], listed: bytes, also: Sequence[str] = ()
) -> Iterator[EvidenceClaim]:
    """Compare the files with the list that is sealed."""
    try:
        digests = dict(_digests(listed))
    except (ElementTree.ParseError, ValueError, KeyError, binascii.Error):
        yield EvidenceClaim("list", BROKEN, "list_unreadable")
        return
    there = {name for name in names if name not in OF_THE_SEAL and name != "mimetype"}
    for name in sorted(there - digests.keys()):
        yield EvidenceClaim(name, BROKEN, "added", {"file": name})
    for name, digest in sorted(digests.items()):
        if name not in names:
            yield EvidenceClaim(name, BROKEN, "taken_out", {"file": name})
        elif (not also or name in also) and files.sha256(name)[0] != digest.hex():
            yield EvidenceClaim(name, BROKEN, "changed", {"file": name})
        elif not also:
            yield EvidenceClaim(name, HOLDS, "sealed", {"file": name})


def _digests(listed: bytes) -> Iterator[tuple[str, bytes]]:
    if b"<!DOCTYPE" in listed or b"<!ENTITY" in listed:  # none is in what the seal is of
        raise ValueError
    listing = ElementTree.fromstring(listed)  # noqa: S314 - without a DOCTYPE it can do no harm
    for each in listing.iter(f"{{{ASIC}}}DataObjectReference"):
        method = each.find(f"{{{XMLDSIG}}}DigestMethod")
        value = each.findtext(f"{{{XMLDSIG}}}DigestValue")
        if method is None or method.get("Algorithm") != SHA256 or not value:
            raise ValueError
        yield each.attrib["URI"], base64.b64decode(value, validate=True)


def _read(file: zipfile.ZipFile, name: str) -> bytes:
    with file.open(name) as opened:
        data = opened.read(SMALL + 1)
    if len(data) > SMALL:
        raise TooLarge(name, SMALL)
    return data
