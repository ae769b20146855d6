"""What a callee hears, and may answer, before they are connected.

https://www.twilio.com/docs/voice/twiml/number#url: the document runs on the called leg after it
was answered; only Say, Play, Gather and Hangup are allowed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twirec.sandbox.clock import SideOver
from twirec.sandbox.documents import MOST_DOCUMENTS, document
from twirec.sandbox.script import Next
from twirec.sandbox.stage import Ended, Stage
from twirec.sandbox.twiml import BAD_SCHEMA, TwimlError, Verb
from twirec.sandbox.verbs import gather, hangup, play, say

_VERBS: Mapping[str, Callable[[Stage, Verb], Next | None]] = {
    "Say": say,
    "Play": play,
    "Gather": gather,
    "Hangup": hangup,
}


def whisper(stage: Stage, url: str, method: str) -> bool:
    """Run the document on a callee's leg, and return whether they are to be connected."""
    step: Next | None = Next(url, method)
    try:
        for _ in range(MOST_DOCUMENTS):
            if step is None:
                return True
            step = _verbs(stage, document(stage, step))
    except (Ended, SideOver):
        return False
    except TwimlError as error:
        stage.log("error", str(error), error.code)
        # A verb that is not allowed ends the leg. What Twilio does when there is no document is
        # not documented: here the two are connected, though the callee has heard nothing, as
        # that is the worse of the possible answers for whoever relies on it.
        return error.code != BAD_SCHEMA and not stage.faults.whisper_hangs_up
    return False


def _verbs(stage: Stage, verbs: tuple[Verb, ...]) -> Next | None:
    for verb in verbs:
        if verb.name not in _VERBS:
            raise TwimlError(BAD_SCHEMA, f"{verb.name} is not allowed before the bridge")
        stage.call.verbs.append(verb)
        if step := _VERBS[verb.name](stage, verb):
            return step
    return None
