from __future__ import annotations

import pytest

from tests.doctor.conftest import OWN_NUMBER, Installation
from twirec.archive import Archive
from twirec.model.inspection import Check, Level
from twirec.model.vocabulary import ConsentMode


def test_a_policy_that_the_settings_no_longer_allow_is_told(installation: Installation) -> None:
    archive = Archive.from_env(installation.environ)
    archive.policy.change(by="ana", why="test", mode=ConsentMode.OPT_OUT, number=OWN_NUMBER)
    archive.close()
    assert installation.found(Check.POLICY).level is Level.OK
    results = installation.examine(TWIREC_LEGAL_BASIS="consent", TWIREC_CONSENT_MODE="opt_in")
    told = [each for each in results if each.check is Check.POLICY]
    assert [each.level for each in told] == [Level.FAILED] * 2
    assert told[0].what.startswith(
        f"Calls in of {OWN_NUMBER} are not recorded: mode: opt_out does not fit"
    )


@pytest.mark.about_sqlite("there is no file")
def test_a_policy_is_not_looked_at_without_its_database(installation: Installation) -> None:
    results = installation.examine(TWIREC_DATABASE_URL="sqlite:////nowhere/catalog.db")
    assert Check.POLICY not in {each.check for each in results}
