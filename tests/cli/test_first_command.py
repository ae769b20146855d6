"""Whatever command comes first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.ready import Ready
from twirec.catalog import Catalog
from twirec.model.bucket_mark import NAME, read_mark

COMMANDS = (
    ("search", "600111222"),
    ("show", "RE" + "0" * 32),
    ("on", "--reason", "test"),
    ("policy",),
    ("agents",),
    ("stats",),
    ("audit",),
    ("journal",),
    ("work", "--once"),
    ("sweep",),
    ("doctor",),
)


@pytest.mark.about_sqlite("there is no file")
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_before_init_no_command_makes_a_catalog(
    words: tuple[str, ...], twirec: Twirec, tmp_path: Path
) -> None:
    result = twirec(*words)
    assert result.exit_code == 1, result.output
    assert "twirec init" in result.output
    assert list(tmp_path.glob("catalog.db*")) == []


def test_of_two_that_begin_at_once_both_have_the_same_catalog_and_bucket(
    environ: dict[str, str], tmp_path: Path, ready_twirec: Ready
) -> None:
    """In processes of their own: what is made once for all tests would hide who waits for whom."""
    both = [ready_twirec.start("init", env={**os.environ, **environ}) for _ in range(2)]
    said = [each.communicate(timeout=60)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    catalog = Catalog(environ["TWIREC_DATABASE_URL"])
    mark = read_mark((tmp_path / "bucket" / NAME).read_bytes())
    assert mark is not None
    assert mark.catalog == catalog.identity()
    catalog.close()


@pytest.mark.about_sqlite("there is no folder")
def test_init_in_a_folder_that_is_not_there_says_so(
    twirec: Twirec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIREC_DATABASE_URL", f"sqlite:///{tmp_path}/none/catalog.db")
    result = twirec("init")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert f"{tmp_path}/none/catalog.db: No such file or directory" in result.output
