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
    from twirec.backfill.backfill import Backfill
    from twirec.calls.wordings import Wording
    from twirec.catalog import Catalog
    from twirec.jobs.worker import Worker
    from twirec.model.access import Actor, Deed, StaffRole, may, may_ever
    from twirec.model.agents import InformedAgent, Leg
    from twirec.model.announcements import Announcement, Audio
    from twirec.model.audio import Channels, ConversionSpec
    from twirec.model.audio_stream import AudioStream
    from twirec.model.audit import (
        Action,
        AuditCheck,
        AuditEntry,
        AuditHead,
        AuditOutcome,
        AuditVerdict,
        Pass,
    )
    from twirec.model.bucket import Difference
    from twirec.model.custody import Order, OrderKind
    from twirec.model.derivatives import Derivative
    from twirec.model.encryption import Encryption
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
    from twirec.model.hints import Hint, QueueKind
    from twirec.model.journal import JournalReport, RebuildReport
    from twirec.model.numbers import NumbersReport
    from twirec.model.operations import Day, Stats
    from twirec.model.ownership import Adopt, Claim, NotOurs
    from twirec.model.policy import Decision, Policy, PolicyChange
    from twirec.model.ports import Bucket, HintQueue, PrivateKey, Vendor
    from twirec.model.records import (
        Acceptance,
        Call,
        CallRecord,
        Consent,
        Note,
        Pause,
        Recording,
        SweepReport,
    )
    from twirec.model.search import Page
    from twirec.model.states import Custody, Standstill, State
    from twirec.model.vocabulary import (
        NOT_KNOWN,
        ConsentMode,
        ConsentOutcome,
        Direction,
        LegalBasis,
        Outcome,
        Reason,
        Role,
        Uninformed,
    )
    from twirec.model.waveform import Side, SoundWarning, Span, Waveform
    from twirec.search.times import When
    from twirec.settings import Settings, misread_settings
    from twirec.settings.operating_user import operating_user, operator
    from twirec.transfers.transfer import Step

__all__ = [
    "NOT_KNOWN",
    "Acceptance",
    "Action",
    "Actor",
    "Adopt",
    "Announcement",
    "Archive",
    "Audio",
    "AudioStream",
    "AuditCheck",
    "AuditEntry",
    "AuditHead",
    "AuditOutcome",
    "AuditVerdict",
    "Backfill",
    "Bucket",
    "BytesDiffer",
    "Call",
    "CallRecord",
    "Catalog",
    "CatalogError",
    "Channels",
    "Claim",
    "Consent",
    "ConsentMode",
    "ConsentOutcome",
    "ConversionSpec",
    "Custody",
    "CustodyRefused",
    "Day",
    "Decision",
    "Deed",
    "Derivative",
    "Difference",
    "Direction",
    "Encryption",
    "Hint",
    "HintQueue",
    "InformedAgent",
    "InvalidQuery",
    "JournalReport",
    "Leg",
    "LegalBasis",
    "NotFound",
    "NotOurs",
    "Note",
    "NumbersReport",
    "Order",
    "OrderKind",
    "Outcome",
    "Page",
    "Pass",
    "Pause",
    "Policy",
    "PolicyChange",
    "PrivateKey",
    "QueueKind",
    "Reason",
    "RebuildReport",
    "Recording",
    "Role",
    "Settings",
    "SettingsError",
    "Side",
    "SoundWarning",
    "Span",
    "StaffRole",
    "Standstill",
    "State",
    "Stats",
    "Step",
    "SweepReport",
    "TwirecError",
    "Uninformed",
    "Vendor",
    "Waveform",
    "When",
    "Wording",
    "Worker",
    "WorkerAway",
    "__version__",
    "may",
    "may_ever",
    "misread_settings",
    "operating_user",
    "operator",
]

_HOMES = {
    "twirec.archive": ("Archive",),
    "twirec.backfill.backfill": ("Backfill",),
    "twirec.calls.wordings": ("Wording",),
    "twirec.catalog": ("Catalog",),
    "twirec.jobs.worker": ("Worker",),
    "twirec.model.access": ("Actor", "Deed", "StaffRole", "may", "may_ever"),
    "twirec.model.agents": ("InformedAgent", "Leg"),
    "twirec.model.announcements": ("Announcement", "Audio"),
    "twirec.model.audio": ("Channels", "ConversionSpec"),
    "twirec.model.audio_stream": ("AudioStream",),
    "twirec.model.audit": (
        "Action",
        "AuditCheck",
        "AuditEntry",
        "AuditHead",
        "AuditOutcome",
        "AuditVerdict",
        "Pass",
    ),
    "twirec.model.bucket": ("Difference",),
    "twirec.model.custody": ("Order", "OrderKind"),
    "twirec.model.derivatives": ("Derivative",),
    "twirec.model.encryption": ("Encryption",),
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
    "twirec.model.hints": ("Hint", "QueueKind"),
    "twirec.model.journal": ("JournalReport", "RebuildReport"),
    "twirec.model.numbers": ("NumbersReport",),
    "twirec.model.operations": ("Day", "Stats"),
    "twirec.model.ownership": ("Adopt", "Claim", "NotOurs"),
    "twirec.model.policy": ("Decision", "Policy", "PolicyChange"),
    "twirec.model.ports": ("Bucket", "HintQueue", "PrivateKey", "Vendor"),
    "twirec.model.records": (
        "Acceptance",
        "Call",
        "CallRecord",
        "Consent",
        "Note",
        "Pause",
        "Recording",
        "SweepReport",
    ),
    "twirec.model.search": ("Page",),
    "twirec.model.states": ("Custody", "Standstill", "State"),
    "twirec.model.vocabulary": (
        "ConsentMode",
        "ConsentOutcome",
        "Direction",
        "LegalBasis",
        "NOT_KNOWN",
        "Outcome",
        "Reason",
        "Role",
        "Uninformed",
    ),
    "twirec.model.waveform": ("Side", "SoundWarning", "Span", "Waveform"),
    "twirec.search.times": ("When",),
    "twirec.settings": ("Settings", "misread_settings"),
    "twirec.settings.operating_user": ("operating_user", "operator"),
    "twirec.transfers.transfer": ("Step",),
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
