"""Whether a signature, or a time stamp, is what it says, and whose."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from twirec.model.claims import CheckLevel, EvidenceClaim

try:
    from asn1crypto import cms, x509
    from pyhanko.sign.validation import async_validate_detached_cms
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext
except ImportError:  # of the extra `evidence`: `check_installed` says so
    pass

T = TypeVar("T")

UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError)
"""What libraries raise of bytes that are not what they should be."""


def named(name: Any) -> str:
    """Return whom a certificate names, or who issued it."""
    fields = name.native
    return str(fields.get("common_name") or fields.get("organization_name") or name.human_friendly)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what pyHanko does to its end, also where who asks runs an event loop of their own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates of whom somebody trusts.

    Attributes:
        roots: as asn1crypto has them.
    """

    roots: tuple[Any, ...]

    @classmethod
    def of(cls, trusted: Sequence[bytes]) -> Trust:
        """Return it.

        Args:
            trusted: certificates, DER.
        """
        return cls(tuple(x509.Certificate.load(each) for each in trusted))

    def context(self, moment: datetime | None = None) -> Any:
        """Return how pyHanko is to judge chains, at a moment (UTC), or now."""
        return ValidationContext(
            trust_roots=list(self.roots),
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )


def signed(data: bytes, signature: bytes, trust: Trust) -> list[EvidenceClaim]:
    """Look at a detached signature of some bytes, and at the time stamp in it."""
    try:
        content = cms.ContentInfo.load(signature, strict=True)["content"]
        at = stamped_at(content)
        status = run(
            async_validate_detached_cms(
                data,
                content,
                signer_validation_context=trust.context(at),
                ts_validation_context=trust.context(),
            )
        )
    except Exception as error:  # noqa: BLE001 - whatever a library says of bytes made to harm
        return [EvidenceClaim("seal", CheckLevel.BROKEN, "seal_unreadable", {"error": kind(error)})]
    return judged(status, trust)


def stamped_at(content: Any) -> datetime | None:
    """Return the time of the time stamp in a signature, UTC; None where it has none."""
    for attribute in content["signer_infos"][0]["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            token = attribute["values"][0]["content"]
            found: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
            return found
    return None


def time_of(token: bytes) -> datetime:
    """Return the time in a time stamp, UTC.

    Raises:
        ValueError: it is none.
    """
    try:
        content = cms.ContentInfo.load(token, strict=True)["content"]
        found: datetime = content["encap_content_info"]["content"].parsed["gen_time"].native
    except UNREADABLE as error:
        raise ValueError("it is no time stamp") from error
    return found.astimezone(UTC)


def judged(status: Any, trust: Trust) -> list[EvidenceClaim]:
    """Return what is said of a signature, as pyHanko judged it."""
    who = named(status.signing_cert.subject)
    if not (status.intact and status.valid):
        return [EvidenceClaim("seal", CheckLevel.BROKEN, "seal_broken")]
    found = [EvidenceClaim("seal", CheckLevel.HOLDS, "seal_holds", {"who": who})]
    found.append(_whose(status, trust, who))
    stamp = status.timestamp_validity
    if stamp is None:
        return [*found, EvidenceClaim("time", CheckLevel.UNKNOWN, "no_time")]
    return [*found, *stamped(stamp, trust)]


def _whose(status: Any, trust: Trust, who: str) -> EvidenceClaim:
    about = {"who": who}
    if status.trusted:
        return EvidenceClaim("signer", CheckLevel.HOLDS, "signer_trusted", about)
    if not trust.roots:
        return EvidenceClaim("signer", CheckLevel.UNKNOWN, "signer_unknown", about)
    return EvidenceClaim("signer", CheckLevel.BROKEN, f"signer_{_why(status)}", about)


def _why(status: Any) -> str:
    problem = str(getattr(status, "trust_problem_indic", "") or "")
    if "EXPIRED" in problem.upper():
        return "expired"
    if status.revoked:
        return "revoked"
    return "untrusted"


def stamped(status: Any, trust: Trust) -> list[EvidenceClaim]:
    """Return what is said of a time stamp, as pyHanko judged it."""
    if not (status.intact and status.valid):
        return [EvidenceClaim("time", CheckLevel.BROKEN, "stamp_broken")]
    about = {
        "who": named(status.signing_cert.subject),
        "at": f"{status.timestamp:%Y-%m-%d %H:%M:%S} UTC",
    }
    if status.trusted:
        return [EvidenceClaim("time", CheckLevel.HOLDS, "stamp_holds", about)]
    code = f"stamp_{_why(status) if trust.roots else 'unknown'}"
    return [EvidenceClaim("time", CheckLevel.UNKNOWN, code, about)]


def stamp(data: bytes, token: bytes, trust: Trust) -> list[EvidenceClaim]:
    """Look at a time stamp of some bytes (RFC 3161)."""
    try:
        content = cms.ContentInfo.load(token, strict=True)["content"]
        found = run(
            validate_tst_signed_data(
                content,
                trust.context(),
                lambda algorithm: hashlib.new(algorithm, data).digest(),
            )
        )
        from pyhanko.sign.validation.status import TimestampSignatureStatus

        return stamped(TimestampSignatureStatus(**found), trust)
    except Exception as error:  # noqa: BLE001 - as above
        about = {"error": kind(error)}
        return [EvidenceClaim("time", CheckLevel.BROKEN, "stamp_unreadable", about)]


def kind(error: Exception) -> str:
    """Return the kind of an error; what it says may be of the file's making."""
    return type(error).__name__
