"""Anchors of the audit log: what it was on a day, kept where the database's means do not reach."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from twirec.model.audit import FIRST, AuditEntry, AuditHead, fields_of, hash_of
from twirec.model.merkle import Span, leaf_hash

SCHEMA = "twirec-anchor/1"

PROOF, CONSISTENCY = "twirec-audit-proof/1", "twirec-audit-consistency/1"
"""What a proof says that it is."""

MOST = 2**63
"""More entries has no log."""

LONGEST = 4096
"""Bytes that an anchor may have to be read; it has some four hundred."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the audit log was: whoever has one sees whether a log begins with it.

    Attributes:
        anchor: its number; anchors are numbered 1, 2, … without gaps.
        at: when it was made, by the clock of the machine, UTC.
        entries: how many the log had.
        head: the hash of the last of them, in hex.
        root: of the Merkle tree over the hashes of all of them (RFC 9162), in hex.
        installation: whose log it is: the identity of the catalog.
        previous: SHA-256 of the anchor before, in hex; zeros for the first.
    """

    anchor: int
    at: datetime
    entries: int
    head: str
    root: str
    installation: str
    previous: str = FIRST

    @property
    def fields(self) -> dict[str, Any]:
        """It, as JSON has it."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {**asdict(self), "at": at, "schema": SCHEMA}

    @property
    def content(self) -> bytes:
        """Its bytes: JSON, keys sorted, no white space, ASCII. These are what is time-stamped."""
        return canonical(self.fields)

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def day(self) -> str:
        """By which people know it: when it was made."""
        return f"{self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class KnownAnchor:
    """What the catalog remembers of an anchor that it wrote, or found in the bucket.

    Attributes:
        anchor, at, entries: as of `Anchor`.
        digest: of it.
        stamped_at: when an authority said that it was there, UTC; None while none did.
    """

    anchor: int
    at: datetime
    entries: int
    digest: str
    stamped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditProof:
    """Proof that an entry is on the log that was anchored, without any other entry.

    Attributes:
        entry: what is proven.
        anchor: against which.
        path: the hashes that lead from the entry to the anchor's root (RFC 9162, 2.1.3).
        stamp: the anchor's time stamp (RFC 3161), DER; None if it has none.
    """

    entry: AuditEntry
    anchor: Anchor
    path: tuple[bytes, ...]
    stamp: bytes | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """It, as its file has it, without the commands that check it."""
        return {
            "proof": PROOF,
            "entry": fields_of(self.entry),
            "anchor": self.anchor.fields,
            "path": base64.b85encode(b"".join(self.path)).decode(),
            **_stamp(self.stamp),
        }

    def checks(self, file: str) -> dict[str, str]:
        """Return the commands that check it, in a file of that name, without this library."""
        return _checks(CHECK, file, self.stamp)

    def text(self, file: str) -> str:
        """Return what is in its file of that name: JSON in one line, with these commands."""
        return _in_one_line({**self.fields, **self.checks(file)})


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Proof that the log of an anchor goes on, unchanged, in that of a later one.

    Attributes:
        first, second: the anchors.
        path: the hashes that lead from the one's root to the other's (RFC 9162, 2.1.4).
        stamp: the later anchor's time stamp (RFC 3161), DER; None if it has none.
    """

    first: Anchor
    second: Anchor
    path: tuple[bytes, ...]
    stamp: bytes | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """It, as its file has it, without the command that checks it."""
        return {
            "proof": CONSISTENCY,
            "first": self.first.fields,
            "anchor": self.second.fields,
            "path": base64.b85encode(b"".join(self.path)).decode(),
            **_stamp(self.stamp),
        }

    def checks(self, file: str) -> dict[str, str]:
        """Return the commands that check it, in a file of that name, without this library."""
        return _checks(CHECK_CONSISTENCY, file, self.stamp)

    def text(self, file: str) -> str:
        """Return what is in its file of that name: JSON in one line, with these commands."""
        return _in_one_line({**self.fields, **self.checks(file)})


@dataclass(frozen=True, slots=True)
class SharedProof:
    """Proof that the hashes of some entries are on the log that was anchored.

    Attributes:
        anchor: against which.
        seqs: of which entries.
        nodes: the hashes that lead from them to the anchor's root, by the leaves that they are of.
        stamp: the anchor's time stamp (RFC 3161), DER; None if it has none.
    """

    anchor: Anchor
    seqs: tuple[int, ...]
    nodes: Mapping[Span, bytes]
    stamp: bytes | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """It, as the manifest of a package has it; the time stamp is a file of its own."""
        nodes = {
            f"{begin}-{end}": base64.b64encode(node).decode()
            for (begin, end), node in sorted(self.nodes.items())
        }
        return {"anchor": self.anchor.fields, "entries": list(self.seqs), "nodes": nodes}


def _checks(command: str, file: str, stamp: bytes | None) -> dict[str, str]:
    plain = file if re.fullmatch(r"[A-Za-z0-9][\w.-]*", file, re.ASCII) else "proof.json"
    commands = {"check": command} | ({"check_stamp": CHECK_STAMP} if stamp else {})
    return {name: each.replace("{file}", plain) for name, each in commands.items()}


def _in_one_line(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


def _stamp(token: bytes | None) -> dict[str, str]:
    return {"stamp": base64.b64encode(token).decode()} if token else {}


def read_anchor(content: bytes) -> Anchor:
    """Return the anchor of an object, which has to be written in the one form that there is.

    Raises:
        ValueError: it is none.
    """
    try:
        anchor = anchor_of(json.loads(content))
    except RecursionError as error:
        raise ValueError("it is no anchor") from error
    if anchor.content != content:
        raise ValueError("it is not written as anchors are")
    return anchor


def anchor_of(fields: Mapping[str, Any]) -> Anchor:
    """Return the anchor that JSON holds.

    Raises:
        ValueError: it is none.
    """
    try:
        said = dict(fields)
        if said.pop("schema") != SCHEMA:
            raise ValueError("it is of another version")
        anchor = Anchor(**{**said, "at": datetime.fromisoformat(said["at"])})
        texts = (anchor.head, anchor.root, anchor.previous)
        right = all(len(bytes.fromhex(each)) == 32 for each in texts)
        counts = all(
            type(each) is int and 0 < each < MOST for each in (anchor.anchor, anchor.entries)
        )
        if not (right and counts and isinstance(anchor.installation, str) and anchor.fields):
            raise ValueError("it is no anchor")
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("it is no anchor") from error
    return anchor


def hashes_in(text: str) -> tuple[bytes, ...]:
    """Return the hashes of a path, as a proof has them.

    Raises:
        ValueError: it is none.
    """
    try:
        data = base64.b85decode(text)
    except (binascii.Error, TypeError) as error:
        raise ValueError("it is no path") from error
    if len(data) % 32:
        raise ValueError("it is no path")
    return tuple(data[at : at + 32] for at in range(0, len(data), 32))


def leaf_of(entry: AuditEntry) -> bytes:
    """Return the hash of an entry's leaf: what the leaf holds is the entry's hash."""
    return leaf_hash(bytes.fromhex(hash_of(entry)))


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return JSON in the one form of which hashes are: keys sorted, no white space, ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def head_of(anchor: Anchor) -> AuditHead:
    """Return where the log ended."""
    return AuditHead(anchor.entries, anchor.head)


def covering(anchors: Sequence[KnownAnchor], seq: int) -> KnownAnchor | None:
    """Return the anchor against which an entry is proven: the first one that has a time stamp.

    None has one: the first. None is of so many entries: None.
    """
    there = [each for each in anchors if each.entries >= seq]
    return next((each for each in there if each.stamped_at), there[0] if there else None)


_LEAF = (
    "import json,base64,hashlib;p=json.load(open('{file}'));a=p['anchor'];"
    "h=lambda x:hashlib.sha256(x).digest();"
)
CHECK = (
    f'python3 -c "{_LEAF}'
    "e=p['entry'];"
    "l=h(b'\\0'+h(json.dumps(e,sort_keys=1,separators=',:').encode()));"
    "f=lambda i,n,q:n<2 and l or h(b'\\1'+("
    "f(i,k,q[:-32])+q[-32:]if i<(k:=1<<(n-1).bit_length()-1)"
    "else q[-32:]+f(i-k,n-k,q[:-32])));"
    "print(f(e['seq']-1,a['entries'],base64.b85decode(p['path'])).hex()==a['root'])\""
)
"""What prints `True` if the entry in a proof is on the log that was anchored: RFC 9162, 2.1.3."""

CHECK_CONSISTENCY = (
    f'python3 -c "{_LEAF}'
    "o=p['first'];r=bytes.fromhex(o['root']);"
    "f=lambda m,n,b,q:(r,r)if m==n and b else(q,q)if m==n else("
    "(x:=f(m,k,b,q[:-32]))[0],h(b'\\1'+x[1]+q[-32:]))if m<=(k:=1<<(n-1).bit_length()-1)else"
    "(h(b'\\1'+q[-32:]+(x:=f(m-k,n-k,0,q[:-32]))[0]),h(b'\\1'+q[-32:]+x[1]));"
    "g=f(o['entries'],a['entries'],1,base64.b85decode(p['path']));"
    "print([x.hex()for x in g]==[o['root'],a['root']])\""
)
"""What prints `True` if the one anchor's log goes on in the other's: RFC 9162, 2.1.4."""

CHECK_STAMP = (
    'python3 -c \'import json,base64;p=json.load(open("{file}"));'
    'open("anchor.json","w").write(json.dumps(p["anchor"],sort_keys=1,separators=(",",":")));'
    'open("anchor.tst","wb").write(base64.b64decode(p["stamp"]))\' && '
    "openssl ts -verify -data anchor.json -in anchor.tst -token_in -CAfile tsa.pem"
)
"""What checks the time stamp of the anchor in a proof; `tsa.pem` is from the authority itself."""
