"""What holds for every command: JSON, exit statuses, pipes, and options that all have."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.cli.conftest import Twirec
from tests.factories import a_call, a_recording, call_sid, recording_sid
from tests.parts import parts
from tests.ready import Ready
from twirec.archive import Archive
from twirec.cli import INTERRUPTED, READER_GONE, main
from twirec.model.approvals import Approval, ApprovalKind
from twirec.model.audio_stream import AudioStream
from twirec.model.custody import Hold
from twirec.model.erasure import (
    Certificate,
    CertificateLine,
    Copy,
    CopyOutcome,
    Erasure,
    ErasureKind,
    ErasureScope,
)
from twirec.model.errors import BucketUnavailable, InvalidQuery, NotFound
from twirec.model.journal import RebuildReport
from twirec.model.months import ClosedMonth, MonthStatement
from twirec.model.records import SweepReport
from twirec.model.states import Custody
from twirec.model.waveform import Waveform
from twirec.sandbox import Sandbox

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CALL, RECORDING = call_sid(), recording_sid()

WORDS: dict[str, tuple[str, ...]] = {
    "access-request": (),
    "accept": (RECORDING, "--reason", "it sounds well"),
    "add-numbers": ("calls.csv", "--reason", "the export of November"),
    "admit": (RECORDING, "--ground", "contract"),
    "agents": (),
    "annotate": (CALL, "--note", "promised"),
    "announcement": (),
    "audit": (),
    "backfill": ("--since", "2026-11-01"),
    "call": ("600111222", "--from", "911000111", "--connect", "911222333"),
    "cards": (),
    "case": (),
    "check": (),
    "close-month": ("2026-10",),
    "compare": (RECORDING,),
    "convert": (RECORDING, "--purpose", "claim", "-o", "a.mp3"),
    "disclose": (),
    "certificate": ("E-7KQ4XN2M",),
    "doctor": (),
    "download": (RECORDING, "--purpose", "technical", "-o", "b.wav"),
    "erase": (RECORDING, "--reason", "asked for", "--yes"),
    "evidence": (RECORDING, "--purpose", "claim", "-o", "case.pdf"),
    "fallback": ("--dial", "911222333"),
    "give-up": (RECORDING, "--reason", "it is noise"),
    "hold": (RECORDING, "--case", "C-7", "--reason", "a dispute"),
    "holds": (),
    "approvals": (),
    "approve": ("1",),
    "block": (RECORDING, "--reason", "asked to be erased", "--yes"),
    "refuse": ("1", "--reason", "no"),
    "release": (
        *(RECORDING, "--authority", "Juzgado 3", "--reference", "DP 7/2026"),
        *("--reason", "an order"),
    ),
    "unhold": ("--hold", "1", "--reason", "it is settled"),
    "inform": ("client:ana", "--on", "2026-01-02", "--reference", "annex 4"),
    "init": (),
    "journal": (),
    "months": (),
    "off": ("--reason", "an audit"),
    "on": ("--reason", "the audit is over"),
    "pause": (CALL,),
    "policy": (),
    "rebuild": ("--into", "sqlite:///new.db"),
    "reindex": (),
    "resume": (CALL,),
    "retention": (),
    "sandbox": ("--port", "0"),
    "search": (),
    "show": (CALL,),
    "stats": (),
    "sweep": (),
    "transcribe": ("--since", "2026-11-01"),
    "waveform": (RECORDING,),
    "work": ("--once",),
}
"""What each command is given here. The demo is played in `tests/test_wheel.py`,
and packages are verified in `tests/evidence/test_command.py`."""


A_HOLD = Hold("C-7", "a dispute", "ana", NOW, recording_sid=RECORDING)
CERTIFICATE = Certificate(
    Erasure(ErasureScope.RECORDING, ErasureKind.BLOCK, RECORDING, NOW, "ana", "x"),
    (CertificateLine(RECORDING, Copy.RECORDING, CopyOutcome.BLOCKED, NOW),),
    recordings=1,
    calls=0,
)


A_REQUEST = Approval(ApprovalKind.UNHOLD, "ana", NOW, "settled", NOW, {"holds": [1]}, id=1)


def reading(*_: object, **__: object) -> AudioStream:
    return AudioStream(iter([b"RI", b"FF"]), content_type="audio/x-wav", file_name="x.wav")


CLOSED = ClosedMonth(
    MonthStatement("M-1", "2026-10", NOW, "ana", True, 1, 0, False, "0" * 64, 1, "months/x.pdf"), ()
)

ELSEWHERE: dict[str, Callable[..., Any]] = {
    "custody.accept": lambda *_, **__: a_recording(),
    "custody.admit": lambda *_, **__: a_recording(),
    "custody.hold": lambda *_, **__: A_HOLD,
    "custody.certificates.get": lambda *_, **__: CERTIFICATE,
    "custody.evidence": reading,
    "custody.months.close": lambda *_, **__: CLOSED,
    "custody.erase": lambda *_, **__: CERTIFICATE,
    "custody.block": lambda *_, **__: a_recording(),
    "custody.holds.lift": lambda *_, **__: A_REQUEST,
    "custody.release": lambda *_, **__: A_REQUEST,
    "custody.approvals.approve": lambda *_, **__: A_REQUEST,
    "custody.approvals.refuse": lambda *_, **__: A_REQUEST,
    "custody.give_up": lambda *_, **__: a_recording(),
    "recordings.compare": lambda *_, **__: [],
    "calls.place": lambda *_, **__: a_call(),
    "recordings.pause": lambda *_, **__: [],
    "journal.rebuild": lambda *_, **__: RebuildReport(),
    "recordings.resume": lambda *_, **__: [RECORDING],
    "recordings.convert": reading,
    "recordings.open": reading,
    "operations.sweep": lambda *_, **__: SweepReport(NOW, NOW),
    "recordings.waveform": lambda *_, **__: Waveform(1.0, 8000, 16, ()),
}
"""Methods of the archive that need a call that goes on, or bytes: what they return is made up."""


@pytest.fixture
def settled(
    archive: Archive,
    sandboxed: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An archive with calls in, of which every command has something to say."""
    for name, method in ELSEWHERE.items():
        part, _, named = name.rpartition(".")
        monkeypatch.setattr(parts()[part], named, method)
    monkeypatch.setattr(Sandbox, "start", lambda self: self.close())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text("sid,from,to,direction\n", encoding="utf-8")


