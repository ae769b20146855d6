"""Checks a package: every byte, and every claim that can be held against the bytes.

It needs the package alone, and the certificates of whom somebody trusts: no catalog, no settings,
no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from twirec.evidence import checked_container, checked_pdf
from twirec.evidence.claim_words import in_words
from twirec.evidence.claims import claims_of
from twirec.evidence.tools import check_installed
from twirec.model.errors import NoEvidence
from twirec.model.evidence import EvidenceCheck, EvidenceForm


def check_evidence(
    package: IO[bytes], trusted: Sequence[bytes] = (), *, language: str = "en"
) -> EvidenceCheck:
    """Look at a package, which is a PDF or a container.

    Args:
        package: the file; it can be sought in.
        trusted: certificates of whom is trusted, each DER. Without any, whose seal it is cannot be
            known.
        language: in which it is said what was found, `en` or `es`.

    Raises:
        NoEvidence: it is neither.
        EvidenceToolsMissing: the extra `evidence` is not installed.
    """
    check_installed()
    begin = package.read(4)
    package.seek(0)
    if begin == b"%PDF":
        form, opened = EvidenceForm.PDF, checked_pdf.open_pdf(package, trusted)
    elif begin == b"PK\x03\x04":
        form, opened = EvidenceForm.ASICE, checked_container.open_container(package, trusted)
    else:
        raise NoEvidence("It is neither a PDF nor an ASiC-E container: it begins otherwise.")
    claims = [*opened.claims]
    claims += claims_of(opened.files)
    return EvidenceCheck(form, tuple(in_words(each, language) for each in claims))
