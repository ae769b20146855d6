"""Opens a PDF, and looks whether it is whole and sealed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import IO, Any

from twirec.evidence import trust
from twirec.evidence.opened import Files, Opened
from twirec.evidence.seal import FIELD
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.errors import NoEvidence

try:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
    from pyhanko.sign.validation.status import SignatureCoverageLevel
except ImportError:  # of the extra `evidence`: `check_installed` says so
    pass

BROKEN, HOLDS = CheckLevel.BROKEN, CheckLevel.HOLDS


def open_pdf(package: IO[bytes], trusted: Sequence[bytes]) -> Opened:
    """Open a PDF.

    Args:
        package: the file.
        trusted: certificates of whom is trusted, DER.

    Raises:
        NoEvidence: it cannot be read as a PDF.
    """
    try:
        reader = PdfFileReader(package)
        files = Files(dict(_attachments(reader)))
    except Exception as error:  # noqa: BLE001 - whatever a library says of bytes made to harm
        raise NoEvidence(f"The PDF cannot be read: {trust.kind(error)}.") from None
    try:
        claims = tuple(_looked_at(reader, trust.Trust.of(trusted)))
    except Exception as error:  # noqa: BLE001 - as above
        claims = (EvidenceClaim("seal", BROKEN, "seal_unreadable", {"error": trust.kind(error)}),)
    return Opened(claims, files)


def _looked_at(reader: Any, whom: trust.Trust) -> Iterator[EvidenceClaim]:
    signatures = {each.field_name: each for each in reader.embedded_regular_signatures}
    seal = signatures.pop(FIELD, None)
    if seal is None:
        yield EvidenceClaim("seal", BROKEN, "no_seal")
        return
    for name in signatures:
        yield EvidenceClaim(name, BROKEN, "signed_too", {"name": name})
    at = trust.stamped_at(seal.signed_data)
    status = trust.run(
        async_validate_pdf_signature(
            seal,
            signer_validation_context=whom.context(at),
            ts_validation_context=whom.context(),
        )
    )
    yield from trust.judged(status, whom)
    if status.intact and status.coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        yield EvidenceClaim("pages", BROKEN, "seal_partial")
    elif status.intact and status.modification_level > ModificationLevel.LTA_UPDATES:
        yield EvidenceClaim("pages", BROKEN, "added_later")
    elif status.intact:
        yield EvidenceClaim("pages", HOLDS, "nothing_added")
    for stamp in reader.embedded_timestamp_signatures:
        found = trust.run(async_validate_pdf_timestamp(stamp, whom.context()))
        if not (found.intact and found.valid):
            yield EvidenceClaim("pages", BROKEN, "archive_stamp")


def _attachments(reader: Any) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Yield what opens each file in the document (ISO 32000-2, 7.11.4)."""
    names = reader.root.get("/Names", {})
    if "/EmbeddedFiles" in names:
        yield from _of_node(names["/EmbeddedFiles"])


def _of_node(node: Any, depth: int = 0) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    if depth > 20:
        raise ValueError("its tree of names is endless")
    kids, pairs = node.get("/Kids", ()), node.get("/Names", ())  # by index, they are looked up
    for place in range(len(kids)):
        yield from _of_node(kids[place], depth + 1)
    for place in range(1, len(pairs), 2):
        spec = pairs[place]
        name = str(spec.get("/UF") or spec["/F"])
        yield name, partial(_opened, spec["/EF"]["/F"])


def _opened(stream: Any) -> IO[bytes]:
    return io.BytesIO(stream.data)