def test_each_command_is_walked_here() -> None:
    assert sorted(main.commands) == sorted([*WORDS, "demo", "verify"])


def test_every_command_has_json_and_the_options_of_all() -> None:
    for name in main.commands:
        command = main.commands[name]
        options = {each for parameter in command.params for each in parameter.opts}
        assert {"--json", "-v", "--env-file"} <= options, name
        assert command.help, name


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("name", WORDS)
def test_json_is_one_document_on_the_standard_output(name: str, twirec: Twirec) -> None:
    result = twirec(name, "--json", *WORDS[name])
    assert not isinstance(result.exception, Exception), result.exception
    assert result.exit_code == (1 if name == "doctor" else 0), result.output
    assert isinstance(json.loads(result.stdout), dict | list)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    "words", [("--no-such-option",), ("--json=5",), ("a", "b", "c", "--limit", "x", "--xx")]
)
def test_wrong_usage_is_two(words: tuple[str, ...], twirec: Twirec) -> None:
    for name in main.commands:
        result = twirec(name, *words)
        assert result.exit_code == 2, (name, result.output)
        assert result.stdout == "", name
        assert "Traceback" not in result.stderr, name
        assert "Error: " in result.stderr, name


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("serch",),
        ("search", "--limit", "0"),
        ("search", "--since", "yesterdy"),
        ("search", "--number", "hello"),
        ("search", "--outcome", "gone"),
        ("stats", "--since", "2026-13-01"),
        ("audit", "--until", "never"),
        ("backfill", "--since", "tomorow"),
        ("backfill", "--since", "2026-11-01", "--threads", "65"),
        ("policy", "--mode", "opt_in"),
        ("policy", "--at", "2026-11-03"),
        ("off", "--number", "the shop", "--reason", "x"),
        ("inform", "nobody", "--on", "2026-01-02", "--reference", "x"),
        ("inform", "client:ana", "--on", "soon", "--reference", "x"),
        ("convert", RECORDING, "--from", "x"),
        ("download", RECORDING, "--purpose", "claim", "--json", "-o", "-"),
        ("download", RECORDING, "-o", "x.wav"),
        ("--env-file", "/nowhere/.env", "search"),
        ("search", "--env-file", "/nowhere/.env"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("settled")
def test_a_wrong_value_is_two(words: tuple[str, ...], twirec: Twirec) -> None:
    result = twirec(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("name", "part", "method"),
    [
        ("search", "calls", "search"),
        ("journal", "journal", "write"),
        ("erase", "custody", "erase"),
        ("work", "operations", "worker"),
    ],
)
@pytest.mark.usefixtures("settled")
def test_what_fails_is_one_and_one_sentence(
    name: str, part: str, method: str, twirec: Twirec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, status in (
        (NotFound("no such \x1b[2Jcall"), 1),
        (BucketUnavailable("the bucket is away"), 1),
        (InvalidQuery("since: no"), 2),
    ):

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(parts()[part], method, fail)
        result = twirec(name, "--json", *WORDS[name])
        assert (result.exit_code, result.stdout) == (status, "")
        assert result.stderr == f"Error: {error}\n".replace("\x1b", "\\x1b")


@pytest.mark.usefixtures("settled")
def test_settings_that_are_wrong_are_two(twirec: Twirec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIREC_BUCKET", "nonsense")
    for name in set(WORDS) - {"sandbox", "doctor"}:
        result = twirec(name, *WORDS[name])
        assert (result.exit_code, result.stdout) == (2, ""), name
        assert "TWIREC_BUCKET is wrong" in result.stderr


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("said", ["n\n", "\n", "", "maybe\n"])
def test_what_destroys_asks_first(
    said: str, twirec: Twirec, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("erase", RECORDING, "--reason", "they asked for it")
    refused = twirec(*words, input=said)
    assert (refused.exit_code, refused.stdout) == (1, "")
    asked = f"Block {RECORDING}, which is completed, and destroy it on its date? [y/N]"
    assert asked in refused.stderr
    now = twirec(*words, "--now", "--ground", "art. 17", input=said)
    asked = f"Destroy {RECORDING}, which is completed, everywhere and for ever? [y/N]"
    assert asked in now.stderr
    assert "Nothing was done. --yes does it without asking." in refused.stderr
    assert archive.catalog.recordings.get(RECORDING).custody is Custody.ACTIVE


@pytest.mark.usefixtures("archive")
def test_the_original_alone_is_destroyed_only_where_there_is_a_copy(twirec: Twirec) -> None:
    words = ("erase", RECORDING, "--reason", "x", "--original", "--now", "--ground", "law")
    asked = f"Destroy only the original of {RECORDING}, which is completed, everywhere"
    assert asked in twirec(*words, input="n\n").stderr
    refused = twirec(*words, "--yes")
    assert refused.exit_code == 2
    assert f"there is no copy of {RECORDING} without card numbers" in refused.stderr


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(("more", "said"), [((), "y\n"), ((), "Sí\n"), (("--yes",), "")])
def test_an_erasure_is_ordered_and_audited(
    more: tuple[str, ...], said: str, twirec: Twirec, archive: Archive
) -> None:
    result = twirec("erase", RECORDING, "--reason", "they asked for it", *more, input=said)
    assert f"{RECORDING}: 1 recording, 0 calls" in result.stdout
    assert "Nobody sees it from now on; it is destroyed on 20" in result.stdout
    assert archive.catalog.recordings.get(RECORDING).custody is Custody.BLOCKED
    (erasure,) = archive.custody.certificates.list(by="ana")
    assert twirec("certificate", erasure.id).stdout == result.stdout
    assert f"{erasure.id}  " in twirec("certificate").stdout
    assert [entry.sid for entry in archive.audit.log(action="erase")] == [RECORDING]
    assert twirec("erase", recording_sid(7), "--reason", "x", input="y\n").exit_code == 1


@pytest.mark.parametrize(
    "words", [("-v", "work", "--once"), ("work", "-v", "--once"), ("work", "--verbose", "--once")]
)
@pytest.mark.usefixtures("settled")
def test_verbose_stands_before_a_command_and_behind_it(
    words: tuple[str, ...], twirec: Twirec, caplog: pytest.LogCaptureFixture
) -> None:
    root = logging.getLogger()
    before = root.level
    try:
        assert twirec(*words).exit_code == 0
        assert root.level == logging.INFO
        assert twirec("search").exit_code == twirec("init").exit_code == 0
        assert [each.name for each in caplog.records if each.name.startswith("alembic")] == []
        assert twirec("work", "--once").exit_code == 0
        assert root.level == logging.WARNING
    finally:
        root.setLevel(before)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("words", [("search",), ("search", "--json"), ("--help",)])
def test_a_reader_that_went_away_ends_it_without_a_word(
    words: tuple[str, ...], environ: dict[str, str], ready_twirec: Ready
) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    running = ready_twirec.start(*words, env={**os.environ, **environ}, stdout=ours)
    os.close(ours)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (READER_GONE, "")
    assert READER_GONE == 141


@pytest.mark.usefixtures("archive")
def test_ctrl_c_is_a_hundred_and_thirty(environ: dict[str, str], ready_twirec: Ready) -> None:
    words = ("erase", RECORDING, "--reason", "x")
    settings = {**os.environ, **environ}
    running = ready_twirec.start(*words, env=settings, stdin=subprocess.PIPE)
    assert running.stderr
    while running.stderr.read(1) != "]":  # of [y/N]: it waits for an answer
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (INTERRUPTED, "")
    assert INTERRUPTED == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_made_for_each_shell(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TWIREC_COMPLETE", f"{shell}_source")
    made = CliRunner().invoke(main, prog_name="twirec")
    assert made.exit_code == 0, made.output
    assert f"_TWIREC_COMPLETE={shell}_complete" in made.output
    for name, value in completing(shell).items():
        monkeypatch.setenv(name, value)
    assert "search" in CliRunner().invoke(main, prog_name="twirec").output


def test_the_installed_command_completes() -> None:
    completed = subprocess.run(
        [str(Path(sys.executable).parent / "twirec")],
        env={**os.environ, **completing("bash")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "search" in completed.stdout, completed.stderr


def completing(shell: str) -> dict[str, str]:
    """What a shell sets when somebody typed `sea` and asks how that may go on."""
    return {
        "_TWIREC_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "twirec sea" if shell != "fish" else "twirec",
        "COMP_CWORD": "1" if shell != "fish" else "sea",
    }
