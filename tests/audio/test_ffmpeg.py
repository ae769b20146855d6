"""ffmpeg as a pipe: what it says is heard, and it never outlives who wants what it makes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.audio.hearing import archived
from tests.end_to_end.site import until
from tests.house import House, with_settings
from twirec.archive import Archive
from twirec.audio import ffmpeg
from twirec.audio.ffmpeg import find_ffmpeg, through
from twirec.model.errors import (
    AudioToolsMissing,
    BucketUnavailable,
    ConversionFailed,
    ConversionStalled,
)

COPY = ("-f", "s16le", "-ar", "8000", "-i", "pipe:0", "-f", "s16le", "pipe:1")
SECOND = bytes(16_000)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look twenty times a second whether ffmpeg does something."""
    monkeypatch.setattr(ffmpeg, "_TICK", 0.05)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A program of our own, whose process id is in the second file: the whole of it, or no file."""
    program, pid = tmp_path / "ffmpeg", tmp_path / "pid"
    program.touch(mode=0o700)
    yield program, pid
    if pid.exists():
        assert not _runs(int(pid.read_text())), "it outlived the test"


def _script(own: tuple[Path, Path], text: str, *, says: str = "") -> str:
    """Write the program: it says something on stderr, writes down its id, and does the rest."""
    program, pid = own
    known = f"echo $$ > {pid}.part && mv {pid}.part {pid}"  # it may be killed between the two
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n{known}\n{text}\n")
    return str(program)


def _once_it_runs(own: tuple[Path, Path], chunks: int) -> Iterator[bytes]:
    """Yield so many seconds of sound when the program has begun, which may take its time."""
    until(own[1].exists)
    yield from [SECOND] * chunks


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def endless() -> Iterator[bytes]:
    while True:
        yield SECOND


def test_what_goes_in_comes_out() -> None:
    source = [bytes([n]) * 1000 for n in range(200)] * 5
    assert b"".join(through(find_ffmpeg(None), COPY, iter(source))) == b"".join(source)


def test_closing_ends_the_process_and_the_source(own: tuple[Path, Path]) -> None:
    closed = threading.Event()

    def source() -> Iterator[bytes]:
        try:
            yield from endless()
        finally:
            closed.set()

    made = through(_script(own, f'exec {find_ffmpeg(None)} "$@"'), COPY, source())
    next(made)
    assert _runs(int(own[1].read_text()))
    made.close()  # type: ignore[attr-defined]
    assert not _runs(int(own[1].read_text()))
    assert closed.wait(120)


def test_what_is_forgotten_ends_the_process_too(own: tuple[Path, Path]) -> None:
    made = through(_script(own, f'exec {find_ffmpeg(None)} "$@"'), COPY, endless())
    next(made)
    del made
    assert not _runs(int(own[1].read_text()))


def test_a_cancelled_conversion_ends_the_encoder(house: House, own: tuple[Path, Path]) -> None:
    house.archive = _with_ffmpeg(house, _script(own, f'exec {find_ffmpeg(None)} "$@"'))
    with house.archive.recordings.convert(archived(house), format="flac", by="ana") as made:
        next(made)
        assert own[1].exists(), "the ffmpeg of the setting was not used"
    assert not _runs(int(own[1].read_text()))
    assert [thread for thread in threading.enumerate() if "ffmpeg" in thread.name] == []


def test_nothing_starts_before_the_first_bytes_are_wanted(
    house: House, own: tuple[Path, Path]
) -> None:
    house.archive = _with_ffmpeg(house, _script(own, "cat"))
    house.archive.recordings.convert(archived(house), by="ana").close()
    assert not own[1].exists()


def _with_ffmpeg(house: House, path: str) -> Archive:
    return with_settings(house.archive, ffmpeg=path)


def test_the_last_words_are_in_the_error(own: tuple[Path, Path]) -> None:
    script = _script(own, "seq 100000 >&2; echo 'no such codec: x' >&2; exit 187")
    with pytest.raises(ConversionFailed, match=r"no such codec: x$") as caught:
        list(through(script, COPY, endless()))
    assert len(str(caught.value)) < 500


def test_words_of_ffmpeg_itself_are_in_the_error() -> None:
    with pytest.raises(ConversionFailed, match="nosuch"):
        list(through(find_ffmpeg(None), (*COPY[:-1], "-c:a", "nosuch", "pipe:1"), endless()))


def test_an_error_after_the_last_byte_is_an_error_all_the_same(own: tuple[Path, Path]) -> None:
    with pytest.raises(ConversionFailed):
        list(through(_script(own, "cat; exit 1"), COPY, iter([SECOND])))


@pytest.mark.parametrize("what", ["exec sleep 600", "cat > /dev/null; exec sleep 600"])
def test_one_that_does_nothing_is_ended_with_its_last_words(
    own: tuple[Path, Path], what: str
) -> None:
    script = _script(own, what, says="waiting for x")
    with pytest.raises(ConversionStalled, match=r"did nothing for 0\.6 seconds: waiting for x"):
        list(through(script, COPY, _once_it_runs(own, 100), patience=0.6))


def test_one_that_closed_its_output_and_goes_on_is_ended(own: tuple[Path, Path]) -> None:
    with pytest.raises(ConversionStalled):
        list(through(_script(own, "exec >&-; exec sleep 600"), COPY, iter([]), patience=0.6))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What lets an hour pass at once; no other time passes, however slow the machine is."""
    hours = [0]

    def pass_an_hour() -> None:
        hours[0] += 1
        time.sleep(0.15)  # some ticks, in which it would be noticed

    monkeypatch.setattr(ffmpeg, "time", SimpleNamespace(monotonic=lambda: hours[0] * 3600.0))
    return pass_an_hour


