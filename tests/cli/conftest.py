from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.factories import a_call, a_callback, a_consent, call_sid, wording_of
from tests.house import copy_rows
from twirec.archive import Archive
from twirec.cli import main
from twirec.model.states import State
from twirec.model.vocabulary import Direction, Outcome, Reason, Role
from twirec.sandbox import Sandbox
from twirec.testing import ENVIRONMENT, PUBLIC_URL

Twirec = Callable[..., Result]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
    }


@pytest.fixture
def sandboxed(
    twirec_sandbox: Sandbox, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of an installation whose Twilio is the sandbox."""
    environ |= {
        "TWILIO_ACCOUNT_SID": twirec_sandbox.account_sid,
        "TWILIO_AUTH_TOKEN": twirec_sandbox.auth_token,
        "TWIREC_TWILIO_API_URL": twirec_sandbox.url,
    }
    twirec_sandbox.number(
        "+34911000111",
        voice_url=f"{PUBLIC_URL}/voice",
        since=datetime(2020, 1, 1, tzinfo=UTC),
    )
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@pytest.fixture
def twirec(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Twirec:
    """Run the command line."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=input)

    return run


@pytest.fixture(scope="package")
def filled() -> Iterator[Archive]:
    """What `archive` is copied from."""
    archive = Archive.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": "sqlite://"})
    archive.set_up()
    wording = wording_of(archive)
    archive.catalog.ledger.open_call(a_call(announcement=wording.hash))
    archive.catalog.consents.record(a_consent(announcement=wording.hash), None)
    at = a_call().started_at
    archive.catalog.recordings.receive(
        a_callback(), state=State.COMPLETED, channel_map=(Role.CUSTOMER, Role.AGENT), at=at
    )
    archive.catalog.ledger.open_call(
        a_call(
            call_sid=call_sid(2),
            started_at=at.replace(hour=12),
            outcome=Outcome.NOT_RECORDED,
            reason=Reason.HUNG_UP,
        )
    )
    archive.catalog.ledger.open_call(
        a_call(
            call_sid=call_sid(3),
            started_at=at.replace(day=24),
            customer_number="+34600333444",
            direction=Direction.OUT,
        )
    )
    yield archive
    archive.close()


@pytest.fixture
def archive(environ: dict[str, str], filled: Archive) -> Iterator[Archive]:
    """A catalog with a recorded call in, an unrecorded one of the same number, and one out."""
    archive = Archive.from_env(environ)
    archive.catalog.database.make_file()
    copy_rows(filled.catalog.database, into=archive.catalog.database)
    yield archive
    archive.close()
