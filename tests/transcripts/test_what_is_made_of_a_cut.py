"""What is made of a recording is of what is heard: never of what it was before a card was cut."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from tests.audio.hearing import TALK, decoded
from tests.factories import STARTED
from tests.house import House, with_settings
from tests.transcripts.cut_house import (
    ANA,
    SID,
    cut_out,
    heard,
    known,
    objects,
    speech_of,
)
from twirec.catalog.transcript_tables import transcripts
from twirec.model.audio import ConversionSpec
from twirec.model.derivatives import Derivative
from twirec.model.errors import BucketUnavailable

FLAC, OPUS = ConversionSpec("flac"), ConversionSpec("opus")


def make(house: House) -> Derivative:
    return house.archive.derivatives.make(SID, FLAC, by=ANA)


def sound_of(house: House, made: Derivative) -> object:
    read = house.archive.derivatives.open(SID, made.object_name, by=ANA)
    return decoded([b"".join(read)], "flac")


def cut_before(house: House, part: Any, method: str) -> None:
    """Let the card be cut out before the next time something is done, by somebody else."""
    done = getattr(part, method)

    def late(*args: Any, **named: Any) -> Any:
        setattr(part, method, done)
        cut_out(house)
        return done(*args, **named)

    setattr(part, method, late)


def test_what_was_made_before_and_could_not_be_deleted_never_comes_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, delete = make(house), house.bucket.delete

    def away(name: str, generation: int) -> None:
        if name == old.object_name:
            raise BucketUnavailable("503")
        delete(name, generation)

    monkeypatch.setattr(house.bucket, "delete", away)
    cut = cut_out(house)
    monkeypatch.undo()
    assert old.object_name in objects(house)
    new = make(house)
    assert new.object_name != old.object_name
    assert (old.sha256, new.sha256) == (house.recording().sha256, cut.own_sha256)
    labels = house.bucket.stat(new.object_name).labels
    assert (labels["original_sha256"], labels["heard_sha256"]) == (old.sha256, new.sha256)
    assert sound_of(house, new) == decoded([heard(house)], "wav")
    assert make(house) == new, "it is there"
    house.archive.operations.sweep(full=True)
    assert old.object_name not in objects(house)


@pytest.mark.parametrize(
    ("part", "method"),
    [
        (lambda it: it.archive.catalog.derivatives, "begin"),
        (lambda it: it.bucket, "put"),
        (lambda it: it.archive.catalog.derivatives, "made"),
    ],
    ids=["begin", "put", "made"],
)
def test_what_somebody_makes_while_it_is_cut_is_made_anew_of_the_cut(
    house: House, part: Callable[[House], Any], method: str
) -> None:
    cut_before(house, part(house), method)
    made = make(house)
    assert heard(house) != TALK
    assert sound_of(house, made) == decoded([heard(house)], "wav")
    assert [name for name in objects(house) if name.endswith(".flac")] == [made.object_name]
    assert house.archive.derivatives.of(SID, by=ANA) == [made]


@pytest.mark.parametrize("method", ["begin", "made"])
def test_a_listening_copy_that_is_made_while_it_is_cut_is_due_again(
    house: House, method: str
) -> None:
    house.archive = with_settings(house.archive, listening_copies=("opus",))
    derivatives = house.archive.catalog.derivatives

    def due() -> str:
        assert derivatives.enrol_listening_copies(OPUS, "opus", house.time, "", 9) == 1
        return derivatives.of(SID)[0].object_name

    old = due()
    cut_before(house, derivatives, method)
    house.archive.jobs.do("listening copy", old)
    assert derivatives.of(SID) == []
    assert not [name for name in objects(house) if name.endswith(".opus")]
    house.archive.jobs.do("listening copy", due())
    (made,) = derivatives.of(SID)
    assert made.made_at
    assert made.object_name != old
    assert made.sha256 == known(house).own_sha256 != house.recording().sha256


@pytest.mark.parametrize(
    ("part", "method"),
    [(lambda it: it.bucket, "put"), (lambda it: it.archive.catalog.transcripts, "made")],
    ids=["put", "made"],
)
def test_a_transcript_that_is_made_while_it_is_cut_leaves_no_digit(
    house: House, part: Callable[[House], Any], method: str
) -> None:
    due, later = house.archive.catalog.transcripts, house.time + timedelta(days=2)
    (old,) = [name for name in objects(house) if name.endswith(".json")]
    due.renew("another", later, house.time, 9)
    speech_of(house)._sha256 = "1" * 64  # by another model, so that it is heard anew
    cut_before(house, part(house), method)
    house.archive.jobs.do("transcript", SID)
    assert not any(b"0366" in text for text in objects(house).values())
    (new,) = [name for name in objects(house) if name.endswith(".json")]
    assert new != old


def test_what_was_heard_before_it_was_cut_is_taken_over_by_nobody(house: House) -> None:
    (old,) = [name for name in objects(house) if name.endswith(".json")]
    stored, text = house.bucket.stat(old), objects(house)[old]
    cut = cut_out(house)
    assert old not in objects(house)
    # a worker that lost its lease to the cut puts it once more, and dies
    house.bucket.put(
        old, [text], content_type="json", labels=stored.labels, custom_time=STARTED, finish=dict
    )
    with house.archive.catalog.database.write() as connection:
        connection.execute(delete(transcripts))  # as a catalog that was made anew
    house.archive.transcripts.request(SID, by=ANA)
    house.archive.jobs.do("transcript", SID)
    read = house.archive.transcripts.get(SID, by=ANA)
    assert "0366" not in read.as_json()
    assert read.sha256 == cut.own_sha256
    kept = house.archive.catalog.transcripts.get(SID)
    assert kept is not None
    assert kept.object_name != old
    assert house.bucket.stat(kept.object_name or "").labels["heard_sha256"] == cut.own_sha256
    house.archive.operations.sweep(full=True)
    assert old not in objects(house)
