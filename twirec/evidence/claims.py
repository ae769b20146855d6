"""What a package says, held against its own bytes."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twirec.evidence.anchored import LARGEST as LARGEST_STAMP
from twirec.evidence.anchored import named, stamp_claims
from twirec.evidence.manifest import ANCHOR, ANCHOR_STAMP, MANIFEST, SCHEMA, WORDING, wording
from twirec.evidence.month_claims import MONTH_SCHEMA, claims_of_month
from twirec.evidence.opened import UNREADABLE, Files, TooLarge
from twirec.model.anchors import LONGEST, anchor_of
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.merkle import leaf_hash, shared_root

BROKEN, HOLDS, UNKNOWN = CheckLevel.BROKEN, CheckLevel.HOLDS, CheckLevel.UNKNOWN

LARGEST = 50_000_000
"""Bytes of the largest manifest that is read."""

LARGEST_WORDING = 1_000_000
"""Bytes of the largest wording that is read; one has some hundreds."""

SECOND = 1.0
"""How far a recording's length may be from what Twilio says of it, which is whole seconds."""


def claims_of(files: Files, trusted: Sequence[bytes] = ()) -> Iterator[EvidenceClaim]:
    """Yield what was found of a package's manifest, and of what it says.

    Args:
        files: of the package.
        trusted: certificates of whom is trusted to say the time, DER.
    """
    if MANIFEST not in files:
        yield EvidenceClaim(MANIFEST, BROKEN, "manifest_missing", {"file": MANIFEST})
        return
    try:
        manifest = json.loads(files.read(MANIFEST, LARGEST))
        if manifest["schema"] not in (SCHEMA, MONTH_SCHEMA):
            raise ValueError
        listed = list(_files(files, manifest))
        yield from listed
        if manifest["schema"] == MONTH_SCHEMA:
            if all(each.level is HOLDS for each in listed):
                yield from claims_of_month(files, manifest)
            yield from _head(files, manifest, trusted)
            return
        for recording in manifest["recordings"]:
            yield from _recording(files, recording)
        yield from _head(files, manifest, trusted)
    except TooLarge as error:
        yield error.claim()
    except (*UNREADABLE, csv.Error, TypeError, KeyError, AttributeError):
        about = {"file": MANIFEST, "schema": SCHEMA}
        yield EvidenceClaim(MANIFEST, BROKEN, "manifest_unreadable", about)


