"""What is wrong with a model is said in one sentence, before anything is heard."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from twirec.adapters import whisper
from twirec.adapters.whisper import Whisper
from twirec.model.errors import ModelUnusable, SpeechToolsMissing


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs it is there, for all that is asked here."""
    monkeypatch.setattr(whisper, "find_spec", lambda _: True)


@pytest.fixture
def faster_whisper() -> None:
    """The library itself, which a laptop need not have."""
    if find_spec("faster_whisper") is None:
        skip = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        skip("faster-whisper is not installed: pip install 'twirec[transcripts]'")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a model that is broken: its file is cut off."""
    for name in whisper.FILES:
        (tmp_path / name).write_bytes(b"{}")
    return tmp_path


def test_without_the_extra_it_is_said_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "find_spec", lambda _: None)
    model = Whisper(str(folder))
    assert model.problem() == (
        "faster-whisper is not installed: pip install 'twirec[transcripts]'."
    )
    with pytest.raises(SpeechToolsMissing, match="is not installed"):
        model.facts()


def test_a_model_that_is_missing_is_said_with_the_setting(folder: Path) -> None:
    for model, why in (
        (Whisper(str(folder / "away")), "there is no such folder"),
        (Whisper(str(folder)), "it has no model.bin"),
    ):
        (folder / "model.bin").unlink(missing_ok=True)
        assert why in model.problem()
        assert "TWIREC_TRANSCRIPT_MODEL" in model.problem()
        with pytest.raises(ModelUnusable, match=why):
            model.hear(b"", 8000, "es", lambda: None)


@pytest.mark.usefixtures("faster_whisper")
def test_one_that_does_not_load_is_not_tried_until_its_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    class Broken:
        def __init__(self, folder: str, **_: object) -> None:
            loaded.append(folder)
            raise RuntimeError("Unexpected end of file\nand more")

    monkeypatch.setattr("faster_whisper.WhisperModel", Broken)
    model = Whisper(str(folder))
    assert model.problem() == ""
    for _ in range(2):
        with pytest.raises(ModelUnusable, match=r"it is broken \(Unexpected end of file\)"):
            model.hear(bytes(1600), 8000, "es", lambda: None)
    assert len(loaded) == 1
    assert "it is broken" in model.problem()
    (folder / "model.bin").write_bytes(b"another one")
    assert model.problem() == ""


@pytest.mark.usefixtures("faster_whisper")
def test_one_that_cannot_be_fetched_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bool] = []

    def no_network(_: str, *, local_files_only: bool) -> str:
        asked.append(local_files_only)
        raise OSError("no route to host")

    monkeypatch.setattr("faster_whisper.utils.download_model", no_network)
    model = Whisper("small")
    assert model.problem() == ""
    for _ in range(2):
        with pytest.raises(ModelUnusable, match=r"cannot be fetched \(OSError\)"):
            model.facts()
    assert asked == [True, False]
    assert "cannot be fetched" in model.problem()


def test_another_file_is_another_model(folder: Path) -> None:
    model = Whisper(str(folder))
    before = model.facts()
    assert model.facts() == before
    (folder / "model.bin").write_bytes(b"another one")
    after = model.facts()
    assert (after.model, after.options) == (before.model, before.options)
    assert after.sha256 != before.sha256
    assert after.recipe("es") not in {before.recipe("es"), after.recipe("ca")}
