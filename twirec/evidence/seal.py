"""The company's seal, and the authority that says when it was set.

The key and its certificate are a PKCS#12 file (RFC 7292), as trust services hand them out. What is
sealed is a CMS signature with CAdES attributes (ETSI EN 319 122), in a PDF as PAdES (ETSI EN 319
142); the time is a token of RFC 3161.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twirec.evidence.tools import check_installed
from twirec.evidence.trust import named, run, time_of
from twirec.model.errors import SealUnusable, TimeStampUnavailable

try:
    from asn1crypto import tsp, x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko.sign.timestamps import TimeStamper, TimestampRequestError
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend
except ImportError:  # of the extra `evidence`: `check_installed` says so
    TimeStamper = object  # type: ignore[misc,assignment]

IN_ENVIRONMENT = "env:"
"""Before the name of a variable that holds the PKCS#12 file in base64."""

PATIENCE = 10
"""Seconds in which an authority has to say whether a certificate was revoked."""

FIELD = "Seal"
"""The name of the signature's field in a PDF."""

MISSING = (
    "TWIREC_SEAL is missing: evidence is sealed with the company's certificate. Set it to a "
    "PKCS#12 file (.p12, .pfx) and TWIREC_SEAL_PASSWORD to its password; a qualified certificate "
    "for electronic seals, from a provider on the EU's trusted lists, proves most: see "
    "docs/evidence.md."
)

Ask = Callable[[bytes], bytes]
"""Asks an authority of time: gives the answer to a query, both as RFC 3161 has them in DER."""


@dataclass(frozen=True, slots=True)
class Key:
    """A PKCS#12 file and its password.

    Attributes:
        data: the file.
        password: empty for none.
    """

    data: bytes
    password: str


def read_key(place: str, password: str, environ: Mapping[str, str]) -> Key:
    """Return the key of the settings.

    Args:
        place: `TWIREC_SEAL`: a file, or `env:NAME` of a variable that holds it in base64.
        password: `TWIREC_SEAL_PASSWORD`.
        environ: where such a variable is.

    Raises:
        SealUnusable: there is none, or it cannot be read; the message names the fix.
    """
    if not place:
        raise SealUnusable(MISSING)
    if place.startswith(IN_ENVIRONMENT):
        name = place.removeprefix(IN_ENVIRONMENT)
        try:
            data = base64.b64decode("".join(environ.get(name, "").split()), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if not data:
            raise SealUnusable(
                f"TWIREC_SEAL names the variable {name}, which holds no PKCS#12 file in base64."
            )
        return Key(data, password)
    try:
        return Key(Path(place).read_bytes(), password)
    except OSError as error:
        raise SealUnusable(
            f"TWIREC_SEAL cannot be read ({error.strerror}): name the PKCS#12 file of the seal."
        ) from None


class Seal:
    """A key with its certificate, and perhaps an authority that says the time.

    Attributes:
        subject: whom the certificate names, in one line.
        issuer: who issued it.
        has_time: whether an authority says the time.

    Args:
        key: the PKCS#12 file.
        ask: asks the authority of time; None for none.

    Raises:
        SealUnusable: it holds no key with a certificate, or the password is another one.
        EvidenceToolsMissing: the extra `evidence` is not installed.
    """

    def __init__(self, key: Key, ask: Ask | None = None) -> None:
        check_installed()
        try:
            signer = signers.SimpleSigner.load_pkcs12_data(
                key.data, other_certs=[], passphrase=key.password.encode() or None
            )
        except (ValueError, AttributeError):  # it is none, or has no certificate
            raise SealUnusable(
                "TWIREC_SEAL cannot be opened: it has to be a PKCS#12 file with a key and its "
                "certificate, and TWIREC_SEAL_PASSWORD its password."
            ) from None
        self._signer = signer
        self._stamper = Stamper(ask) if ask else None
        self.subject: str = named(signer.signing_cert.subject)
        self.issuer: str = named(signer.signing_cert.issuer)
        self.has_time = ask is not None

    def pdf(self, data: bytes, *, reason: str) -> bytes:
        """Return a PDF with the seal: PAdES B-LTA with an authority of time, else B-B.

        Args:
            data: the PDF.
            reason: why it is sealed, in a few words; readers show it.

        Raises:
            TimeStampUnavailable: the authority does not answer, or not as it has to.
        """
        about = signers.PdfSignatureMetadata(
            field_name=FIELD,
            subfilter=fields.SigSeedSubFilter.PADES,
            md_algorithm="sha256",
            reason=reason,
            **(self._lasting(self._stamper) if self._stamper else {}),
        )
        signing = signers.PdfSigner(about, signer=self._signer, timestamper=self._stamper)
        sealed = io.BytesIO()
        with _of_time():
            run(signing.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), output=sealed))
        return sealed.getvalue()

    def cms(self, data: bytes) -> bytes:
        """Return a detached signature in DER: CAdES B-T with an authority of time, else B-B.

        Raises:
            TimeStampUnavailable: the authority does not answer, or not as it has to.
        """
        signing = self._signer.async_sign_general_data(
            data, digest_algorithm="sha256", use_cades=True, timestamper=self._stamper
        )
        with _of_time():
            return bytes(run(signing).dump())

    def time_stamp(self, data: bytes) -> bytes | None:
        """Return a token of RFC 3161 for some bytes, in DER; None without an authority.

        Raises:
            TimeStampUnavailable: the authority does not answer, or not as it has to.
        """
        return None if self._stamper is None else self._stamper.token(data)

    def certificates(self) -> list[bytes]:
        """Return the certificates of the seal, its own first, in DER."""
        own = self._signer.signing_cert
        others = (each for each in self._signer.cert_registry if each != own)
        return [bytes(each.dump()) for each in (own, *others)]

    def _lasting(self, stamper: Stamper) -> dict[str, Any]:
        """Return what embeds in the PDF all that checking it takes in years to come.

        What the two chains end in is taken for trusted while they are embedded. Whether it is, is
        for whoever checks it to say.
        """
        with _of_time():
            token = run(stamper.async_dummy_response("sha256"))
        theirs = (each.chosen for each in token["content"]["certificates"])
        known = [self._signer.signing_cert, *self._signer.cert_registry]
        known += [each for each in theirs if isinstance(each, x509.Certificate)]
        context = ValidationContext(
            trust_roots=tops(known),
            other_certs=known,
            allow_fetching=True,  # whether a certificate was revoked, where it says whom to ask
            fetcher_backend=RequestsFetcherBackend(per_request_timeout=PATIENCE),
            revocation_mode="soft-fail",
        )
        return {
            "validation_context": context,
            "embed_validation_info": True,
            "use_pades_lta": True,
        }


