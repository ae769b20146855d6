"""The audit log's anchors in the bucket: what rewrites the log is found, and entries are proven."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from tests import tampering
from tests.examples import examples
from tests.factories import STARTED
from tests.house import A_CALL, House, with_settings
from twirec.archive import Archive
from twirec.catalog import tables
from twirec.catalog.anchors import anchors
from twirec.catalog.database import to_row
from twirec.doctor.audit_log import check_anchors
from twirec.journal.anchors import ANCHORS, Listed
from twirec.model.anchors import (
    CHECK,
    CHECK_CONSISTENCY,
    Anchor,
    AuditProof,
    KnownAnchor,
    read_anchor,
)
from twirec.model.audit import AuditDraft, AuditEntry, AuditHead, chained
from twirec.model.claims import CheckLevel
from twirec.model.errors import (
    AuditBroken,
    BucketUnavailable,
    InvalidQuery,
    JournalError,
    NotFound,
)
from twirec.model.merkle import (
    MerkleTree,
    consistency_spans,
    included_root,
    inclusion_spans,
    leaf_hash,
    node_hash,
    split,
)

DAYS, EACH = 3, 4
"""Anchors of the house, and entries between two of them."""


def signed_in(house: House, count: int = EACH) -> None:
    for number in range(count):
        house.archive.audit.record("sign_in", by="ana", detail={"n": number})


def anchors_of(house: House) -> list[Anchor]:
    objects = sorted(house.bucket.list(ANCHORS), key=lambda each: each.name)
    return [
        read_anchor(b"".join(house.bucket.open_range(each.name)))
        for each in objects
        if each.name.endswith(".json")
    ]


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Iterator[House]:
    """A house whose log was anchored on three days, with two entries after that."""
    from twirec.adapters.memory_bucket import MemoryBucket
    from twirec.settings import Settings
    from twirec.testing import ENVIRONMENT

    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    for _ in range(DAYS):
        signed_in(house)
        assert house.archive.audit.anchor()
        house.time += timedelta(days=1)
    signed_in(house, 2)
    yield house
    house.archive.close()


@pytest.fixture
def anchored(template: House) -> Iterator[House]:
    house = template.copy()
    yield house
    house.archive.close()


def all_entries(house: House) -> list[AuditEntry]:
    return house.archive.catalog.audit.entries(0, 10_000)


def rewritten(house: House, change: Callable[[list[AuditDraft]], object]) -> None:
    """Write the whole chain anew, as somebody does who knows how it is made."""
    drafts = [
        AuditDraft(
            **{field.name: getattr(entry, field.name) for field in dataclasses.fields(AuditDraft)}
        )
        for entry in all_entries(house)
    ]
    change(drafts)
    head: AuditHead | None = None
    with house.archive.catalog.database.write() as connection:
        tampering.let_change(connection, "audit")
        connection.execute(delete(tables.audit))
        for draft in drafts:
            entry = chained(draft, head)
            connection.execute(insert(tables.audit), to_row(entry, tables.audit))
            head = AuditHead(entry.seq, entry.hash)
        # whoever does that lets also what is remembered say that all is well
        connection.execute(delete(tables.audit_check))
        connection.execute(delete(anchors))


def ran(statement: str) -> Callable[[House], None]:
    def tamper(house: House) -> None:
        with house.archive.catalog.database.write() as connection:
            tampering.rewrite(connection, "audit", statement)
            connection.execute(delete(tables.audit_check))
            connection.execute(delete(anchors))

    return tamper


def other(draft: AuditDraft) -> AuditDraft:
    return dataclasses.replace(draft, by="eva")


def swap(drafts: list[AuditDraft]) -> None:
    drafts[5], drafts[6] = drafts[6], drafts[5]


TAMPERINGS: dict[str, tuple[Callable[[House], None], int, str]] = {
    "changed": (
        ran("UPDATE audit SET action = 'sign_out' WHERE seq = 6"), 6, "it was changed"
    ),
    "removed": (ran("DELETE FROM audit WHERE seq = 6"), 6, "it is missing"),
    "cut off behind the last anchor but one": (
        ran("DELETE FROM audit WHERE seq > 9"), 10, "12 entries once, as anchor 3 of 2026-11-25"
    ),
    "emptied": (ran("DELETE FROM audit"), 1, "there were 4 entries once, as anchor 1"),
    "written anew with one entry changed": (
        lambda house: rewritten(house, lambda drafts: drafts.__setitem__(5, other(drafts[5]))),
        5, "the entries 5 to 8 are not those that anchor 2 of 2026-11-24",
    ),
    "written anew without one": (
        lambda house: rewritten(house, lambda drafts: drafts.pop(1)),
        1, "the entries 1 to 4 are not those that anchor 1",
    ),
    "written anew with one put in": (
        lambda house: rewritten(house, lambda drafts: drafts.insert(10, other(drafts[0]))),
        9, "the entries 9 to 12 are not those that anchor 3",
    ),
    "written anew in another order": (
        lambda house: rewritten(house, swap), 5, "the entries 5 to 8 are not those",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_rewrites_the_log_is_found_against_the_anchors(anchored: House, name: str) -> None:
    assert anchored.archive.audit.verify().whole
    tamper, broken_at, why = TAMPERINGS[name]
    tamper(anchored)
    verdict = anchored.archive.audit.verify()
    assert (verdict.broken_at, verdict.whole) == (broken_at, False)
    assert why in verdict.why
    # workers find it too, and go on anchoring nothing
    with anchored.archive.catalog.database.write() as connection:
        connection.execute(delete(tables.audit_check))
    anchored.archive._periodic.verify_audit()
    check = anchored.archive.audit.check()
    assert check
    assert check.why
    if name != "changed" and name != "removed":
        with pytest.raises(AuditBroken, match="It is not anchored"):
            anchored.archive.audit.anchor()
        assert len(anchors_of(anchored)) == DAYS


def test_a_log_restored_from_an_older_copy_that_goes_on_is_found(anchored: House) -> None:
    """The backup is of yesterday; after it was restored, others did other things."""
    older = anchored.copy()
    signed_in(anchored, 2)
    assert anchored.archive.audit.anchor()
    assert anchored.archive.audit.verify().whole
    with anchored.archive.catalog.database.write() as connection:
        tampering.let_change(connection, "audit")
        for table in (tables.audit, anchors, tables.audit_check):
            connection.execute(delete(table))
        with older.archive.catalog.database.read() as rows:
            for table in (tables.audit, anchors):
                found = [dict(row) for row in rows.execute(select(table)).mappings()]
                connection.execute(insert(table), found)
    verdict = anchored.archive.audit.verify()
    assert verdict.broken_at == 15
    assert "the end is cut off: there were 16 entries once, as anchor 4" in verdict.why
    anchored.time += timedelta(minutes=1)
    signed_in(anchored, 5)
    verdict = anchored.archive.audit.verify()
    assert verdict.broken_at == 13
    assert "restored from an older copy and gone on with" in verdict.why
    with pytest.raises(AuditBroken, match="its entry 16 is another one"):
        anchored.archive.audit.anchor()
    older.archive.close()


# --- anchors themselves -------------------------------------------------------------------------


def put(house: House, name: str, content: bytes) -> None:
    """Put an object there, in the place of another, as somebody does who may write the bucket."""
    stored, _ = house.bucket._objects[name]
    house.bucket._objects[name] = (
        dataclasses.replace(stored, generation=stored.generation + 1000, size=len(content)),
        content,
    )


def name_of(house: House, number: int) -> str:
    return f"{ANCHORS}{house.archive.catalog.identity()}/{number:08}.json"


def taken_out(house: House, number: int) -> None:
    del house.bucket._objects[name_of(house, number)]


def changed(house: House, number: int, **changes: object) -> None:
    anchor = dataclasses.replace(anchors_of(house)[number - 1], **changes)  # type: ignore[arg-type]
    put(house, name_of(house, number), anchor.content)


ANCHOR_TAMPERINGS: dict[str, tuple[Callable[[House], None], str]] = {
    "one taken out": (lambda house: taken_out(house, 2), "anchor 2 was taken out of the bucket"),
    "the newest taken out": (lambda house: taken_out(house, 3), "anchor 3 was taken out"),
    "one that is none": (
        lambda house: put(house, name_of(house, 2), b"{}"), "anchor 2 in the bucket is none"
    ),
    "one dated back": (
        lambda house: changed(house, 2, at=house.time - timedelta(days=9)),
        "anchor 2 in the bucket is not the one that this catalog knows",
    ),
    "one of another root": (
        lambda house: changed(house, 3, root="0" * 64), "the entries 9 to 12 are not those"
    ),
    "one of another number": (
        lambda house: changed(house, 3, anchor=4), "anchor 3 in the bucket is none"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANCHOR_TAMPERINGS)
def test_what_is_done_to_anchors_is_found(anchored: House, name: str) -> None:
    tamper, why = ANCHOR_TAMPERINGS[name]
    tamper(anchored)
    verdict = anchored.archive.audit.verify()
    assert why in verdict.why
    assert not verdict.whole
    anchored.archive._periodic.verify_audit()
    assert why in anchored.archive.operations.stats().audit_problem
    if name == "the newest taken out":  # which none takes the place of
        with pytest.raises(AuditBroken, match="Anchor 3 of the audit log was taken out"):
            anchored.archive.audit.anchor()


def test_an_anchor_that_this_catalog_did_not_write_is_found(anchored: House) -> None:
    """Who may write the bucket, and not the database, can put one there that nothing follows."""
    last = anchors_of(anchored)[-1]
    forged = dataclasses.replace(last, anchor=4, previous=last.digest, head="ab" * 32, entries=13)
    stored, _ = anchored.bucket._objects[name_of(anchored, 3)]
    name = name_of(anchored, 4)
    anchored.bucket._objects[name] = (dataclasses.replace(stored, name=name), forged.content)
    put(anchored, name, forged.content)
    verdict = anchored.archive.audit.verify()
    assert "entry 13 is not the one that anchor 4" in verdict.why


def test_each_is_written_once_and_follows_the_one_before(anchored: House) -> None:
    first, second, third = there = anchors_of(anchored)
    assert [each.entries for each in there] == [4, 8, 12]
    assert (second.previous, third.previous) == (first.digest, second.digest)
    tree = MerkleTree()
    for entry in all_entries(anchored)[:12]:
        tree.add(leaf_hash(bytes.fromhex(entry.hash)))
    assert third.root == tree.root().hex()
    assert [each.held for each in anchored.bucket.list(ANCHORS)] == [True] * 3
    assert [(each.anchor, each.digest) for each in anchored.archive.audit.anchors()] == [
        (each.anchor, each.digest) for each in there
    ]


def test_of_two_workers_one_anchors_each_day(anchored: House) -> None:
    """The other one had looked before: it finds the number taken, and that it is done."""
    quick = anchored.archive._periodic._keeper.anchoring
    slow = with_settings(anchored.archive)._periodic._keeper.anchoring
    assert quick.is_due()
    look, made = slow.store.listed, []

    def listed() -> Listed:
        found = look()
        if not made:
            made.append(quick.anchor(daily=True))
        return found

    slow.store.listed = listed  # type: ignore[method-assign]
    assert slow.anchor(daily=True) == made[0]
    assert [each.anchor for each in anchors_of(anchored)] == [1, 2, 3, 4]
    assert not slow.is_due()
    assert anchored.archive.audit.anchor().anchor == 4  # type: ignore[union-attr]
    signed_in(anchored, 1)
    assert anchored.archive.audit.anchor().anchor == 5  # type: ignore[union-attr]


def test_workers_anchor_once_a_day(house: House) -> None:
    def looked() -> int:
        house.archive._periodic._keeper.daily()
        return len(anchors_of(house))

    assert looked() == 0  # there is nothing yet
    signed_in(house)
    house.time += anchoring_again()
    assert looked() == 1
    house.time += anchoring_again()
    assert looked() == 1
    house.time += timedelta(days=1)
    assert looked() == 2  # also of a day on which nothing was done
    house.time -= timedelta(days=3)  # a clock that was set back
    assert looked() == 3
    claims = house.archive.audit.verify().claims
    assert any("a clock was set back" in claim.said for claim in claims)


def anchoring_again() -> timedelta:
    from twirec.archive.anchors import AGAIN

    return AGAIN


def test_a_clock_set_back_is_no_broken_log(anchored: House) -> None:
    anchored.time -= timedelta(days=20)
    signed_in(anchored, 1)
    assert anchored.archive.audit.anchor()
    verdict = anchored.archive.audit.verify()
    assert verdict.whole
    said = " ".join(claim.said for claim in verdict.claims)
    assert "Anchor 4 is dated 2026-11-06" in said


def test_the_journal_has_what_is_anchored(anchored: House) -> None:
    """A catalog that is made anew from the bucket is never behind an anchor."""
    signed_in(anchored, 3)
    anchor = anchored.archive.audit.anchor()
    assert anchor
    head = anchored.archive.journal.audit_head()
    assert head
    assert head.seq >= anchor.entries
    new = Archive(anchored.archive.settings, bucket=anchored.bucket, now=lambda: anchored.time)
    assert new.journal.rebuild(by="ana").problems == {}
    assert new.audit.verify().whole
    anchored.time += timedelta(days=1)
    again = new.audit.anchor()
    assert again
    assert again.anchor == anchor.anchor + 1
    assert len(new.audit.anchors()) == again.anchor
    new.catalog.close()


def test_nothing_is_anchored_that_the_journal_lacks(
    anchored: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchored.archive.journal.write()
    signed_in(anchored, 1)
    monkeypatch.setattr(
        anchored.archive.catalog.journal, "tokens", lambda day: []
    )  # as if another catalog had written it
    with pytest.raises(JournalError, match="the journal of 2026-11-26 could not be written"):
        anchored.archive.audit.anchor()
    assert len(anchors_of(anchored)) == DAYS


def test_peaks_that_were_changed_are_not_believed(anchored: House) -> None:
    name = name_of(anchored, 3)
    stored = anchored.bucket.stat(name)
    anchored.bucket.label(name, stored.generation, {"peaks": "AAAA"})
    signed_in(anchored, 1)
    anchored.archive.audit.anchor()
    assert anchored.archive.audit.verify().whole
    anchored.archive.audit.prove(15)


@pytest.mark.parametrize(
    ("days", "waits", "level"), [(0, None, "ok"), (4, None, "warning"), (2, 2, "warning")]
)
def test_the_doctor_says_when_it_was_anchored(days: int, waits: int | None, level: str) -> None:
    def known(ago: int) -> KnownAnchor:
        return KnownAnchor(1, STARTED - timedelta(days=ago), 3, "ab" * 32)

    waiting = None if waits is None else known(waits)
    assert check_anchors(known(days), waiting, STARTED).level == level
    assert check_anchors(None, None, STARTED).level == "ok"


def test_what_cannot_be_known_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    signed_in(house)
    verdict = house.archive.audit.verify()
    assert verdict.whole
    assert [(each.name, each.level) for each in verdict.claims] == [("anchors", CheckLevel.UNKNOWN)]
    assert "Nothing is anchored yet" in verdict.claims[0].said
    house.archive.audit.anchor()
    signed_in(house, 1)
    said = [each.said for each in house.archive.audit.verify().claims]
    assert said[0].startswith("It is what its anchor in the bucket says")
    assert said[1].startswith("Entry 5 came after it")
    assert said[2].startswith("No authority says when an anchor was there")

    def away(prefix: str) -> Iterator[object]:
        raise BucketUnavailable("The bucket does not answer.")

    monkeypatch.setattr(house.bucket, "list", away)
    verdict = house.archive.audit.verify()
    assert verdict.whole
    assert not verdict.compared
    assert "The bucket does not answer" in verdict.claims[0].said
    assert verdict.claims[0].level is CheckLevel.UNKNOWN


def test_what_is_erased_leaves_anchors_alone(anchored: House) -> None:
    before = anchors_of(anchored)
    anchored.archive.journal.write()
    anchored.vendor.add_call(A_CALL)
    report = anchored.archive._periodic.run_sweep(whole_bucket=True)
    assert report.strangers == 0
    assert anchors_of(anchored) == before
    assert all(b"+34" not in each.content for each in before)


# --- proofs -------------------------------------------------------------------------------------


def checked(folder: Path, command: str, fields: dict[str, object]) -> str:
    """Run the one command that is printed, on a file; return what it says."""
    (folder / "proof.json").write_text(json.dumps(fields), encoding="utf-8")
    program = command.replace("{file}", "proof.json").removeprefix('python3 -c "')
    done = subprocess.run(
        [sys.executable, "-I", "-c", program.removesuffix('"')],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


def test_an_entry_is_proven_without_any_other(anchored: House, tmp_path: Path) -> None:
    for seq in (1, 4, 5, 12):
        proof = anchored.archive.audit.prove(seq)
        assert proof.anchor.anchor == (seq + EACH - 1) // EACH  # the first that has it
        fields = proof.fields
        if seq != 5:
            continue
        assert checked(tmp_path, CHECK, fields) == "True"
        text = json.dumps(fields)
        shown = {4, 8}  # the one before it, which it names, and with which the log ended
        others = [each for each in all_entries(anchored) if each.seq not in shown]
        assert not [each for each in others if each.hash in text]
        for forged in ({"by": "eva"}, {"seq": 6}, {"previous": "0" * 64}):
            changed_entry = {**fields, "entry": {**fields["entry"], **forged}}
            assert checked(tmp_path, CHECK, changed_entry) == "False"
    with pytest.raises(InvalidQuery, match="not anchored yet"):
        anchored.archive.audit.prove(14)
    with pytest.raises(NotFound, match="no entry 99"):
        anchored.archive.audit.prove(99)
    rewritten(anchored, lambda drafts: drafts.__setitem__(5, other(drafts[5])))
    with pytest.raises(AuditBroken):
        anchored.archive.audit.prove(6)


def test_that_a_log_goes_on_is_proven(anchored: House, tmp_path: Path) -> None:
    fields = anchored.archive.audit.prove_consistent(1, 3).fields
    assert checked(tmp_path, CHECK_CONSISTENCY, fields) == "True"
    forged = {**fields, "first": {**fields["first"], "root": "0" * 64}}
    assert checked(tmp_path, CHECK_CONSISTENCY, forged) == "False"
    with pytest.raises(InvalidQuery, match="no anchor 9"):
        anchored.archive.audit.prove_consistent(1, 9)
    with pytest.raises(InvalidQuery, match="older"):
        anchored.archive.audit.prove_consistent(3, 1)


def test_the_printed_commands_agree_with_the_library_on_any_size(tmp_path: Path) -> None:
    """The commands' own functions, on every proof of small trees."""
    names: dict[str, object] = {}
    for command in (CHECK, CHECK_CONSISTENCY):
        lambdas = command[command.index("h=lambda") : command.rindex(";")]
        names[command] = lambdas
    assert all("lambda" in str(each) for each in names.values())
    leaves = [leaf_hash(bytes([each])) for each in range(9)]
    for size in range(1, 10):
        spans = {span for index in range(size) for span in inclusion_spans(index, size)}
        spans |= {span for first in range(1, size + 1) for span in consistency_spans(first, size)}
        tree = MerkleTree(wanted=spans)
        roots = []
        for leaf in leaves[:size]:
            tree.add(leaf)
            roots.append(MerkleTree(tree.size, tree.peaks).root())
        root = tree.root()
        for index in range(size):
            scope = {"hashlib": hashlib, "l": leaves[index]}
            text = CHECK[CHECK.index("h=lambda") : CHECK.index(";print")]
            parts = [part for part in text.split(";") if part.startswith(("h=", "f="))]
            exec(";".join(parts), scope)  # noqa: S102
            path = b"".join(tree.nodes[span] for span in inclusion_spans(index, size))
            assert scope["f"](index, size, path) == root  # type: ignore[operator]
        for first in range(1, size + 1):
            scope = {"hashlib": hashlib, "r": roots[first - 1]}
            text = CHECK_CONSISTENCY[CHECK_CONSISTENCY.index("h=lambda") :]
            parts = [part for part in text.split(";") if part.startswith(("h=", "f="))]
            exec(";".join(parts), scope)  # noqa: S102
            path = b"".join(tree.nodes[span] for span in consistency_spans(first, size))
            assert scope["f"](first, size, 1, path) == (roots[first - 1], root)  # type: ignore[operator]


