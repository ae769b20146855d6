"""Checks a package: every byte, and every claim that can be held against the bytes.

It needs the package alone, and the certificates of whom somebody trusts: no catalog, no settings,
no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from twirec.evidence import checked_container, checked_pdf
from twirec.evidence.anchored import LARGEST, check_proof
from twirec.evidence.claim_words import in_words
from twirec.evidence.claims import claims_of
from twirec.evidence.tools import check_installed
from twirec.model.claims import EvidenceClaim
from twirec.model.errors import NoEvidence
from twirec.model.evidence import EvidenceCheck, EvidenceForm, ProofForm


def check_evidence(
    package: IO[bytes], trusted: Sequence[bytes] = (), *, language: str = "en"
) -> EvidenceCheck:
    """Look at a package, which is a PDF or a container, or at a proof of the audit log, in JSON.

    Args:
        package: the file; it can be sought in.
        trusted: certificates of whom is trusted, each DER. Without any, whose seal it is cannot be
            known.
        language: in which it is said what was found, `en` or `es`.

    Raises:
        NoEvidence: it is none of them.
        EvidenceToolsMissing: the extra `evidence` is not installed.
    """
    begin = package.read(4)
    package.seek(0)
    form: EvidenceForm | ProofForm
    if begin[:1] == b"{":
        form, claims = check_proof(package.read(LARGEST), trusted)
    else:
        form, claims = _package(begin, package, trusted)
    return EvidenceCheck(form, tuple(in_words(each, language) for each in claims))


def _package(
    begin: bytes, package: IO[bytes], trusted: Sequence[bytes]
) -> tuple[EvidenceForm, list[EvidenceClaim]]:
    check_installed()
    if begin == b"%PDF":
        form, opened = EvidenceForm.PDF, checked_pdf.open_pdf(package, trusted)
    elif begin == b"PK\x03\x04":
        form, opened = EvidenceForm.ASICE, checked_container.open_container(package, trusted)
    else:
        raise NoEvidence(
            "It is neither a PDF nor an ASiC-E container nor a proof: it begins otherwise."
        )
    return form, [*opened.claims, *claims_of(opened.files, trusted)]
