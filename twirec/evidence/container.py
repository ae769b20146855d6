"""A package as ASiC-E: a zip with the files, a list of them, and the list's seal.

ETSI EN 319 162-1, sections 4.4 and A.4: `mimetype` comes first and is not compressed; each
`ASiCManifest` lists files with their digests; a CMS signature, or a time stamp, is of that list.
"""

from __future__ import annotations

import base64
import hashlib
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from twirec.custody.zipping import SUMS
from twirec.evidence.manifest import Inside
from twirec.evidence.seal import Seal
from twirec.model.audio import WAV_TYPE

MIMETYPE = "application/vnd.etsi.asic-e+zip"

LIST, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
STAMPED, STAMP = "META-INF/ASiCManifest002.xml", "META-INF/timestamp002.tst"

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

P7S, TST = "application/pkcs7-signature", "application/vnd.etsi.timestamp-token"


@dataclass(frozen=True, slots=True)
class Medium:
    """A recording on its way into a package.

    Attributes:
        name: in the package.
        size: bytes.
        sha256: what its bytes have to be, in hex.
        chunks: the bytes.
    """

    name: str
    size: int
    sha256: str
    chunks: Iterator[bytes]


def write(
    into: IO[bytes], inside: Sequence[Inside], media: Iterable[Medium], seal: Seal, at: datetime
) -> None:
    """Write a container. Recordings are streamed into it.

    Args:
        into: where to; it can be sought in.
        inside: the small files.
        media: the recordings.
        seal: seals it.
        at: when it is made, UTC.

    Raises:
        TimeStampUnavailable: the authority does not answer, or not as it has to.
        BytesDiffer: a recording is not what was archived.
    """
    digests: dict[str, bytes] = {}
    types: dict[str, str] = {}
    with zipfile.ZipFile(into, "w") as package:
        _add(package, "mimetype", MIMETYPE.encode(), at, zipfile.ZIP_STORED)
        for medium in media:
            digests[medium.name] = _stream(package, medium, at)
            types[medium.name] = WAV_TYPE
        for each in inside:
            _add(package, each.name, each.data, at)
            digests[each.name] = hashlib.sha256(each.data).digest()
            types[each.name] = each.content_type
        sums = "".join(f"{digest.hex()}  {name}\n" for name, digest in sorted(digests.items()))
        _add(package, SUMS, sums.encode(), at)
        digests[SUMS], types[SUMS] = hashlib.sha256(sums.encode()).digest(), "text/plain"
        listed = listing(SIGNATURE, P7S, digests, types)
        signature = seal.cms(listed)
        _add(package, LIST, listed, at)
        _add(package, SIGNATURE, signature, at)
        for name, data, content_type in ((LIST, listed, "text/xml"), (SIGNATURE, signature, P7S)):
            digests[name], types[name] = hashlib.sha256(data).digest(), content_type
        stamped = listing(STAMP, TST, digests, types)
        token = seal.time_stamp(stamped)
        if token is not None:
            _add(package, STAMPED, stamped, at)
            _add(package, STAMP, token, at)


def _stream(package: zipfile.ZipFile, medium: Medium, at: datetime) -> bytes:
    sha256 = hashlib.sha256()
    info = _info(medium.name, at, zipfile.ZIP_DEFLATED)
    info.file_size = medium.size
    with package.open(info, "w", force_zip64=medium.size > 2**31) as file:
        for chunk in medium.chunks:
            sha256.update(chunk)
            file.write(chunk)
    return sha256.digest()


def _add(
    package: zipfile.ZipFile,
    name: str,
    data: bytes,
    at: datetime,
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    package.writestr(_info(name, at, compression), data)


def _info(name: str, at: datetime, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time.gmtime(at.timestamp())[:6])
    info.compress_type = compression
    info.external_attr = 0o644 << 16
    return info


def listing(
    signature: str, content_type: str, digests: Mapping[str, bytes], types: Mapping[str, str]
) -> bytes:
    """Return an `ASiCManifest`: the digests of files, and where the signature of this list is."""
    files = "".join(
        f"<asic:DataObjectReference URI={quoteattr(name)} MimeType={quoteattr(types[name])}>"
        f'<ds:DigestMethod Algorithm="{SHA256}"/>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue>"
        "</asic:DataObjectReference>"
        for name, digest in sorted(digests.items())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<asic:ASiCManifest xmlns:asic="{ASIC}" xmlns:ds="{XMLDSIG}">'
        f'<asic:SigReference URI="{signature}" MimeType="{content_type}"/>{files}'
        "</asic:ASiCManifest>\n"
    ).encode()
