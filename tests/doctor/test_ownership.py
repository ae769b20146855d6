from __future__ import annotations

from dataclasses import replace

import pytest

from tests.doctor.conftest import Installation
from tests.factories import ACCOUNT, STARTED, recording_sid
from twirec.archive import Archive
from twirec.doctor.ownership import check_adopt, check_kept, check_parked
from twirec.model.inspection import Check, Level
from twirec.model.operations import Stats
from twirec.model.ownership import Foreign, NotOurs
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

NOTHING = Stats({}, {}, {}, {}, 0, 0, 0, None, 0)


def settings(**changes: str) -> Settings:
    return Settings.from_env({**ENVIRONMENT, **changes})


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "No sweep saw a recording that is not ours."),
        (2, "Left alone at Twilio, as they are not ours: RE1, RE2."),
        (1005, "Left alone at Twilio, as they are not ours: RE1, RE2, RE3 and 1,002 more."),
    ],
)
def test_what_is_not_ours_is_counted_and_named(count: int, said: str) -> None:
    named = tuple(f"RE{number + 1}" for number in range(min(count, 20)))
    result = check_adopt(settings(), replace(NOTHING, not_ours=count, not_ours_newest=named))
    assert (result.level, result.what) == (Level.OK, said)


def test_taking_everything_is_warned_of() -> None:
    result = check_adopt(settings(TWIREC_ADOPT="all"), NOTHING)
    assert (result.level, result.what[:19]) == (Level.WARNING, "TWIREC_ADOPT is all")


def test_a_trial_is_warned_of_and_counted() -> None:
    result = check_kept(settings(TWIREC_KEEP_AT_TWILIO="1"), replace(NOTHING, kept_for_trial=12))
    assert (result.level, "12 archived recordings" in result.what) == (Level.WARNING, True)


def test_what_is_kept_after_the_trial_is_said() -> None:
    stats = replace(NOTHING, kept_for_trial=5, kept_at_vendor=3)
    result = check_kept(settings(), stats)
    assert (result.level, result.what) == (
        Level.OK,
        "What is in the bucket and checked is deleted at Twilio. Kept there: 5 of a trial that is "
        "over, to be released, 3 until somebody says otherwise.",
    )


def test_it_looks_at_what_the_sweeps_saw(installation: Installation) -> None:
    archive = Archive.from_env(installation.environ)
    foreign = Foreign(recording_sid(9), ACCOUNT, STARTED, NotOurs.ELSEWHERE)
    archive.catalog.foreign.set(ACCOUNT, STARTED, STARTED.replace(day=24), [foreign])
    archive.close()
    assert recording_sid(9) in installation.found(Check.NOT_OURS).what
    assert installation.found(Check.KEPT).level is Level.OK


def test_what_is_parked_or_waits_for_a_decision_is_counted() -> None:
    assert check_parked(NOTHING).level is Level.OK
    result = check_parked(replace(NOTHING, parked=3, undecided=1, differences=2))
    assert result.level is Level.WARNING
    assert result.what == (
        "Recordings: 1 wait for your decision, as time does not mend them; 2 are parked, and are "
        "tried again by each sweep; 2 differ in the bucket from what was archived."
    )
    assert "accept" in result.fix
    assert "accept" not in check_parked(replace(NOTHING, parked=1)).fix
