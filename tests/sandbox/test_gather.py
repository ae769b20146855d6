from __future__ import annotations

import pytest

from tests.sandbox.conftest import Ring
from tests.sandbox.target import Target, twiml
from twirec.sandbox import Party

TEN_SECONDS = f"<Say>{'a' * 150}</Say>"


def gather(attributes: str, nested: str = "") -> str:
    return twiml(f"<Gather action='/key' {attributes}>{nested}</Gather>", "<Pause length='30'/>")


@pytest.fixture(autouse=True)
def _the_action_answers(target: Target) -> None:
    target.says("/key", twiml())


def test_keys_are_posted_to_the_action_and_the_rest_is_not_run(ring: Ring, target: Target) -> None:
    call = ring(gather("numDigits='1'"), Party(keys=[(3, "1")]))
    assert [form["Digits"] for form in target.forms("/key")] == ["1"]
    assert call.duration == 3


def test_the_last_of_several_keys_ends_it(ring: Ring, target: Target) -> None:
    keys = [(1, "4"), (2, "2"), (3, "9")]
    call = ring(gather("numDigits='2'"), Party(keys=keys))
    assert (target.forms("/key")[0]["Digits"], call.duration) == ("42", 2)


def test_the_finish_key_ends_it_and_is_not_a_digit(ring: Ring, target: Target) -> None:
    ring(gather(""), Party(keys=[(1, "4"), (2, "#")]))
    assert target.forms("/key")[0]["Digits"] == "4"


def test_the_finish_key_can_be_another_or_none(ring: Ring, target: Target) -> None:
    ring(gather("finishOnKey='*'"), Party(keys=[(1, "#"), (2, "*")]))
    ring(gather("finishOnKey='' timeout='2'"), Party(keys=[(1, "#")]))
    assert [form["Digits"] for form in target.forms("/key")] == ["#", "#"]


def test_without_a_key_the_next_verb_runs(ring: Ring, target: Target) -> None:
    call = ring(gather("timeout='4'"))
    assert target.at("/key") == []
    assert call.duration == 4 + 30


def test_an_empty_result_is_posted_when_asked_for(ring: Ring, target: Target) -> None:
    call = ring(gather("actionOnEmptyResult='true' timeout='4'"))
    assert [form["Digits"] for form in target.forms("/key")] == [""]
    assert call.duration == 4


def test_it_waits_five_seconds_after_the_prompt_and_after_each_key(
    ring: Ring, target: Target
) -> None:
    call = ring(gather("", TEN_SECONDS), Party(keys=[(14, "1")]))
    assert (target.forms("/key")[0]["Digits"], call.duration) == ("1", 19)


def test_a_key_that_comes_too_late_is_not_heard(ring: Ring, target: Target) -> None:
    ring(gather("timeout='2' numDigits='1'"), Party(keys=[(2, "1")]))
    assert target.at("/key") == []


def test_a_key_pressed_before_it_began_does_not_count(ring: Ring, target: Target) -> None:
    document = gather("numDigits='1' timeout='2'").replace("<Response>", f"<Response>{TEN_SECONDS}")
    ring(document, Party(keys=[(5, "1")]))
    assert target.at("/key") == []


def test_a_key_cuts_the_prompt_short(ring: Ring) -> None:
    assert ring(gather("numDigits='1'", TEN_SECONDS), Party(keys=[(2, "1")])).duration == 2


def test_prompt_and_pause_count_before_the_timeout(ring: Ring) -> None:
    call = ring(gather("timeout='1' actionOnEmptyResult='true'", TEN_SECONDS + "<Pause/>"))
    assert call.duration == 12


def test_a_prompt_that_fails_does_not_delay_the_question(ring: Ring) -> None:
    broken = "<Say voice='Polly.Nobody'>No se oye</Say>"
    assert ring(gather("timeout='1' actionOnEmptyResult='true'", broken)).duration == 1


def test_without_an_action_the_document_itself_is_asked_again(ring: Ring, target: Target) -> None:
    documents = [twiml("<Gather numDigits='1'/>"), twiml()]
    ring(lambda: documents.pop(0), Party(keys=[(1, "7")]))
    assert [form.get("Digits") for form in target.forms("/voice")] == [None, "7"]


def test_a_caller_who_hangs_up_while_asked_ends_the_call(ring: Ring, target: Target) -> None:
    call = ring(gather("numDigits='1'"), Party(keys=[(3, "1")], hangs_up_after=2))
    assert target.at("/key") == []
    assert call.duration == 2
