"""The verbs that need only the caller: Say, Play, Pause, Gather, Redirect, Hangup."""

from __future__ import annotations

from collections.abc import Sequence

from twirec.sandbox.audio import RATE, read_wav
from twirec.sandbox.stage import Ended, Next, Stage
from twirec.sandbox.twiml import BAD_DOCUMENT, HTTP_FAILED, TwimlError, Verb
from twirec.sandbox.voices import speaks

LETTERS_A_SECOND = 15
"""How fast a Say is spoken."""

SHORTEST_SAY = 0.5
"""Seconds that a Say takes at least."""

LONGEST_SAY = 4096
"""Characters (https://www.twilio.com/docs/voice/twiml/say)."""

_ENDLESS = 1000  # what Twilio makes of loop="0"
_BAD_PLAY = 12400
_BAD_VOICE = 13511
_BAD_TEXT = 13520


def say(stage: Stage, verb: Verb) -> None:
    """Speak a text; https://www.twilio.com/docs/voice/twiml/say."""
    prompt(stage, verb)


def play(stage: Stage, verb: Verb) -> None:
    """Play a WAV file; https://www.twilio.com/docs/voice/twiml/play."""
    prompt(stage, verb)


def pause(stage: Stage, verb: Verb) -> None:
    """Wait; https://www.twilio.com/docs/voice/twiml/pause."""
    prompt(stage, verb)


def prompt(stage: Stage, verb: Verb) -> None:
    """Play a Say, Play or Pause to its end."""
    stage.answer()
    stage.clock.wait(prompt_seconds(stage, verb))


def hangup(stage: Stage, verb: Verb) -> None:
    """End the call; https://www.twilio.com/docs/voice/twiml/hangup."""
    stage.answer()
    stage.log("Hangup")
    raise Ended


def redirect(stage: Stage, verb: Verb) -> Next:
    """Go on with another document; https://www.twilio.com/docs/voice/twiml/redirect."""
    stage.answer()
    if not verb.text:
        raise TwimlError(BAD_DOCUMENT, "Redirect has no URL")
    stage.log("Redirect", verb.text)
    return Next(stage.absolute(verb.text), verb.get("method", "POST"))


def gather(stage: Stage, verb: Verb) -> Next | None:
    """Collect keys; https://www.twilio.com/docs/voice/twiml/gather.

    A key cuts the prompt short. Keys pressed before the Gather began do not count.
    """
    stage.answer()
    begin = stage.clock.second
    stage.log("Gather")
    prompted = begin + sum(prompt_seconds(stage, child) for child in verb.children)
    digits, ended = _collect(verb, stage.caller.keys, begin, prompted)
    stage.clock.wait(ended - begin)
    stage.log("Gather", f"Digits={digits}")
    if digits or verb.flag("actionOnEmptyResult"):
        return stage.step(verb, {"Digits": digits}, stage.url)
    return None


def prompt_seconds(stage: Stage, verb: Verb) -> float:
    """Return how many call seconds a Say, Play or Pause takes; 0 for one that fails.

    Failing is what Twilio does with it: a warning, no sound, and the call goes on at once.
    """
    if verb.name == "Pause":
        stage.log("Pause")
        return float(verb.seconds("length", 1))
    seconds = _say_seconds(stage, verb) if verb.name == "Say" else _play_seconds(stage, verb)
    return seconds * (verb.seconds("loop", 1) or _ENDLESS)


def _say_seconds(stage: Stage, verb: Verb) -> float:
    voice, language = verb.attributes.get("voice"), verb.attributes.get("language")
    if not speaks(voice, language):
        stage.log("warning", f"Say: invalid voice {voice} for {language}", _BAD_VOICE)
        return 0.0
    if not verb.text or len(verb.text) > LONGEST_SAY or stage.faults.say_fails:
        stage.log("warning", "Say: invalid text", _BAD_TEXT)
        return 0.0
    stage.log("Say", verb.text)
    return max(SHORTEST_SAY, len(verb.text) / LETTERS_A_SECOND)


def _play_seconds(stage: Stage, verb: Verb) -> float:
    reply = stage.courier.send(stage.absolute(verb.text), {}, "GET")
    if reply.failure:
        stage.log("warning", f"Play: {reply.failure} {reply.status}", HTTP_FAILED)
        return 0.0
    try:
        samples = read_wav(reply.body)
    except ValueError as error:
        stage.log("warning", f"Play: {error}", _BAD_PLAY)
        return 0.0
    stage.log("Play", verb.text)
    return len(samples) / RATE


def _collect(
    verb: Verb, keys: Sequence[tuple[float, str]], begin: float, prompted: float
) -> tuple[str, float]:
    """Return the digits and the second at which the Gather is over."""
    digits, patience = "", verb.seconds("timeout", 5)
    deadline = prompted + patience
    for second, key in sorted(keys):
        if second < begin or second >= deadline:
            continue
        if key == verb.get("finishOnKey", "#"):
            return digits, second
        digits += key
        if len(digits) == verb.seconds("numDigits", 0):
            return digits, second
        deadline = second + patience
    return digits, deadline