def test_a_proof_at_a_million_entries_is_small(tmp_path: Path) -> None:
    """As large as it gets: of an entry of somebody with a long name, in the middle of the log."""
    size, seq = 1_000_000, 654_321
    entry = dataclasses.replace(
        chained(
            AuditDraft(
                at=STARTED,
                by="os:" + "a" * 24,
                role="supervisor",
                action="download",
                sid="RE" + "0" * 32,
                detail={"purpose": "claim", "tried": 654_320, "bytes": [[0, 123_456]]},
            ),
            AuditHead(seq - 1, "ab" * 32),
        )
    )
    # All others are the same, so that each node without it is known by how many leaves it has.
    leaf, mine = leaf_hash(b"another"), leaf_hash(bytes.fromhex(entry.hash))

    @cache
    def node(width: int) -> bytes:
        left = split(width) if width > 1 else 0
        return node_hash(node(left), node(width - left)) if left else leaf

    path = tuple(node(end - begin) for begin, end in inclusion_spans(seq - 1, size))
    anchor = Anchor(
        anchor=1234,
        at=entry.at.astimezone(UTC),
        entries=size,
        head="cd" * 32,
        root=included_root(mine, seq - 1, size, path).hex(),
        installation="0123456789abcdef",
        previous="ef" * 32,
    )
    proof = AuditProof(entry, anchor, path)
    assert len(proof.text("proof.json")) < 2000  # with the command that checks it
    assert checked(tmp_path, CHECK, proof.fields) == "True"


def test_a_proof_in_a_tree_of_other_leaves_holds(tmp_path: Path) -> None:
    """Of a million leaves, no two of them the same, in the long run: `make soak`."""
    size = examples(1_000, thorough=1_000_000)
    index = size * 2 // 3
    entry = chained(
        AuditDraft(at=STARTED, by="ana", role="admin", action="listen"), AuditHead(index, "ab" * 32)
    )
    mine, spans = leaf_hash(bytes.fromhex(entry.hash)), inclusion_spans(index, size)
    tree = MerkleTree(wanted=set(spans))
    for each in range(size):
        tree.add(mine if each == index else leaf_hash(each.to_bytes(32, "big")))
    at = entry.at.astimezone(UTC)
    anchor = Anchor(1, at, size, "cd" * 32, tree.root().hex(), "0123456789abcdef")
    proof = AuditProof(entry, anchor, tuple(tree.nodes[span] for span in spans))
    assert len(proof.text("proof.json")) < 2000
    assert checked(tmp_path, CHECK, proof.fields) == "True"