def test_time_in_which_the_bucket_is_waited_for_is_not_counted(
    own: tuple[Path, Path], clock: Callable[[], None]
) -> None:
    def slow() -> Iterator[bytes]:
        clock()
        yield SECOND

    assert b"".join(through(_script(own, "cat"), COPY, slow(), patience=60)) == SECOND


def test_time_in_which_nobody_reads_is_not_counted(
    own: tuple[Path, Path], clock: Callable[[], None]
) -> None:
    made = through(_script(own, "cat"), COPY, iter([SECOND] * 300), patience=60)
    read = len(next(made))
    clock()
    assert read + sum(map(len, made)) == 300 * len(SECOND)


def test_an_error_of_the_source_is_the_error_and_ends_the_process(own: tuple[Path, Path]) -> None:
    def breaks() -> Iterator[bytes]:
        yield from _once_it_runs(own, 1)
        raise BucketUnavailable("gone")

    with pytest.raises(BucketUnavailable, match="gone"):
        list(through(_script(own, "cat; exec sleep 600"), COPY, breaks()))


def test_no_secret_is_in_its_environment(
    own: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "secret")
    said = b"".join(through(_script(own, "exec env"), COPY, iter([])))
    assert b"PATH=" in said
    assert b"secret" not in said


def test_it_opens_nothing_but_its_pipes(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("file '/etc/passwd'")
    options = ("-f", "concat", "-safe", "0", "-i", str(tmp_path / "list"), "-f", "s16le", "pipe:1")
    with pytest.raises(ConversionFailed, match=r"(?i)whitelist|not permitted"):
        list(through(find_ffmpeg(None), options, iter([])))


def test_a_program_that_cannot_be_run_is_named() -> None:
    with pytest.raises(AudioToolsMissing, match="/nowhere/ffmpeg cannot be run"):
        list(through("/nowhere/ffmpeg", COPY, iter([])))


def test_without_the_extra_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setitem(sys.modules, "pydub", None)
    ffmpeg._from_the_wheel.cache_clear()
    with pytest.raises(AudioToolsMissing, match=r"pip install 'twirec\[audio\]'.*TWIREC_FFMPEG"):
        find_ffmpeg(None)
    assert find_ffmpeg("/usr/bin/ffmpeg") == "/usr/bin/ffmpeg"


def test_without_pydub_the_fix_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sid = archived(house)
    monkeypatch.setitem(sys.modules, "pydub", None)
    with pytest.raises(AudioToolsMissing, match=r"pip install 'twirec\[audio\]'"):
        house.archive.recordings.convert(sid, channels="agent", by="ana")
