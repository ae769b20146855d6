"""Whatever command comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Twirec

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


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_before_init_no_command_makes_a_catalog(
    words: tuple[str, ...], twirec: Twirec, tmp_path: Path
) -> None:
    result = twirec(*words)
    assert result.exit_code == 1, result.output
    assert "twirec init" in result.output
    assert list(tmp_path.glob("catalog.db*")) == []


def test_init_in_a_folder_that_is_not_there_says_so(
    twirec: Twirec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIREC_DATABASE_URL", f"sqlite:///{tmp_path}/none/catalog.db")
    result = twirec("init")
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert f"{tmp_path}/none/catalog.db: No such file or directory" in result.output
