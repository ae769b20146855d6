"""Checks proofs of the audit log: an entry, or two anchors, and the anchor's time stamp."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from twirec.evidence.tools import installed
from twirec.model.anchors import (
    CONSISTENCY,
    PROOF,
    Anchor,
    anchor_of,
    canonical,
    hashes_in,
)
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.errors import NoEvidence
from twirec.model.evidence import ProofForm
from twirec.model.merkle import consistent_roots, included_root, leaf_hash

BROKEN, HOLDS, UNKNOWN = CheckLevel.BROKEN, CheckLevel.HOLDS, CheckLevel.UNKNOWN

LARGEST = 1_000_000
"""Bytes of the largest proof that is read; one has some thousand."""

MISSHAPEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What is raised of JSON that is no proof."""


def check_proof(data: bytes, trusted: Sequence[bytes]) -> tuple[ProofForm, list[EvidenceClaim]]:
    """Look at a proof that an entry is on the audit log, or that a log goes on in another.

    Args:
        data: the file.
        trusted: certificates of whom is trusted, DER.

    Raises:
        NoEvidence: it is none.
    """
    try:
        proof = json.loads(data)
        if not isinstance(proof, dict) or proof.get("proof") not in CHECKS:
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise NoEvidence("It is JSON, or nearly, but no proof of an audit log.") from None
    form, look = CHECKS[proof["proof"]]
    try:
        anchor = anchor_of(proof["anchor"])
        claims = [look(proof, anchor), *_stamp(anchor, proof.get("stamp"), trusted)]
    except MISSHAPEN:
        return form, [EvidenceClaim("proof", BROKEN, "proof_unreadable")]
    about = {**named(anchor), "installation": anchor.installation, "digest": anchor.digest}
    return form, [*claims, EvidenceClaim("anchor", UNKNOWN, "anchor_whose", about)]


def named(anchor: Anchor) -> dict[str, str]:
    """Return what sentences name of an anchor."""
    return {
        "number": str(anchor.anchor),
        "day": anchor.day,
        "entries": str(anchor.entries),
    }


def _entry(proof: Mapping[str, Any], anchor: Anchor) -> EvidenceClaim:
    entry = proof["entry"]
    seq, path = entry["seq"], hashes_in(proof["path"])
    if type(seq) is not int:
        raise TypeError
    about = {
        "seq": str(seq),
        "action": str(entry["action"]),
        "by": str(entry["by"]),
        "at": f"{entry['at'][:19].replace('T', ' ')} UTC",
        **named(anchor),
    }
    leaf = leaf_hash(sha256(canonical(entry)).digest())
    if _equal(anchor.root, lambda: included_root(leaf, seq - 1, anchor.entries, path)):
        return EvidenceClaim("entry", HOLDS, "entry_proven", about)
    return EvidenceClaim("entry", BROKEN, "entry_not_proven", about)


def _consistent(proof: Mapping[str, Any], anchor: Anchor) -> EvidenceClaim:
    first, path = anchor_of(proof["first"]), hashes_in(proof["path"])
    about = {**named(anchor), **{f"first_{name}": said for name, said in named(first).items()}}
    roots = bytes.fromhex(first.root), bytes.fromhex(anchor.root)
    try:
        found = consistent_roots(first.entries, anchor.entries, roots[0], path)
    except ValueError:
        found = None
    if found != roots or first.installation != anchor.installation:
        return EvidenceClaim("anchors", BROKEN, "anchors_differ", about)
    return EvidenceClaim("anchors", HOLDS, "anchors_consistent", about)


def _equal(root: str, found: Callable[[], bytes]) -> bool:
    try:
        return found().hex() == root
    except ValueError:
        return False


def _stamp(anchor: Anchor, text: str | None, trusted: Sequence[bytes]) -> list[EvidenceClaim]:
    if text is None:
        return list(stamp_claims(anchor, None, trusted))
    try:
        token = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("it is no time stamp") from error
    return list(stamp_claims(anchor, token, trusted))


def stamp_claims(
    anchor: Anchor, token: bytes | None, trusted: Sequence[bytes]
) -> Iterator[EvidenceClaim]:
    """Yield what is to be said of an anchor's time stamp.

    Args:
        anchor: it.
        token: the time stamp, DER; None if it has none.
        trusted: certificates of whom is trusted, DER.
    """
    if token is None:
        yield EvidenceClaim("time", UNKNOWN, "anchor_unstamped", named(anchor))
    elif not installed():
        yield EvidenceClaim("time", UNKNOWN, "anchor_stamp_unseen", named(anchor))
    else:
        from twirec.evidence import trust

        yield from trust.stamp(anchor.content, token, trust.Trust.of(trusted))


def stamped_on(token: bytes | None) -> datetime | None:
    """Return the time in a time stamp, UTC; None of what is none, or cannot be looked at here."""
    if token is None or not installed():
        return None
    from twirec.evidence import trust

    try:
        return trust.time_of(token)
    except ValueError:
        return None


CHECKS: Mapping[str, tuple[ProofForm, Callable[[Mapping[str, Any], Anchor], EvidenceClaim]]] = {
    PROOF: (ProofForm.ENTRY, _entry),
    CONSISTENCY: (ProofForm.CONSISTENCY, _consistent),
}
