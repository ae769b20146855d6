"""Finding calls on the command line."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict

import pytest

from tests.cli.conftest import Twirec
from tests.factories import a_recording, call_sid, recording_sid, wording_of
from twirec.archive import Archive

pytestmark = pytest.mark.usefixtures("archive")


def found(twirec: Twirec, *words: str) -> list[str]:
    result = twirec("search", "--json", *words)
    assert result.exit_code == 0, result.output
    return [call["call_sid"] for call in json.loads(result.output)["calls"]]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ((), [3, 2, 1]),
        (("--number", "600111222"), [2, 1]),
        (("--number", "0034 600 11 12 22"), [2, 1]),
        (("--number", "444"), [3]),
        # Call time in Madrid, an hour ahead of UTC in November: the calls are at 11:15 and 13:00.
        (("--since", "2026-11-23 12:00", "--until", "2026-11-23"), [2]),
        (("--until", "2026-11-23 12:00"), [1]),
        (("--direction", "out"), [3]),
        (("--state", "completed"), [1]),
        (("--not-recorded",), [2]),
        (("--limit", "1"), [3]),
        (("--number", "999"), []),
        (("--sid", call_sid(2)), [2]),
        (("--agent", "nobody"), []),
        (("note", "no such words"), []),
    ],
)
def test_search_cuts_by_every_option(
    twirec: Twirec, words: tuple[str, ...], numbers: list[int]
) -> None:
    assert found(twirec, *words) == [call_sid(number) for number in numbers]


def test_what_contradicts_itself_is_refused(twirec: Twirec) -> None:
    refused = twirec("search", "--not-recorded", "--outcome", "recorded")
    assert refused.exit_code == 2
    assert "--not-recorded and --outcome contradict each other" in refused.output
    assert found(twirec, "--not-recorded", "--outcome", "not_recorded") == [call_sid(2)]


def test_the_json_of_a_call_holds_its_consents_and_recordings(twirec: Twirec) -> None:
    (call,) = json.loads(twirec("search", "--json", "--state", "completed").output)["calls"]
    assert call["customer_number"] == "+34600111222"
    assert call["started_at"] == "2026-11-23T10:15:00+00:00"
    assert [consent["outcome"] for consent in call["consents"]] == ["informed"]
    assert [recording["sid"] for recording in call["recordings"]] == [recording_sid()]


def test_the_table_shows_the_companys_time_and_why(twirec: Twirec) -> None:
    shown = twirec("search", "--number", "600111222").output
    assert "2026-11-23 11:15" in shown
    assert "hung_up_during_announcement" in shown


def test_nothing_found_is_said(twirec: Twirec) -> None:
    assert twirec("search", "--number", "999").output == "No call matches.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--number", "hello"), "number: give a whole number"),
        (("--since", "yesterdy"), "since: 'yesterdy' is not understood"),
    ],
)
def test_what_cannot_be_understood_is_one_clear_sentence(
    twirec: Twirec, words: tuple[str, ...], said: str
) -> None:
    result = twirec("search", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("sid", [call_sid(), recording_sid()])
def test_show_prints_the_wording_that_was_played(
    twirec: Twirec, archive: Archive, sid: str
) -> None:
    shown = twirec("show", sid).output
    assert "2026-11-23 11:15:00 CET" in shown
    assert wording_of(archive).text in shown
    assert wording_of(archive).hash in shown
    assert recording_sid() in shown


def test_the_hash_of_a_wording_can_be_computed_again_from_what_show_prints(
    twirec: Twirec, archive: Archive
) -> None:
    lines = twirec("show", call_sid()).output.splitlines()
    shown = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    said = json.loads(shown["hashed"])
    assert hashlib.sha256(shown["hashed"].encode()).hexdigest() == shown["announcement"]
    assert shown["announcement"] == archive.calls.get(call_sid()).consents[0].announcement
    assert (said["text"], said["voice"]) == (shown["wording"], shown["said by"])


def test_show_gives_json(twirec: Twirec, archive: Archive) -> None:
    shown = json.loads(twirec("show", call_sid(), "--json").output)
    wording = wording_of(archive)
    assert shown["announcements"] == {wording.hash: asdict(wording)}


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_recording_whose_call_nobody_knows_can_be_shown(
    twirec: Twirec, archive: Archive, words: tuple[str, ...]
) -> None:
    archive.catalog.recordings.adopt(a_recording(sid=recording_sid(5), call_sid=None))
    assert recording_sid(5) in twirec("show", recording_sid(5), *words).output


def test_show_of_an_unknown_sid_says_so(twirec: Twirec) -> None:
    result = twirec("show", call_sid(9))
    assert (result.exit_code, call_sid(9) in result.output) == (1, True)
    result = twirec("show", recording_sid(9))
    assert (result.exit_code, recording_sid(9) in result.output) == (1, True)


@pytest.mark.parametrize("words", [("show", "foo"), ("show", "600111222"), ("hold", "RE0123")])
def test_what_is_no_sid_is_named_with_the_form_of_one(
    twirec: Twirec, words: tuple[str, str]
) -> None:
    more = ("--case", "C-7", "--reason", "x") if words[0] == "hold" else ()
    result = twirec(*words, *more)
    assert result.exit_code == 2
    assert re.search(r"sid: give (CA or )?RE and 32 hexadecimal digits, not '", result.output)
