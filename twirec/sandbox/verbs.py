"""The verbs that need only the caller: Say, Play, Pause, Gather, Redirect, Hangup, Reject."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twirec.sandbox.audio import RATE, hum, read_wav
from twirec.sandbox.clock import Interrupted
from twirec.sandbox.courier import Reply
from twirec.sandbox.limits import cannot
from twirec.sandbox.script import Next
from twirec.sandbox.sound import Clips
from twirec.sandbox.stage import Ended, Stage
from twirec.sandbox.tones import seconds_of
from twirec.sandbox.twiml import BAD_DOCUMENT, BAD_SCHEMA, HTTP_FAILED, TwimlError, Verb
from twirec.sandbox.voices import is_known, speaks

LETTERS_A_SECOND = 15
"""How fast a Say is spoken."""

SHORTEST_SAY = 0.5
"""Seconds that a Say takes at least."""

CONFIDENCE = "0.9"
"""How sure a Gather is of what it has heard."""

SILENCE = 1.0
"""Seconds of silence after which somebody has said everything, unless a Gather says otherwise."""

LONGEST_SAY = 4096
"""Characters (https://www.twilio.com/docs/voice/twiml/say)."""

_ENDLESS = 1000  # what Twilio makes of loop="0"
_BAD_PLAY = 12400
_BAD_VOICE = 13511
_BAD_TEXT = 13520


class Rejected(Exception):
    """The TwiML did not take the call.

    Attributes:
        status: Twilio's word for how it ended.
    """

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(status)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a Say, Play or Pause sounds like, and how long it takes in all."""

    seconds: float
    sound: array[int]
    times: int = 1

    def clips(self, begin: float) -> Clips:
        return tuple(
            (begin + time * self.seconds / self.times, self.sound) for time in range(self.times)
        )


def say(stage: Stage, verb: Verb) -> None:
    """Speak a text; https://www.twilio.com/docs/voice/twiml/say."""
    _play_all(stage, (verb,))


def play(stage: Stage, verb: Verb) -> None:
    """Play a WAV file; https://www.twilio.com/docs/voice/twiml/play."""
    _play_all(stage, (verb,))


def pause(stage: Stage, verb: Verb) -> None:
    """Wait; https://www.twilio.com/docs/voice/twiml/pause."""
    _play_all(stage, (verb,))


def reject(stage: Stage, verb: Verb) -> None:
    """Do not take the call; https://www.twilio.com/docs/voice/twiml/reject."""
    if stage.answered:
        raise TwimlError(BAD_SCHEMA, "Reject comes before everything else")
    stage.log("Reject")
    raise Rejected("busy" if verb.get("reason", "rejected") == "busy" else "no-answer")


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
    """Collect keys, or what the person says; https://www.twilio.com/docs/voice/twiml/gather.

    A key or a word cuts the prompt short. Keys pressed before the Gather began do not count.
    """
    stage.answer()
    begin = stage.clock.second
    stage.log("Gather")
    clips, seconds = _prompts(stage, verb.children)
    sound = stage.hear(clips)
    try:
        collected = _wait(stage, verb, begin, begin + seconds)
    finally:
        sound.end = stage.clock.second
    params = collected.params(verb)
    stage.log("Gather", " ".join(f"{name}={value}" for name, value in params.items()))
    if collected.something or verb.flag("actionOnEmptyResult"):
        return stage.step(verb, params, stage.url)
    return None


@dataclass(frozen=True, slots=True)
class _Collected:
    """What a Gather has collected, and the second at which it is over."""

    digits: str
    speech: str
    second: float

    @property
    def something(self) -> bool:
        return bool(self.digits or self.speech)

    def params(self, verb: Verb) -> dict[str, str]:
        if self.speech:
            return {"SpeechResult": self.speech, "Confidence": CONFIDENCE}
        return {"Digits": self.digits} if "dtmf" in verb.get("input", "dtmf") else {}


def _wait(stage: Stage, verb: Verb, begin: float, prompted: float) -> _Collected:
    """Wait for the end of a Gather; what the person does meanwhile may bring it nearer."""
    while True:
        more = stage.acts.more()
        collected = _collect(stage, verb, begin, prompted)
        try:
            stage.clock.wait(max(0.0, collected.second - stage.clock.second), more)
        except Interrupted:
            continue
        return collected


def _collect(stage: Stage, verb: Verb, begin: float, prompted: float) -> _Collected:
    listens = verb.get("input", "dtmf")
    digits, over = "", prompted + verb.seconds("timeout", 5)
    if "dtmf" in listens:
        digits, over = _digits(verb, stage.keys, begin, prompted)
    speech, heard = _speech(stage, verb, begin, prompted) if "speech" in listens else ("", over)
    if speech and (not digits or heard < over):
        return _Collected("", speech, heard)
    return _Collected(digits, "", over)


def _play_all(stage: Stage, prompts: Sequence[Verb]) -> None:
    stage.answer()
    clips, seconds = _prompts(stage, prompts)
    _hear(stage, clips, seconds)


def _hear(stage: Stage, clips: Clips, seconds: float) -> None:
    sound = stage.hear(clips)
    try:
        stage.clock.wait(seconds)
    finally:
        sound.end = stage.clock.second


def _prompts(stage: Stage, verbs: Sequence[Verb]) -> tuple[Clips, float]:
    """Return what is heard of some prompts from now on, and how many call seconds they take."""
    clips: Clips = ()
    begin = second = stage.clock.second
    for verb in verbs:
        if made := _prompt(stage, verb):
            clips += made.clips(second)
            second += made.seconds
            stage.told(verb.text, second)
    return clips, second - begin


def _prompt(stage: Stage, verb: Verb) -> _Prompt | None:
    """Return a Say, Play or Pause; None for one that fails.

    Failing is what Twilio does with it: a warning, no sound, and the call goes on at once.
    """
    if verb.name == "Pause":
        stage.log("Pause")
        return _Prompt(float(verb.seconds("length", 1)), array("h"))
    made = _said(stage, verb) if verb.name == "Say" else _played(stage, verb)
    times = verb.seconds("loop", 1) or _ENDLESS
    return made and _Prompt(made.seconds * times, made.sound, times)


def _said(stage: Stage, verb: Verb) -> _Prompt | None:
    voice, language = verb.attributes.get("voice"), verb.attributes.get("language")
    if not is_known(voice):
        # Maybe Twilio has it since the list was made, maybe it is misspelled: nobody is told.
        stage.limit(str(cannot(f"the voice {voice}")))
        return None
    if not speaks(voice, language):
        stage.log("warning", f"Say: invalid voice {voice} for {language}", _BAD_VOICE)
        return None
    breaks = sum(_seconds_of_break(child) for child in _inside(verb) if child.name == "break")
    if not verb.text or len(verb.text) > LONGEST_SAY or stage.faults.say_fails:
        stage.log("warning", "Say: invalid text", _BAD_TEXT)
        return None
    stage.log("Say", verb.text)
    seconds = max(SHORTEST_SAY, len(verb.text) / LETTERS_A_SECOND) + breaks
    return _Prompt(seconds, hum(seconds))


def _inside(verb: Verb) -> Iterator[Verb]:
    for child in verb.children:
        yield child
        yield from _inside(child)


def _seconds_of_break(verb: Verb) -> float:
    """Return how long a break is; one that only says how strong it is takes a moment."""
    time = verb.get("time", "0.5s")
    return float(time.removesuffix("ms")) / 1000 if time.endswith("ms") else float(time[:-1])


def _played(stage: Stage, verb: Verb) -> _Prompt | None:
    if digits := verb.get("digits", ""):
        stage.log("Play", f"digits {digits}")
        return _Prompt(seconds_of(digits), hum(seconds_of(digits)))
    reply = Reply(200, verb.sound)
    if not verb.sound:
        reply = stage.house.courier.send(stage.absolute(verb.text), {}, "GET")
    if reply.failure:
        stage.log("warning", f"Play: {reply.failure} {reply.status}", HTTP_FAILED)
        return None
    try:
        samples = read_wav(reply.body)
    except ValueError as error:
        stage.log("warning", f"Play: {error}", _BAD_PLAY)
        return None
    stage.log("Play", verb.text)
    return _Prompt(len(samples) / RATE, samples)


def _digits(
    verb: Verb, keys: Sequence[tuple[float, str]], begin: float, prompted: float
) -> tuple[str, float]:
    """Return the digits and the second at which the Gather is over."""
    digits, patience = "", verb.seconds("timeout", 5)
    deadline = prompted + patience
    for second, key in sorted(keys):
        if second <= begin or second >= deadline:  # the key that ended the last Gather is spent
            continue
        if key == verb.get("finishOnKey", "#"):
            return digits, second
        digits += key
        if len(digits) == verb.seconds("numDigits", 0):
            return digits, second
        deadline = second + patience
    return digits, deadline


def _speech(stage: Stage, verb: Verb, begin: float, prompted: float) -> tuple[str, float]:
    """Return what is said, by the words that the person's lines have, and when that is over."""
    words, over = "", prompted + verb.seconds("timeout", 5)
    silence = verb.get("speechTimeout", "auto")
    patience = SILENCE if silence == "auto" else float(silence)
    for second, line in sorted(stage.lines, key=lambda each: each[0]):
        if line.text and begin <= second < over:
            words = f"{words} {line.text}".strip()
            over = second + line.seconds + patience
    return words, over
