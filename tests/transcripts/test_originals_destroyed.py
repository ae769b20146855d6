"""The recording as it was archived is destroyed alone: its copy without card numbers stays."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.audio.hearing import archived
from tests.erasing import SECOND, destroy
from tests.house import A_CALL, House
from tests.strict_gcs import StrictGcs
from tests.transcripts.cut_house import ANA, EVA, SID, WITH_CARD, a_house, cut_out, heard, known
from twirec import CardCutState, Certificate, Copy, CopyOutcome, State
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.catalog import Catalog
from twirec.model.audio import ConversionSpec
from twirec.model.audit import Action
from twirec.model.derivatives import Derivative, derivatives_of
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    CustodyRefused,
    InvalidQuery,
    LabelsTooLong,
    LeaseLost,
    ObjectKept,
)
from twirec.transfers import replacing

WHY = {"reason": "PCI DSS 3.3.1", "by": ANA, "now": True, "ground": "PCI DSS 3.3.1"}


@pytest.fixture(scope="module")
def cut_template() -> House:
    house = a_house(MemorySpeech(WITH_CARD))
    archived(house)
    cut_out(house)
    return house


@pytest.fixture
def cut(cut_template: House) -> House:
    cut_template.archive._given_speech = MemorySpeech(WITH_CARD)
    return cut_template.copy()


def ordered(house: House) -> Certificate:
    """Ask for it, and let a second person approve it."""
    asked = house.archive.custody.erase(SID, original=True, **WHY)
    assert asked.approval
    house.archive.custody.approvals.approve(asked.approval, by=SECOND)
    return house.archive.custody.certificates.get(asked.id, by=ANA)


def test_whoever_approves_it_sees_that_it_is_the_original_alone(cut: House) -> None:
    certificate = ordered(cut)
    asked = cut.archive.catalog.approvals.get(1)
    assert asked.subject == {"sid": SID, "original": True, "erasure": certificate.id}
    log = {entry.action: entry.detail for entry in cut.archive.audit.log(sid=SID)}
    assert log[Action.ASK]["original"] is True
    assert log[Action.ERASE]["original"] is True


def die_after(house: House, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker die right after a step of the bucket's, or of the catalog's, once."""
    target = house.bucket if step in ("delete", "put") else house.archive.catalog.replacements
    do = getattr(target, step)

    def dies_after(*args: Any, **named: Any) -> Any:
        do(*args, **named)
        monkeypatch.undo()
        raise BucketUnavailable("503")

    monkeypatch.setattr(target, step, dies_after)


def worked(house: House, certificate: Certificate) -> Certificate:
    house.time += timedelta(minutes=11)
    house.archive.jobs.do("erasure", certificate.id)
    return house.archive.custody.certificates.get(certificate.id, by=ANA)


def contents(house: House) -> dict[str, bytes]:
    return {
        each.name: b"".join(house.bucket.open_range(each.name))
        for each in house.bucket.list()
        if each.name.endswith(".wav") and not each.name.startswith("announcements/")
    }


def recording(house: House) -> Any:
    return house.archive.recordings.get(SID, by=ANA)


def outcomes(certificate: Certificate) -> set[tuple[Copy, CopyOutcome, str]]:
    return {(line.copy, line.outcome, line.why) for line in certificate.lines}


def test_the_copy_takes_the_place_and_nothing_of_the_original_is_left(cut: House) -> None:
    before, copy, original = recording(cut), heard(cut), contents(cut)[recording(cut).object_name]
    cut.vendor.add_call(A_CALL)
    done = worked(cut, ordered(cut))
    assert done.done, done
    assert outcomes(done) == {(Copy.RECORDING, CopyOutcome.DONE, "")}
    assert copy != original
    assert contents(cut) == {before.object_name: copy}
    assert heard(cut) == copy
    after = recording(cut)
    assert (after.state, after.sha256) != (before.state, before.sha256)
    assert after.state is State.RELEASED
    assert (known(cut).object_name, known(cut).sha256) == (None, before.sha256)
    stored = cut.bucket.stat(before.object_name)
    assert stored.labels["sha256"] == after.sha256
    assert stored.labels["original_sha256"] == before.sha256
    assert stored.labels["recording_sid"] == SID
    # what is there is what the catalog says, for all who look
    assert cut.archive.recordings.compare(SID, by=ANA) == []
    assert cut.archive.operations.sweep(full=True).problems == {}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "as it was archived, alone: its copy without card numbers takes its place"),
        ("es", "ocupa su lugar la copia sin números de tarjeta"),
    ],
)
def test_the_certificate_says_that_it_is_the_original_alone(
    cut: House, language: str, said: str
) -> None:
    certificates = cut.archive.custody.certificates
    page = certificates.page(ordered(cut).id, language=language, by=ANA)
    assert said in page
    assert SID in page


