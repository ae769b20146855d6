"""Makes a package: its files, its pages, its seal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from twirec.custody.document_pdf import Attachment, pdf
from twirec.evidence.container import Medium, write
from twirec.evidence.manifest import JSON, MANIFEST, Inside, files, manifest, media_name
from twirec.evidence.report import report
from twirec.evidence.seal import Seal
from twirec.evidence.texts import words
from twirec.model.audio import WAV_TYPE
from twirec.model.errors import InvalidQuery
from twirec.model.evidence import CaseFacts, EvidenceForm, RecordingFacts

LARGEST = 500_000_000
"""Bytes of all recordings in a PDF, which is made in memory; a container is written as it comes."""

PAGES = "report.pdf"
"""The pages, in a container."""

Open = Callable[[RecordingFacts], Iterator[bytes]]
"""Reads a recording, compared with what was archived."""


def make(
    case: CaseFacts,
    form: EvidenceForm,
    seal: Seal,
    open_recording: Open,
    into: IO[bytes],
    file_name: str,
) -> None:
    """Make a package.

    Args:
        case: what it says.
        form: of it.
        seal: seals it.
        open_recording: reads a recording.
        into: where to; it can be sought in.
        file_name: by which its pages say how to check it.

    Raises:
        InvalidQuery: it is too large for a PDF.
        BytesDiffer: a recording is not what was archived.
        TimeStampUnavailable: the authority of time does not answer, or not as it has to.
    """
    size = sum(facts.recording.size or 0 for facts in case.recordings)
    if form is EvidenceForm.PDF and size > LARGEST:
        raise InvalidQuery(
            f"form: the recordings have {size // 1_000_000} MB, which is too much for a PDF; "
            "choose asice, a container."
        )
    inside = files(case)
    inside.append(Inside(MANIFEST, manifest(case, inside), JSON))
    pages = report(
        case,
        form,
        inside,
        subject=seal.subject,
        issuer=seal.issuer,
        has_time=seal.has_time,
        file_name=file_name,
    )
    if form is EvidenceForm.ASICE:
        inside.append(Inside(PAGES, pdf(pages, case.made_at), "application/pdf"))
        media = (
            Medium(
                media_name(facts),
                facts.recording.size or 0,
                facts.recording.sha256 or "",
                open_recording(facts),
            )
            for facts in case.recordings
        )
        write(into, inside, media, seal, case.made_at)
        return
    attached = [
        Attachment(
            media_name(facts), b"".join(open_recording(facts)), WAV_TYPE, facts.recording.sid
        )
        for facts in case.recordings
    ]
    attached += [Attachment(each.name, each.data, each.content_type, each.name) for each in inside]
    reason = words(case.language)["title"]
    into.write(seal.pdf(pdf(pages, case.made_at, attached), reason=reason))
