"""The verbs that record: Start and Stop Recording, and Record.

https://www.twilio.com/docs/voice/twiml/recording and https://www.twilio.com/docs/voice/twiml/record
"""

from __future__ import annotations

from twirec.sandbox.audio import RATE, Track, hum
from twirec.sandbox.clock import HungUp, Interrupted
from twirec.sandbox.orders import order, record
from twirec.sandbox.parties import BEEP
from twirec.sandbox.recorder import Recorder
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Stage
from twirec.sandbox.twiml import Verb

_BEEP = 1.0  # seconds
_NO_SUCH_RECORDING = 21220
_ALL_KEYS = "1234567890*#"


def start(stage: Stage, verb: Verb) -> None:
    """Begin recordings, and go on at once."""
    stage.answer()
    for noun in verb.children:
        name = noun.get("name", "")
        if name and stage.recorders.named(name):
            stage.log("warning", f"Start: there is a recording {name} already")
            continue
        stage.log("Start", name)
        channels = 1 if noun.get("channels", "dual") == "mono" else 2
        # The page's table of callback parameters has OutboundAPI; Twilio has no word of its own.
        wanted = order(
            stage, noun, "OutboundAPI", channels, noun.get("track", "both"), "trim-silence"
        )
        record(stage, wanted, name)


def stop(stage: Stage, verb: Verb) -> None:
    """End recordings by their names, and go on at once."""
    stage.answer()
    for noun in verb.children:
        name = noun.get("name", "")
        recorder = stage.recorders.named(name) if name else None
        if recorder is None:
            stage.log("warning", f"Stop: there is no recording {name}", _NO_SUCH_RECORDING)
            continue
        stage.log("Stop", name)
        recorder.stop()


def record_verb(stage: Stage, verb: Verb) -> Next | None:
    """Record what the caller says, as voicemail does, until silence, a key or the length."""
    stage.answer()
    stage.log("Record")
    if verb.get("playBeep", "true") == "true":
        sound = stage.hear(((stage.clock.second, hum(_BEEP)),))
        stage.clock.wait(_BEEP)
        sound.end = stage.clock.second
        stage.told(BEEP, stage.clock.second)
    begin = stage.clock.second
    wanted = order(stage, verb, "RecordVerb", 1, "both", "trim-silence", dual=False)
    recorder = record(stage, wanted, sides=lambda begin, end: _both(stage.spoken(begin, end)))
    try:
        key, ended = _wait(stage, verb, begin)
    except HungUp:
        recorder.stop()
        stage.afterwards = _action(stage, verb, recorder, "hangup")
        raise
    recorder.stop()
    # Whoever says nothing at all is not recorded: the next verb runs.
    return _action(stage, verb, recorder, key) if _spoke(stage, begin, ended) or key else None


def _both(track: Track) -> tuple[Track, Track]:
    return track, track


def _wait(stage: Stage, verb: Verb, begin: float) -> tuple[str, float]:
    """Wait for the end of a Record; what the person does meanwhile may move it."""
    while True:
        more = stage.acts.more()
        key, ended = _until(stage, verb, begin)
        try:
            stage.clock.wait(max(0.0, ended - stage.clock.second), more)
        except Interrupted:
            continue
        return key, ended


def _until(stage: Stage, verb: Verb, begin: float) -> tuple[str, float]:
    """Return the key that ends it, if one does, and the second at which it is over."""
    patience, longest = verb.seconds("timeout", 5), begin + verb.seconds("maxLength", 3600)
    silent = begin + patience
    for at, samples in sorted(stage.voice, key=lambda clip: clip[0]):
        over = at + len(samples) / RATE
        if over > begin and at < silent:
            silent = over + patience
    over = min(silent, longest)
    keys = verb.get("finishOnKey", _ALL_KEYS)
    for second, key in sorted(stage.keys):
        if begin <= second < over and key in keys:
            return key, second
    return "", over


def _spoke(stage: Stage, begin: float, end: float) -> bool:
    return any(at < end and at + len(said) / RATE > begin for at, said in stage.voice)


def _action(stage: Stage, verb: Verb, recorder: Recorder, digits: str) -> Next:
    recording = recorder.recording
    params = {
        "RecordingUrl": stage.account.media_url(recording),
        "RecordingSid": recording.sid,
        "RecordingDuration": str(recording.duration or 0),
        "Digits": digits,
    }
    return stage.step(verb, params, stage.url)
