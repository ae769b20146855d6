"""Record your company's phone calls on Twilio, lawfully and without ever losing one.

A public name is loaded when it is first asked for: whoever wants the sandbox, the pytest plugin or
the version does not wait for database, vendor and bucket.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from twirec.version import __version__

if TYPE_CHECKING:
    from twirec.archive import Archive
    from twirec.model.agents import InformedAgent, Leg
    from twirec.model.announcements import Announcement
    from twirec.model.audio import Channels
    from twirec.model.audio_stream import AudioStream
    from twirec.model.audit import Action, AuditEntry, AuditVerdict
    from twirec.model.errors import (
        BytesDiffer,
        CatalogError,
        CustodyRefused,
        InvalidQuery,
        NotFound,
        SettingsError,
        TwirecError,
        WorkerAway,
    )
    from twirec.model.numbers import NumbersReport
    from twirec.model.operations import Day, Stats
    from twirec.model.policy import Decision, PolicyChange
    from twirec.model.records import Call, CallRecord, Consent, Note, Pause, Recording
    from twirec.model.search import Page
    from twirec.model.states import Custody, State
    from twirec.model.vocabulary import (
        NOT_KNOWN,
        ConsentMode,
        ConsentOutcome,
        Direction,
        LegalBasis,
        Outcome,
        Reason,
        Role,
    )
    from twirec.model.waveform import SoundWarning, Waveform
    from twirec.settings import Settings, misread_settings
    from twirec.settings.operating_user import operating_user

__all__ = [
    "NOT_KNOWN",
    "Action",
    "Announcement",
    "Archive",
    "AudioStream",
    "AuditEntry",
    "AuditVerdict",
    "BytesDiffer",
    "Call",
    "CallRecord",
    "CatalogError",
    "Channels",
    "Consent",
    "ConsentMode",
    "ConsentOutcome",
    "Custody",
    "CustodyRefused",
    "Day",
    "Decision",
    "Direction",
    "InformedAgent",
    "InvalidQuery",
    "Leg",
    "LegalBasis",
    "NotFound",
    "Note",
    "NumbersReport",
    "Outcome",
    "Page",
    "Pause",
    "PolicyChange",
    "Reason",
    "Recording",
    "Role",
    "Settings",
    "SettingsError",
    "SoundWarning",
    "State",
    "Stats",
    "TwirecError",
    "Waveform",
    "WorkerAway",
    "__version__",
    "misread_settings",
    "operating_user",
]

_HOMES = {
    "twirec.archive": ("Archive",),
    "twirec.model.agents": ("InformedAgent", "Leg"),
    "twirec.model.announcements": ("Announcement",),
    "twirec.model.audio": ("Channels",),
    "twirec.model.audit": ("Action", "AuditEntry", "AuditVerdict"),
    "twirec.model.errors": (
        "BytesDiffer",
        "CatalogError",
        "CustodyRefused",
        "InvalidQuery",
        "NotFound",
        "SettingsError",
        "TwirecError",
        "WorkerAway",
    ),
    "twirec.model.search": ("Page",),
    "twirec.model.numbers": ("NumbersReport",),
    "twirec.model.policy": ("Decision", "PolicyChange"),
    "twirec.model.audio_stream": ("AudioStream",),
    "twirec.model.records": ("Call", "CallRecord", "Consent", "Note", "Pause", "Recording"),
    "twirec.model.states": ("Custody", "State"),
    "twirec.model.operations": ("Day", "Stats"),
    "twirec.model.waveform": ("SoundWarning", "Waveform"),
    "twirec.model.vocabulary": (
        "NOT_KNOWN",
        "ConsentMode",
        "ConsentOutcome",
        "Direction",
        "LegalBasis",
        "Outcome",
        "Reason",
        "Role",
    ),
    "twirec.settings.operating_user": ("operating_user",),
    "twirec.settings": ("Settings", "misread_settings"),
}
"""Where each public name is at home. The imports above say the same, and a test that they do."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # or a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load a public name."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value  # the next time it is simply there
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
