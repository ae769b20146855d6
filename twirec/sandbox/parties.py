"""The people on the phone: what they say, which keys they press, when they hang up."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twirec.sandbox.audio import RATE, read_wav

LINES = Path(__file__).with_name("lines")
"""Where the spoken lines are that ship with the library (espeak-ng, 8 kHz, 16 bit, mono)."""

SPOKEN = {
    "customer_complaint": (
        "Buenos días. Llamo porque su compañero me dijo que la reparación era gratis, "
        "y ahora me la cobran."
    ),
    "customer_thanks": "De acuerdo, lo miro y le vuelvo a llamar. Muchas gracias.",
    "agent_greeting": "Buenos días, ¿en qué puedo ayudarle?",
    "agent_answer": (
        "Le atiende Javier. No se preocupe, escucho la grabación de aquella llamada "
        "y se lo confirmo hoy mismo."
    ),
}
"""The names of the lines that ship with the library, and what each says.

Customers speak with espeak-ng's voice `es+f3`, agents with `es+m3`.
"""


BEEP = "(beep)"
"""What a `Reaction` hears at the beep of a Record."""

KINDS = ("human", "machine", "fax", "unknown")
"""Who or what can pick up a phone."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is said.

    Attributes:
        sound: the name of a line in `SPOKEN`, or a WAV file of 8 kHz, 16 bit, one channel, as a
            path or as bytes.
        at: the second at which it starts; see `Party.counts_from_bridge` for what is second 0.
        words: what a Gather that listens for speech makes of it; by default what a line that
            ships with the library says, and nothing for others.
    """

    sound: str | Path | bytes
    at: float = 0.0
    words: str = ""

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.samples()) / RATE

    @property
    def text(self) -> str:
        """What it says, as far as that is known."""
        return self.words or (SPOKEN.get(self.sound, "") if isinstance(self.sound, str) else "")

    def samples(self) -> array[int]:
        """Return the sound.

        Raises:
            ValueError: there is no such line, or it is not such a WAV file.
        """
        if not isinstance(self.sound, str):
            return read_wav(self.sound)
        if self.sound not in SPOKEN:
            raise ValueError(f"no spoken line {self.sound!r}; there are {', '.join(SPOKEN)}")
        return read_wav(LINES / f"{self.sound}.wav")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody does each time they hear something that TwiML says to them.

    Attributes:
        hears: a part of the text of a Say or of the address of a Play, however it is written, or
            `BEEP`.
        presses: the keys they press then.
        says: the name of a line in `SPOKEN`, or a `Line`, whose `at` is not looked at.
        hangs_up: whether they hang up.
        after: how many seconds after its end.
    """

    hears: str
    presses: str = ""
    says: str | Line = ""
    hangs_up: bool = False
    after: float = 0.5

    def __post_init__(self) -> None:
        check_keys(self.presses)

    @property
    def line(self) -> Line | None:
        """What they say; None for nothing."""
        return Line(self.says) if isinstance(self.says, str) and self.says else self.says or None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody on the phone. All times are call seconds, whatever the sandbox's speed.

    Second 0 is when this party's own leg is answered: for a caller when Twilio takes the call,
    for a callee when they pick up.

    Attributes:
        says: what they say, and when.
        keys: the keys they press: the second, and one of `0`-`9`, `*`, `#`.
        reacts: what they do when they hear something, besides.
        hangs_up_after: the second at which they hang up; None when they leave that to the other.
            When neither of two connected parties hangs up, the call ends one second after the
            last word.
        answers: whether they pick up when called.
        answers_after: how many seconds it rings before that.
        counts_from_bridge: count the seconds of `says` and `hangs_up_after` from when the two
            parties are connected, so that a caller's part does not depend on how long the
            announcement is. `keys` always count from second 0.
        refuses: `busy` or `failed`: how a call to them ends, after `answers_after` seconds,
            instead of being answered.
        refers_to: whom their SIP phone sends the other one to, by a REFER to Twilio: `sip:…` or
            `tel:…`; empty for nobody.
        refers_after: the second at which it does so; counted as `keys` are.
        refuses_refer: whether their SIP phone refuses to be sent to somebody else.
        kind: who or what picks up, one of `KINDS`: what machine detection finds. What an
            answering machine `says` is its greeting.
    """

    says: Sequence[Line] = ()
    keys: Sequence[tuple[float, str]] = ()
    hangs_up_after: float | None = None
    answers: bool = True
    answers_after: float = 2.0
    counts_from_bridge: bool = False
    refuses: str = ""
    refers_to: str = ""
    refers_after: float = 0.0
    refuses_refer: bool = False
    kind: str = "human"
    reacts: Sequence[Reaction] = ()

    def __post_init__(self) -> None:
        if self.refuses not in {"", "busy", "failed"}:
            raise ValueError(f"a call can be refused as busy or failed, not {self.refuses!r}")
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is none of {', '.join(KINDS)}")

    def spoken(self) -> tuple[tuple[float, array[int]], ...]:
        """Return the second and the samples of each line.

        Raises:
            ValueError: a line does not exist or is not of the right form.
        """
        return tuple((line.at, line.samples()) for line in self.says)


def check_keys(keys: str) -> None:
    """Refuse what no phone can press.

    Raises:
        ValueError: there is something other than `0`-`9`, `*` and `#`.
    """
    if not re.fullmatch("[0-9*#]*", keys):
        raise ValueError(f"keys are 0 to 9, * and #, not {keys!r}")


def last_word(spoken: Sequence[tuple[float, array[int]]]) -> float:
    """Return the party's own second at which they have said everything; 0 if they say nothing."""
    return max((at + len(samples) / RATE for at, samples in spoken), default=0.0)
