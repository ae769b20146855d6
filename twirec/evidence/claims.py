"""What a package says, held against its own bytes."""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Iterator, Mapping
from typing import Any

from twirec.evidence.manifest import MANIFEST, SCHEMA, WORDING, wording
from twirec.evidence.opened import UNREADABLE, Files
from twirec.model.evidence import CheckLevel, EvidenceClaim

BROKEN, HOLDS, UNKNOWN = CheckLevel.BROKEN, CheckLevel.HOLDS, CheckLevel.UNKNOWN

LARGEST = 50_000_000
"""Bytes of the largest manifest that is read."""

SECOND = 1.0
"""How far a recording's length may be from what Twilio says of it, which is whole seconds."""


def claims_of(files: Files) -> Iterator[EvidenceClaim]:
    """Yield what was found of a package's manifest, and of what it says."""
    if MANIFEST not in files:
        yield EvidenceClaim(MANIFEST, BROKEN, f"{MANIFEST} is missing.")
        return
    try:
        with files.open(MANIFEST) as file:
            manifest = json.loads(file.read(LARGEST))
        if manifest["schema"] != SCHEMA:
            raise ValueError
        yield from _files(files, manifest)
        for recording in manifest["recordings"]:
            yield from _recording(files, recording)
        yield from _head(manifest)
    except (*UNREADABLE, TypeError, KeyError, AttributeError):
        yield EvidenceClaim(MANIFEST, BROKEN, f"{MANIFEST} is not one of {SCHEMA}.")


def _files(files: Files, manifest: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Compare the files with what the manifest lists."""
    listed = manifest["files"]
    for name, facts in sorted(listed.items()):
        if name not in files:
            yield EvidenceClaim(name, BROKEN, f"{name} is missing, which the manifest lists.")
            continue
        found = files.sha256(name)
        if found != (facts["sha256"], facts["size"]):
            yield EvidenceClaim(name, BROKEN, f"{name} is not what the manifest lists.")
        else:
            yield EvidenceClaim(name, HOLDS, f"{name} has the SHA-256 that the manifest gives.")


def _recording(files: Files, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    sid, name = said["recording_sid"], said["file"]
    listed = said["sha256"]
    if name in files:
        yield from _sound(files, name, said)
        if files.sha256(name)[0] != listed:
            yield EvidenceClaim(sid, BROKEN, f"{sid} is not the recording that was archived.")
    known = {}
    for digest in sorted({each["announcement"] for each in said["consents"]}):
        at = f"{WORDING}{digest}.json"
        if at not in files:
            yield EvidenceClaim(
                at, BROKEN, f"A wording is missing, which a consent names: {digest[:12]}…."
            )
            continue
        with files.open(at) as file:
            content = file.read()
        known[digest] = wording(content)
        if hashlib.sha256(content).hexdigest() != digest or known[digest].hash != digest:
            yield EvidenceClaim(
                at, BROKEN, f"The wording is not that of the consent ({digest[:12]}…)."
            )
        else:
            yield EvidenceClaim(at, HOLDS, "The wording is the one that the consent names.")
    yield from _order(sid, said)


def _sound(files: Files, name: str, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Compare length and channels of the sound with what is said of it."""
    sid = said["recording_sid"]
    try:
        with files.open(name) as file, wave.open(file, "rb") as sound:
            seconds, channels = sound.getnframes() / sound.getframerate(), sound.getnchannels()
    except (wave.Error, EOFError, ZeroDivisionError):
        yield EvidenceClaim(
            sid, UNKNOWN, f"{sid} is audio of a kind whose length cannot be read here."
        )
        return
    length, count = said["duration_seconds"], said["channels"]
    if said["accepted_despite"]:
        why = f"{sid} was archived although it differs: {said['accepted_despite']}"
        yield EvidenceClaim(sid, UNKNOWN, why)
    elif (length is not None and abs(seconds - length) > SECOND) or (count or channels) != channels:
        what = f"{seconds:.1f} s and {channels} channels"
        yield EvidenceClaim(
            sid, BROKEN, f"{sid} has {what}, not {length} s and {count} as is said of it."
        )
    else:
        yield EvidenceClaim(
            sid, HOLDS, f"{sid} is audio of {seconds:.1f} s in {channels} channels."
        )


def _order(sid: str, said: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Look whether what came after what could be so."""
    times = [each["at"] for each in said["custody_chain"]]
    if times != sorted(times):
        yield EvidenceClaim(sid, BROKEN, f"The chain of custody of {sid} is not in order of time.")
    began = said["started_at"]
    allowed = [each for each in said["consents"] if each["outcome"] in ("informed", "granted")]
    # Twilio gives whole seconds of when a recording began
    if began and any(each["at"][:19] <= began[:19] for each in allowed):
        said_so = "was told, or said yes, before the recording began"
        yield EvidenceClaim("consent", HOLDS, f"Somebody in the call of {sid} {said_so}.")
    else:
        why = said["legal_ground"] or "nothing in the package"
        yield EvidenceClaim(
            "consent", UNKNOWN, f"That anybody was told before {sid} began shows {why}."
        )


def _head(manifest: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    head = manifest["audit_head"]
    if head:
        said = f"The audit log had {head['seq']} entries; that nobody wrote it anew is not in here."
        yield EvidenceClaim("audit log", UNKNOWN, said)
