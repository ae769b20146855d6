"""The journal and the rebuild on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.factories import call_sid
from twirec.archive import Archive


def test_the_journal_says_how_many_days_it_wrote(archive: Archive, twirec: Twirec) -> None:
    first = twirec("journal")
    assert first.output == "Looked at 2 days; changed, and written: 2.\n"
    assert twirec("journal", "--since", "2026-11-25").output.startswith("Looked at 1 day; ")
    assert json.loads(twirec("journal", "--since", "2026-11-25", "--json").output) == {
        "days": 1,
        "written": 0,
        "problems": {},
    }


def test_a_catalog_is_made_anew_beside_the_old_one(
    archive: Archive, twirec: Twirec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twirec("journal")
    before = twirec("search", "--json").output
    assert call_sid() in before
    url = f"sqlite:///{tmp_path}/new.db"
    result = twirec("rebuild", "--into", url)
    assert result.exit_code == 0, result.output
    assert "of 2 days of the journal" in result.output
    assert "twirec sweep --full" in result.output
    monkeypatch.setenv("TWIREC_DATABASE_URL", url)
    assert twirec("search", "--json").output == before


def test_a_catalog_that_is_there_is_not_filled(archive: Archive, twirec: Twirec) -> None:
    archive.journal.mark_bucket()
    result = twirec("rebuild")
    assert result.exit_code == 1
    assert "The catalog is not empty" in result.output
    assert "--into" in result.output


def test_what_cannot_be_read_is_named_and_the_exit_status_is_1(
    archive: Archive, twirec: Twirec, tmp_path: Path
) -> None:
    twirec("journal")
    page = tmp_path / "bucket/journal/2026/11/23/000001.jsonl"
    page.write_bytes(page.read_bytes()[:-5])
    result = twirec("rebuild", "--into", f"sqlite:///{tmp_path}/new.db", "--json")
    assert result.exit_code == 1
    assert list(json.loads(result.output)["problems"]) == ["journal/2026/11/23/000001.jsonl"]


def test_a_url_that_leads_nowhere_is_wrong_usage(archive: Archive, twirec: Twirec) -> None:
    assert twirec("rebuild", "--into", "nonsense").exit_code == 2


def test_the_bucket_of_another_catalog_is_refused_and_named(
    archive: Archive, twirec: Twirec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twirec("journal")
    monkeypatch.setenv("TWIREC_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    twirec("init")
    twirec("inform", "client:ana", "--on", "2026-11-24", "--reference", "annex")
    with_another = Archive.from_env()
    with_another.catalog.ledger.open_call(archive.calls.get(call_sid()).call)
    with_another.close()
    result = twirec("journal")
    assert result.exit_code == 1
    assert "The bucket belongs to the catalog" in result.output
