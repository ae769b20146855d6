"""Taking a recording out on the command line."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from twirec.archive import Archive
from twirec.model.states import State
from twirec.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("sandboxed")


FOR = ("--purpose", "claim")


@pytest.fixture
def sid(twirec_sandbox: Sandbox, sandboxed: dict[str, str]) -> str:
    """A recording that was archived."""
    archive = Archive.from_env(sandboxed)
    archive.set_up()
    sid = twirec_sandbox.add_recording(seconds=4.0).sid
    archive.operations.sweep()
    archive.operations.worker().run_once()
    archive.custody.admit(sid, ground="a test", by="the tests")
    assert archive.catalog.recordings.get(sid).state is State.RELEASED
    archive.close()
    return sid


def test_a_cut_is_written_to_a_file_of_its_owner(twirec: Twirec, sid: str, tmp_path: Path) -> None:
    out = tmp_path / "cut.wav"
    words = (
        "convert",
        sid,
        "--format",
        "wav",
        "--from",
        "0:01.5",
        "--to",
        "0:03",
        *FOR,
        "-o",
        str(out),
    )
    result = twirec(*words)
    assert result.output == f"{out}: {44 + 12_000 * 4} bytes.\n"
    with wave.open(str(out)) as file:
        assert file.getnframes() == 12_000
    assert out.stat().st_mode & 0o077 == 0
    again = twirec(*words)
    assert again.exit_code == 1
    assert "is there already: give another name with -o." in again.output


def test_without_a_name_it_has_number_and_time(
    twirec: Twirec, sid: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert twirec("convert", sid, *FOR).exit_code == 0
    (file,) = tmp_path.glob("*.mp3")
    assert file.read_bytes()[:2] == b"\xff\xe3"


def test_it_goes_to_the_standard_output(twirec: Twirec, sid: str) -> None:
    result = twirec("convert", sid, "--format", "wav", *FOR, "-o", "-")
    with wave.open(io.BytesIO(result.stdout_bytes)) as file:
        assert file.getnframes() == 4 * 8000


def test_what_is_wrong_is_said_and_nothing_is_left(
    twirec: Twirec, sid: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for words, said in (
        (("--format", "wma"), "choose one of wav, wav8, wav24, wav32, alaw"),
        (("--from", "1:xx"), "is not a time"),
        (("--from", "5:00"), "the recording has 4.000 seconds"),
        (("--channels", "left"), "without-agent"),
        (("--purpose", "fun"), "purpose: it is none; choose claim, quality, request"),
    ):
        result = twirec("convert", sid, *FOR, *words, "-o", str(out / "x"))
        assert result.exit_code != 0
        assert said in result.output
    silent = twirec("convert", sid, "-o", str(out / "x"))
    assert (silent.exit_code, "Say with --purpose what it is for: claim" in silent.output) == (
        2,
        True,
    )
    assert list(out.iterdir()) == []
    missing = twirec("convert", sid, *FOR, "-o", str(out / "nowhere" / "x"))
    assert (missing.exit_code, "cannot be written" in missing.output) == (1, True)
