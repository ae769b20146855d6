"""Record your company's phone calls on Twilio, lawfully and without ever losing one."""

from twirec.archive import Archive
from twirec.model.agents import InformedAgent, Leg
from twirec.model.announcements import Announcement
from twirec.model.audio import Channels
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
from twirec.model.finding import Page
from twirec.model.numbers import NumbersReport
from twirec.model.policy import Decision, PolicyChange
from twirec.model.reading import Reading
from twirec.model.records import Call, CallRecord, Consent, Note, Pause, Recording
from twirec.model.states import Custody, State
from twirec.model.upkeep import Day, Stats
from twirec.model.waves import SoundWarning, Waveform
from twirec.model.words import (
    NOT_KNOWN,
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
)
from twirec.settings import Settings, misread_settings
from twirec.version import __version__

__all__ = [
    "NOT_KNOWN",
    "Action",
    "Announcement",
    "Archive",
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
    "Reading",
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
]