class Stamper(TimeStamper):
    """What pyHanko asks for tokens.

    Args:
        ask: asks the authority.
    """

    def __init__(self, ask: Ask) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ask = ask

    def token(self, data: bytes) -> bytes:
        """Return a token of RFC 3161 for some bytes, in DER.

        Raises:
            TimeStampUnavailable: the authority does not answer, or not as it has to.
        """
        digest = hashlib.sha256(data).digest()
        with _of_time():
            token = run(self.async_timestamp(digest, "sha256"))
        stamped = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
        if stamped["hashed_message"].native != digest:
            raise TimeStampUnavailable("The time-stamping authority stamped something else.")
        return bytes(token.dump())

    async def async_request_tsa_response(self, req: Any) -> Any:
        """Return the authority's answer, which pyHanko looks at."""
        answer = self._ask(req.dump())
        try:
            response = tsp.TimeStampResp.load(answer, strict=True)
            response["status"].native  # noqa: B018 - it reads it
        except (ValueError, TypeError) as error:
            raise TimeStampUnavailable(
                "The time-stamping authority gave no answer of RFC 3161."
            ) from error
        return response


def time_stamp(data: bytes, ask: Ask) -> tuple[bytes, datetime]:
    """Return a token of RFC 3161 for some bytes, in DER, and the time in it, UTC.

    Args:
        data: the bytes.
        ask: asks the authority of time.

    Raises:
        TimeStampUnavailable: the authority does not answer, or not as it has to.
        EvidenceToolsMissing: the extra `evidence` is not installed.
    """
    check_installed()
    token = Stamper(ask).token(data)
    return token, time_of(token)


def tops(known: Iterable[Any]) -> list[Any]:
    """Return the certificates in which chains end: those whose issuer is not among them."""
    certificates = list(known)
    subjects = {each.subject.hashable for each in certificates}
    return [
        each
        for each in certificates
        if each.issuer.hashable == each.subject.hashable or each.issuer.hashable not in subjects
    ]


@contextmanager
def _of_time() -> Iterator[None]:
    """Say of the authority what pyHanko says of it."""
    try:
        yield
    except TimestampRequestError as error:
        raise TimeStampUnavailable(
            "The time-stamping authority gave a token that does not hold."
        ) from error
