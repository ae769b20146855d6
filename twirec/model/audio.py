"""What is asked of a recording's audio: a format, channels by meaning, a cut."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial

from twirec.model.errors import InvalidQuery
from twirec.model.given import check_inside, whole, word
from twirec.model.vocabulary import Role

ReadBytes = Callable[[int, int | None], Iterator[bytes]]
"""Streams the bytes of a file from the first number up to and without the second (or its end)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard of a recording: it as it was archived, or its copy without card numbers.

    Attributes:
        sha256: of all its bytes, in hex.
        read: reads them, and compares them with what was put there.
    """

    sha256: str
    read: ReadBytes


WAV_TYPE = "audio/x-wav"
"""The content type of recordings and of wordings' audio, as Twilio gives it to a WAV file."""

MOST_CUTS = 100
"""Spans that are cut out of one copy."""

MOST_SECONDS = 10**9
"""The last second that a span may name: a recording ends long before, and its frames are counted
still."""


class Channels(StrEnum):
    """Which sides of a call are wanted, by who is on them."""

    BOTH = "both"
    """As they were recorded, each on its own channel."""
    MIXED = "mixed"
    """All on one channel."""
    CUSTOMER = "customer"
    """The customer alone, on one channel."""
    AGENT = "agent"
    """The agent alone, on one channel."""
    WITHOUT_AGENT = "without_agent"
    """As recorded, the agent's channel silent: a caller's copy without somebody else's voice."""
    WITHOUT_CUSTOMER = "without_customer"
    """As recorded, the customer's channel silent."""

    @property
    def mono(self) -> bool:
        """Whether one channel comes of it, however many there are."""
        return self in (Channels.MIXED, Channels.CUSTOMER, Channels.AGENT)

    @property
    def role(self) -> Role | None:
        """Whose channel has to be known for it; None for nobody's."""
        named = self.value.removeprefix("without_")
        return Role(named) if named in list(Role) else None


@dataclass(frozen=True, slots=True)
class ConversionSpec:
    """What somebody wants to have of a recording.

    Attributes:
        format: the name of a format, such as `mp3`.
        channels: a member of `Channels`; its word is made one.
        start, end: the span, in seconds of the recording; `end` None for its end.
        bitrate: kbit/s of all channels together; None for the format's usual one.
        rate: samples per second; None for the recording's own, or the next that the format has.
        normalise: whether loudness is brought to -23 LUFS (EBU R128).
        trim_silence: whether silence goes at the beginning, and pauses are cut to a second.
        cuts: spans of which nothing is heard, in seconds of the recording: silence takes their
            place, so that all else is heard at its time.
    """

    format: str = "mp3"
    channels: Channels = Channels.BOTH
    start: float = 0.0
    end: float | None = None
    bitrate: int | None = None
    rate: int | None = None
    normalise: bool = False
    trim_silence: bool = False
    cuts: Sequence[tuple[float, float]] = ()

    def __post_init__(self) -> None:
        """Check what is wanted, and bring it into one form.

        Raises:
            InvalidQuery: a field is of another kind or out of bounds, a span ends before it begins,
                or there are too many of them; the message names the field.
        """
        # frozen: what is given in another form is set past that, once
        put = partial(object.__setattr__, self)
        put("channels", word(Channels, "channels", self.channels))
        check_inside(self)
        put("start", float(self.start))
        put("end", None if self.end is None else float(self.end))
        put("cuts", tuple((float(start), float(end)) for start, end in self.cuts))
        if self.bitrate is not None:
            whole("bitrate", self.bitrate, 1, 10_000, "kbit/s")
        if self.rate is not None:
            whole("rate", self.rate, 1, 1_000_000, "samples per second")
        if len(self.cuts) > MOST_CUTS:
            raise InvalidQuery(f"cuts: give {MOST_CUTS} at the most.")
        if not all(0 <= start < end <= MOST_SECONDS for start, end in self.cuts):
            raise InvalidQuery("cuts: give pairs of seconds, the second one later than the first.")
        if not 0 <= self.start <= MOST_SECONDS:
            raise InvalidQuery("start: give seconds from the recording's beginning, 0 or more.")
        if self.end is not None and not self.start < self.end <= MOST_SECONDS:
            raise InvalidQuery("end: give seconds from the recording's beginning, after the start.")

    @property
    def suffix(self) -> str:
        """What the name of a file says of it, beside number and time: empty for the whole.

        Such as `customer_30-70.5s`: so a side, a cut and the whole do not overwrite each other.
        """
        parts = [] if self.channels is Channels.BOTH else [str(self.channels)]
        if self.start or self.end is not None:
            end = "" if self.end is None else f"{self.end:g}"
            parts.append(f"{self.start:g}-{end}s")
        flags = {"cuts": self.cuts, "level": self.normalise, "trimmed": self.trim_silence}
        return "_".join([*parts, *(word for word, given in flags.items() if given)])

    @property
    def words(self) -> str:
        """All of it as text, the same for the same."""
        said = asdict(self)
        if not self.cuts:  # as it was before there were any: copies are known by it
            said.pop("cuts")
        return json.dumps(said, sort_keys=True)

    @classmethod
    def of(cls, words: str) -> ConversionSpec:
        """Return what gave these `words`."""
        fields = json.loads(words)
        cuts = tuple((start, end) for start, end in fields.pop("cuts", ()))
        return cls(**{**fields, "channels": Channels(fields["channels"]), "cuts": cuts})

    @property
    def detail(self) -> Mapping[str, str]:
        """What is asked for and is not usual, by name."""
        usual = asdict(ConversionSpec())
        spec = {name: str(value) for name, value in asdict(self).items() if value != usual[name]}
        if self.cuts:
            spec["cuts"] = ", ".join(f"{start:g} to {end:g}" for start, end in self.cuts)
        return {"format": self.format, **spec}

    @property
    def hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of `words`."""
        return hashlib.sha256(self.words.encode()).hexdigest()[:16]