@pytest.mark.parametrize("step", ["delete", "put", "replaced", "settle"])
def test_whoever_dies_at_a_step_leaves_it_to_the_next(
    cut: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, name = heard(cut), recording(cut).object_name
    certificate = ordered(cut)
    die_after(cut, step, monkeypatch)
    assert not worked(cut, certificate).done
    assert heard(cut) == copy
    assert worked(cut, certificate).done
    assert contents(cut) == {name: copy}
    assert heard(cut) == copy


def test_what_is_held_stays_and_is_not_held_in_the_middle(
    cut: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = ordered(cut)
    cut.archive.custody.hold(SID, case="C-7", reason="a dispute", by=EVA)
    everything = contents(cut)
    refused = worked(cut, certificate)
    assert outcomes(refused) == {(Copy.RECORDING, CopyOutcome.REFUSED, "held")}
    assert contents(cut) == everything
    with pytest.raises(CustodyRefused, match="held"):
        ordered(cut)


def test_nobody_holds_it_or_cuts_more_while_it_goes(
    cut: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = ordered(cut)

    def away(name: str, generation: int) -> None:
        raise BucketUnavailable("503")

    monkeypatch.setattr(cut.bucket, "delete", away)
    worked(cut, certificate)
    with pytest.raises(CustodyRefused, match="once its copy without card numbers"):
        cut.archive.custody.hold(SID, case="C-7", reason="a dispute", by=EVA)
    with pytest.raises(CustodyRefused, match="may not leave"):
        cut.archive.cards.approve(SID, reason="more", guard=3.0, by=EVA)


def test_what_the_bucket_keeps_waits_and_can_be_held_meanwhile(
    cut: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, until = ordered(cut), cut.time + timedelta(days=9)

    def keeps(name: str, generation: int) -> None:
        raise ObjectKept("a retention policy", until=until, fix="wait")

    with monkeypatch.context() as patched:
        patched.setattr(cut.bucket, "delete", keeps)
        waits = worked(cut, certificate)
    assert outcomes(waits) == {(Copy.RECORDING, CopyOutcome.WAITING, "kept_by_the_bucket")}
    assert [line.until for line in waits.lines] == [until]
    cut.archive.custody.hold(SID, case="C-7", reason="a dispute", by=EVA)
    cut.time = until
    assert outcomes(worked(cut, certificate)) == {(Copy.RECORDING, CopyOutcome.REFUSED, "held")}


def test_what_the_bucket_forbids_can_be_held(cut: House, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = ordered(cut)

    def forbids(name: str, generation: int) -> None:
        raise BucketRefused("no right to delete", fix="give it")

    with monkeypatch.context() as patched:
        patched.setattr(cut.bucket, "delete", forbids)
        worked(cut, certificate)
    cut.archive.custody.hold(SID, case="C-7", reason="a dispute", by=EVA)
    assert outcomes(worked(cut, certificate)) == {(Copy.RECORDING, CopyOutcome.REFUSED, "held")}


def test_what_cannot_be_labelled_is_not_destroyed(
    cut: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, everything = ordered(cut), contents(cut)

    def too_long(*_: object) -> dict[str, str]:
        raise LabelsTooLong("They do not fit.")

    monkeypatch.setattr(replacing, "labels", too_long)
    assert not worked(cut, certificate).done
    assert contents(cut) == everything


def test_a_copy_that_is_another_one_is_made_again_first(cut: House) -> None:
    certificate, name = ordered(cut), known(cut).object_name
    assert isinstance(cut.bucket, MemoryBucket)
    stored, data = cut.bucket._objects[name or ""]
    cut.bucket._objects[name or ""] = dataclasses.replace(stored, crc32c="AAAAAA=="), data
    original = contents(cut)[recording(cut).object_name]
    worked(cut, certificate)
    assert contents(cut)[recording(cut).object_name] == original
    assert cut.archive.recordings.compare(SID, by=ANA) == [name]
    assert not worked(cut, certificate).done
    cut.archive.jobs.do("card cut", SID)
    copy = heard(cut)
    cut.time += timedelta(days=1)
    assert worked(cut, certificate).done
    assert contents(cut) == {recording(cut).object_name: copy}


@pytest.mark.parametrize("step", ["delete", "put", "replaced"])
def test_once_it_goes_a_hold_of_the_number_keeps_the_copy(
    cut: House, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, copy = ordered(cut), heard(cut)
    die_after(cut, step, monkeypatch)
    worked(cut, certificate)
    cut.archive.custody.holds.add("600111222", case="C-7", reason="a dispute", by=EVA)
    assert (Copy.RECORDING, CopyOutcome.DONE, "") in outcomes(worked(cut, certificate))
    assert contents(cut) == {recording(cut).object_name: copy}
    assert cut.bucket.stat(recording(cut).object_name).held
    cut.archive.custody.hold(SID, case="C-8", reason="a dispute", by=EVA)


def test_what_was_made_of_the_original_before_goes_too(
    cut: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was to be deleted when the number was cut out, and the bucket did not do so."""
    name = f"{derivatives_of(recording(cut))}{'0' * 16}.wav"
    made = {"content_type": "audio/x-wav", "labels": {}, "custom_time": cut.time, "finish": dict}
    cut.bucket.put(name, [b"with a card number"], **made)
    certificate, until, delete = ordered(cut), cut.time + timedelta(days=9), cut.bucket.delete

    def keeps(which: str, generation: int) -> None:
        if which == name:
            raise ObjectKept("a retention policy", until=until, fix="wait")
        delete(which, generation)

    with monkeypatch.context() as patched:
        patched.setattr(cut.bucket, "delete", keeps)
        waits = worked(cut, certificate)
    assert not waits.done
    done = (Copy.RECORDING, CopyOutcome.DONE, "")
    assert outcomes(waits) == {done, (Copy.DERIVATIVE, CopyOutcome.WAITING, "kept_by_the_bucket")}
    cut.time = until
    assert outcomes(worked(cut, certificate)) == {done, (Copy.DERIVATIVE, CopyOutcome.DONE, "")}
    assert contents(cut) == {recording(cut).object_name: heard(cut)}


def test_what_google_keeps_of_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    soft = {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}
    with StrictGcs() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        server.store.create_bucket("soft", {"versioning": {"enabled": True}, **soft})
        bucket = GcsBucket("soft", "calls", retry_for=5)
        house = a_house(MemorySpeech(WITH_CARD), bucket=bucket)
        archived(house)
        house.archive.derivatives.make(SID, ConversionSpec("wav", end=3.0), by=ANA)
        cut_out(house)
        certificate = worked(house, ordered(house))
        assert certificate.done
        pending = {(line.name, line.generation) for line in certificate.lines if line.until}
        others = [*bucket.others("recordings/"), *bucket.others("derivatives/")]
        assert pending == {(other.name, other.generation) for other in others}
        assert len(pending) == 4  # with the copy that was listened to, and the first transcript
        assert contents(house) == {recording(house).object_name: heard(house)}
        house.archive.close()


def test_nothing_is_kept_that_was_made_of_the_original_meanwhile(cut: House) -> None:
    before = recording(cut)
    worked(cut, ordered(cut))
    late = Derivative("derivatives/x.wav", SID, before.sha256, "wav", "", begun_at=cut.time)
    with pytest.raises(LeaseLost, match="Something else is heard"):
        cut.archive.catalog.derivatives.begin(late)


def test_who_reads_all_back_meanwhile_finds_nothing_wrong(cut: House) -> None:
    chosen = [recording(cut)]  # some hundreds are read after the rows were
    worked(cut, ordered(cut))
    report = cut.archive.integrity._reader.read(chosen, ANA, of=1)
    assert (report.changed, report.lost) == (0, 0)
    assert cut.archive.catalog.operations.differences() == []


def test_what_is_blocked_stays_so_on_the_object(cut: House) -> None:
    name = recording(cut).object_name
    certificate = ordered(cut)
    cut.archive.custody.block(SID, reason="asked for", by=ANA)
    before = cut.bucket.stat(name).labels
    assert worked(cut, certificate).done
    after = cut.bucket.stat(name).labels
    assert before["blocked_until"] == after["blocked_until"]
    assert before["sha256"] == after["original_sha256"]


def test_something_else_in_its_place_is_left(cut: House) -> None:
    certificate, name = ordered(cut), recording(cut).object_name
    assert isinstance(cut.bucket, MemoryBucket)
    stored, _ = cut.bucket._objects[name]
    cut.bucket.delete(name, stored.generation)
    cut.bucket.put(
        name,
        [b"other"],
        content_type="audio/x-wav",
        labels={},
        custom_time=cut.time,
        finish=dict,
    )
    assert not worked(cut, certificate).done
    assert contents(cut)[name] == b"other"
    assert "is not what was archived" in cut.archive.catalog.erasures.get(certificate.id).last_error


@pytest.mark.parametrize(
    ("what", "more", "why"),
    [
        ("600111222", {}, "its SID"),
        (SID, {"now": False, "ground": ""}, "say now"),
        (SID, {"ground": ""}, "ground"),
    ],
)
def test_what_cannot_be_ordered(cut: House, what: str, more: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidQuery, match=why):
        cut.archive.custody.erase(what, original=True, **{**WHY, **more})


def test_two_erasures_do_not_destroy_the_same_original(cut: House) -> None:
    first = ordered(cut)
    with pytest.raises(InvalidQuery, match=f"{first.id} destroys that"):
        ordered(cut)


def test_without_a_copy_nothing_is_destroyed(house: House) -> None:
    with pytest.raises(InvalidQuery, match="there is no copy"):
        house.archive.custody.erase(SID, original=True, **WHY)


def test_nothing_is_cut_out_of_what_has_no_number_any_more(cut: House) -> None:
    worked(cut, ordered(cut))
    copy = heard(cut)
    cut_out(cut)
    assert known(cut).state is CardCutState.FAILED
    assert "is not heard in the recording" in known(cut).problem
    assert heard(cut) == copy
    with pytest.raises(InvalidQuery, match="there is no copy"):
        ordered(cut)


def test_all_of_it_is_erased_afterwards(cut: House) -> None:
    worked(cut, ordered(cut))
    destroy(cut.archive, SID)
    cut.work_on()
    assert contents(cut) == {}
    assert cut.archive.catalog.recordings.get(SID).state is State.ERASED


def test_all_of_it_is_erased_meanwhile(cut: House, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = ordered(cut)
    put = cut.bucket.put

    def too_late(*args: Any, **named: Any) -> Any:
        monkeypatch.undo()
        destroy(cut.archive, SID)
        cut.work_on()
        return put(*args, **named)

    monkeypatch.setattr(cut.bucket, "put", too_late)
    worked(cut, certificate)
    assert contents(cut) == {}
    assert worked(cut, certificate).done


def test_a_rebuild_knows_of_it(cut: House, tmp_path: Path) -> None:
    cut.archive.journal.write()  # and nobody does so after it
    worked(cut, ordered(cut))
    url = f"sqlite:///{tmp_path}/anew.db"
    cut.archive.journal.rebuild(url, by=ANA)
    anew = Catalog(url)
    assert anew.cards.get(SID) == known(cut)
    assert anew.recordings.get(SID).fingerprint == recording(cut).fingerprint
    anew.close()


def test_its_labels_alone_say_that_it_is_the_copy(cut: House, tmp_path: Path) -> None:
    """An evidence package would say else that it is as it was recorded."""
    worked(cut, ordered(cut))
    for page in list(cut.bucket.list("journal/")):
        cut.bucket.delete(page.name, page.generation)
    url = f"sqlite:///{tmp_path}/anew.db"
    assert cut.archive.journal.rebuild(url, by=ANA).problems == {}
    anew = Catalog(url)
    said, was = anew.cards.get(SID), known(cut)
    assert said is not None
    assert said.is_recording
    assert (said.sha256, said.made_cuts) == (was.sha256, was.made_cuts)
    assert said.replaced_at == was.replaced_at
    anew.close()