def _files(files: Files, manifest: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Compare the files with what the manifest lists."""
    listed = manifest["files"]
    for name, facts in sorted(listed.items()):
        about = {"file": name}
        if name not in files:
            yield EvidenceClaim(name, BROKEN, "file_missing", about)
        elif files.sha256(name) != (facts["sha256"], facts["size"]):
            yield EvidenceClaim(name, BROKEN, "file_differs", about)
        else:
            yield EvidenceClaim(name, HOLDS, "file_holds", about)


def _recording(files: Files, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    sid, name = said["recording_sid"], said["file"]
    listed = said["sha256"]
    if name in files:
        yield from _sound(files, name, said)
        if files.sha256(name)[0] != listed:
            yield EvidenceClaim(sid, BROKEN, "recording_differs", {"sid": sid})
    for digest in sorted({each["announcement"] for each in said["consents"]}):
        at, about = f"{WORDING}{digest}.json", {"hash": digest[:12]}
        if at not in files:
            yield EvidenceClaim(at, BROKEN, "wording_missing", about)
            continue
        content = files.read(at, LARGEST_WORDING)
        if hashlib.sha256(content).hexdigest() != digest or wording(content).hash != digest:
            yield EvidenceClaim(at, BROKEN, "wording_differs", about)
        else:
            yield EvidenceClaim(at, HOLDS, "wording_holds")
    yield from _order(sid, said)


def _sound(files: Files, name: str, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Compare length and channels of the sound with what is said of it."""
    sid = said["recording_sid"]
    try:
        with files.open(name) as file, wave.open(file, "rb") as sound:
            seconds, channels = sound.getnframes() / sound.getframerate(), sound.getnchannels()
    except (wave.Error, EOFError, ZeroDivisionError):
        yield EvidenceClaim(sid, UNKNOWN, "sound_unknown", {"sid": sid})
        return
    length, count = said["duration_seconds"], said["channels"]
    about = {"sid": sid, "seconds": f"{seconds:.1f}", "channels": str(channels)}
    if said["accepted_despite"]:
        about = {"sid": sid, "why": str(said["accepted_despite"])}
        yield EvidenceClaim(sid, UNKNOWN, "sound_accepted", about)
    elif (length is not None and abs(seconds - length) > SECOND) or (count or channels) != channels:
        about |= {"said_seconds": str(length), "said_channels": str(count)}
        yield EvidenceClaim(sid, BROKEN, "sound_differs", about)
    else:
        yield EvidenceClaim(sid, HOLDS, "sound_holds", about)


def _order(sid: str, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Look whether what came after what could be so."""
    times = [each["at"] for each in said["custody_chain"]]
    if times != sorted(times):
        yield EvidenceClaim(sid, BROKEN, "chain_order", {"sid": sid})
    began = said["started_at"]
    allowed = [each for each in said["consents"] if each["outcome"] in ("informed", "granted")]
    # Twilio gives whole seconds of when a recording began
    if began and any(each["at"][:19] <= began[:19] for each in allowed):
        yield EvidenceClaim("consent", HOLDS, "consent_holds", {"sid": sid})
    elif said["legal_ground"]:
        about = {"sid": sid, "ground": str(said["legal_ground"])}
        yield EvidenceClaim("consent", UNKNOWN, "consent_ground", about)
    else:
        yield EvidenceClaim("consent", UNKNOWN, "consent_unknown", {"sid": sid})


def _head(
    files: Files, manifest: Mapping[str, Any], trusted: Sequence[bytes]
) -> Iterator[EvidenceClaim]:
    head, proof = manifest["audit_head"], manifest.get("audit_anchor")
    if head and not proof:
        yield EvidenceClaim("audit log", UNKNOWN, "audit_head", {"seq": str(head["seq"])})
    if proof:
        yield from _anchored(files, manifest, proof, trusted)


def _anchored(
    files: Files, manifest: Mapping[str, Any], proof: Mapping[str, Any], trusted: Sequence[bytes]
) -> Iterator[EvidenceClaim]:
    """Look whether the entries that are shown were on the log that was anchored."""
    anchor = anchor_of(proof["anchor"])
    shown = {
        step["entry"]["seq"]: step["entry"]["hash"]
        for recording in manifest["recordings"]
        for step in recording["custody_chain"]
        if "entry" in step
    }
    news = sum(seq > anchor.entries for seq in shown)
    leaves = {
        seq - 1: leaf_hash(bytes.fromhex(digest))
        for seq, digest in shown.items()
        if seq <= anchor.entries
    }
    nodes = {
        (int(begin), int(end)): base64.b64decode(node, validate=True)
        for name, node in proof["nodes"].items()
        for begin, _, end in [name.partition("-")]
    }
    with files.open(ANCHOR) as file:
        same = file.read(LONGEST + 1) == anchor.content
    if not same or shared_root(leaves, anchor.entries, nodes).hex() != anchor.root:
        yield EvidenceClaim("audit log", BROKEN, "entries_not_anchored")
        return
    about = {"count": str(len(leaves)), **named(anchor)}
    yield EvidenceClaim("audit log", HOLDS, "entries_anchored", about)
    token = None
    if ANCHOR_STAMP in files:
        with files.open(ANCHOR_STAMP) as file:
            token = file.read(LARGEST_STAMP)
    for claim in stamp_claims(anchor, token, trusted):
        yield replace(claim, name="anchor")
    if news:
        yield EvidenceClaim("later entries", UNKNOWN, "entries_later", {"count": str(news)})
