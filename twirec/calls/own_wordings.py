"""The wordings, voices and audio that a company gives in place of ours (`TWIREC_ANNOUNCEMENTS`)."""

from __future__ import annotations

import io
import re
import tomllib
import wave
from collections.abc import Callable, Mapping
from dataclasses import replace
from string import Formatter
from typing import Any

from twirec.calls.wordings import CHARACTERS_PER_SECOND, VOICES, WORDINGS, Wording
from twirec.model.announcements import Audio
from twirec.model.given import unspeakable

NEEDED = ("notice", "opt_out", "opt_in", "goodbye")
"""The parts that every wording has."""

PARTS = (*NEEDED, "no_message", "not_dialled", "leave_message", "nobody_answers")
"""The parts of a wording. Each may have audio, under its name and `_audio`."""

LONGEST_SAY = 4096
"""Characters (https://www.twilio.com/docs/voice/twiml/say)."""

MOST_BYTES = 5 * 1024 * 1024
"""The largest audio: five minutes at 8 kHz, 16 bit."""

SHORTEST = 7.0
"""Seconds, of what is not to be cut short. What is shorter could not be told from what failed to be
played: the next step may be tried for four seconds."""

MUST_SAY = {
    "notice": "say who records, why, and where to learn more",
    "opt_out": "say how to say no, and that who presses nothing is recorded",
}
"""What takes longer than `SHORTEST` to say, and why: silence after it lets a call be recorded."""

NAMED = {"company": "who records", "privacy_info": "where to learn more"}
"""What the law wants named in a notice (LOPDGDD art. 11.2), by what is filled in."""

KEYS = ("voice", *PARTS, *(f"{part}_audio" for part in PARTS))


def read_wordings(text: str, read_file: Callable[[str], bytes]) -> dict[str, Wording]:
    """Return all wordings: ours, with what the company says otherwise.

    Args:
        text: TOML with a table for each language (BCP 47), which may hold `voice`, `notice`,
            `opt_out`, `opt_in`, `goodbye`, `no_message`, `not_dialled`, `leave_message`,
            `nobody_answers`, and for each of these eight the name of a WAV file that says it,
            `notice_audio` and so on. What it does not hold is ours.
        read_file: returns the bytes of such a file.

    Raises:
        ValueError: it cannot be understood; the message names language, key and fix.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is not TOML: {error}.") from None
    wordings = dict(WORDINGS)
    for language, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"{language} is not a table; write [{language}] above its keys.")
        wordings[language] = _wording(language, table, read_file)
    return wordings


def _wording(language: str, table: Mapping[str, Any], read_file: Callable[[str], bytes]) -> Wording:
    _check_keys(language, table)
    ours = WORDINGS.get(language)
    given = {key: value for key, value in table.items() if not key.endswith("_audio")}
    if ours is None and (missing := [part for part in NEEDED if part not in given]):
        raise ValueError(f"[{language}] is new here and needs {', '.join(missing)}.")
    if "voice" in given and given["voice"] not in VOICES.get(language, ()):
        known = ", ".join(VOICES.get(language, ())) or "none, so give audio"
        raise ValueError(f"[{language}] voice: Twilio's neural voices for it are {known}.")
    _check_texts(language, table)
    base = ours or Wording(None, "", "", "", "")
    audio = {
        part: _audio(f"[{language}] {part}_audio", table[f"{part}_audio"], read_file)
        for part in PARTS
        if f"{part}_audio" in table
    }
    wording = replace(base, **given, audio=audio)
    _check_lengths(language, wording)
    return wording


def _check_keys(language: str, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if key not in KEYS:
            raise ValueError(f"[{language}] {key} is not known; there are {', '.join(KEYS)}.")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"[{language}] {key} must be a text.")
        if unspeakable(value):
            raise ValueError(f"[{language}] {key} has control characters; leave them out.")
    for part in PARTS:
        if f"{part}_audio" in table and part not in table:
            raise ValueError(f"[{language}] {part}: write down what {part}_audio says.")


def _check_texts(language: str, table: Mapping[str, str]) -> None:
    for part in PARTS:
        if len(table.get(part, "")) > LONGEST_SAY:
            raise ValueError(f"[{language}] {part} is longer than {LONGEST_SAY} characters.")
        if part != "notice" and re.search("[{}]", table.get(part, "")):
            raise ValueError(f"[{language}] {part}: nothing is filled in here; leave braces out.")
    if "notice" in table:
        _check_notice(language, table["notice"])


def _check_notice(language: str, notice: str) -> None:
    try:
        named = [tuple(field) for _, *field in Formatter().parse(notice) if field[0] is not None]
    except ValueError:
        named = [("", "", None)]
    if any(name not in NAMED or spec or conversion for name, spec, conversion in named):
        raise ValueError(
            f"[{language}] notice: only {{company}} and {{privacy_info}} are filled in; "
            "write other braces twice."
        )
    for name, why in NAMED.items():
        if (name, "", None) not in named:
            raise ValueError(f"[{language}] notice: say {why}, with {{{name}}}.")


def _check_lengths(language: str, wording: Wording) -> None:
    shortest = int(SHORTEST * CHARACTERS_PER_SECOND)
    for part, what in MUST_SAY.items():
        audio = wording.audio.get(part)
        said = " ".join(getattr(wording, part).split())
        if audio and audio.seconds < SHORTEST:
            is_short = f"{part}_audio is shorter than {SHORTEST:.0f} seconds"
        elif wording.voice and not audio and len(said) < shortest:
            is_short = f"{part} is shorter than {shortest} characters"
        else:
            continue
        raise ValueError(f"[{language}] {is_short}; {what}.")


def _audio(what: str, name: str, read_file: Callable[[str], bytes]) -> Audio:
    try:
        data = read_file(name)
    except OSError as error:
        raise ValueError(f"{what}: {name} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"{what}: {name} is over 5 MiB; save it as 8 kHz, 16 bit, mono.")
    try:
        with wave.open(io.BytesIO(data)) as file:
            # what is there counts: a header that was written before the end is known claims more
            held = len(file.readframes(file.getnframes())) / file.getsampwidth()
            seconds = held / file.getnchannels() / file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        raise ValueError(f"{what}: {name} is not a WAV file (PCM).") from None
    return Audio(data, round(seconds, 3))
