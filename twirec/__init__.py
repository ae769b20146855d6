"""Record your company's phone calls on Twilio, lawfully and without ever losing one.

A public name is loaded when it is first asked for: whoever wants the sandbox, the pytest plugin or
the version does not wait for database, vendor and bucket.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from twirec.version import __version__ as __version__

if TYPE_CHECKING:
    from twirec.adapters.smtp import MailServer as MailServer
    from twirec.archive import Archive as Archive
    from twirec.backfill.backfill import Backfill as Backfill
    from twirec.calls.wordings import Wording as Wording
    from twirec.catalog import Catalog as Catalog
    from twirec.custody.document import (
        Document as Document,
        Facts as Facts,
        Heading as Heading,
        Paragraph as Paragraph,
    )
    from twirec.custody.document_pdf import pdf as pdf
    from twirec.jobs.worker import Worker as Worker
    from twirec.model.access import (
        Actor as Actor,
        Deed as Deed,
        StaffRole as StaffRole,
        may as may,
        may_ever as may_ever,
    )
    from twirec.model.access_requests import (
        AccessAnswer as AccessAnswer,
        AccessRequest as AccessRequest,
        AccessStep as AccessStep,
        AnsweredCall as AnsweredCall,
        AnsweredRecording as AnsweredRecording,
        CallSide as CallSide,
        Consultation as Consultation,
        CopyOf as CopyOf,
        Fate as Fate,
        RequestState as RequestState,
        StepKind as StepKind,
    )
    from twirec.model.agents import InformedAgent as InformedAgent, Leg as Leg
    from twirec.model.alarms import Alarm as Alarm, AlarmKind as AlarmKind, alarms as alarms
    from twirec.model.announcements import Announcement as Announcement, Audio as Audio
    from twirec.model.approvals import (
        Approval as Approval,
        ApprovalKind as ApprovalKind,
        ApprovalOutcome as ApprovalOutcome,
        Release as Release,
        same_person as same_person,
    )
    from twirec.model.anchors import (
        Anchor as Anchor,
        AuditProof as AuditProof,
        ConsistencyProof as ConsistencyProof,
        KnownAnchor as KnownAnchor,
    )
    from twirec.model.audio import Channels as Channels, ConversionSpec as ConversionSpec
    from twirec.model.audio_stream import AudioStream as AudioStream
    from twirec.model.audit import (
        Action as Action,
        AuditAct as AuditAct,
        AuditCheck as AuditCheck,
        AuditEntry as AuditEntry,
        AuditHead as AuditHead,
        AuditOutcome as AuditOutcome,
        AuditVerdict as AuditVerdict,
        Pass as Pass,
    )
    from twirec.model.bucket import Difference as Difference
    from twirec.model.call_state import CallState as CallState, call_state as call_state
    from twirec.model.case_terms import CaseTerm as CaseTerm, TermUnit as TermUnit
    from twirec.model.cards import (
        CardCut as CardCut,
        CardCutState as CardCutState,
        CardNumbers as CardNumbers,
        CardPart as CardPart,
        CardSpan as CardSpan,
    )
    from twirec.model.cases import (
        AnsweredBy as AnsweredBy,
        CallPart as CallPart,
        CallWait as CallWait,
        Case as Case,
        CaseAnswer as CaseAnswer,
        CaseCall as CaseCall,
        CaseKind as CaseKind,
        CaseLanguage as CaseLanguage,
        CaseMail as CaseMail,
        CaseOpened as CaseOpened,
        CaseReceipt as CaseReceipt,
        CaseRecord as CaseRecord,
        CaseState as CaseState,
        CaseStep as CaseStep,
        CaseStepKind as CaseStepKind,
        MailState as MailState,
        YearlyFigures as YearlyFigures,
    )
    from twirec.model.custody import (
        Block as Block,
        Hold as Hold,
        Order as Order,
        OrderKind as OrderKind,
    )
    from twirec.model.derivatives import Derivative as Derivative
    from twirec.model.disclosures import (
        ConsentMethod as ConsentMethod,
        Disclosure as Disclosure,
        DisclosureConsent as DisclosureConsent,
        DisclosureGround as DisclosureGround,
        DisclosureState as DisclosureState,
        Handover as Handover,
        Opening as Opening,
        Participant as Participant,
        ParticipantKind as ParticipantKind,
    )
    from twirec.model.encryption import Encryption as Encryption
    from twirec.model.erasure import (
        Certificate as Certificate,
        CertificateLine as CertificateLine,
        Copy as Copy,
        CopyOutcome as CopyOutcome,
        Erasure as Erasure,
        ErasureKind as ErasureKind,
        ErasureScope as ErasureScope,
    )
    from twirec.evidence.check import check_evidence as check_evidence
    from twirec.model.claims import CheckLevel as CheckLevel, EvidenceClaim as EvidenceClaim
    from twirec.model.evidence import (
        EvidenceCheck as EvidenceCheck,
        EvidenceForm as EvidenceForm,
        ProofForm as ProofForm,
    )
    from twirec.model.integrity import IntegrityReport as IntegrityReport
    from twirec.model.months import (
        ClosedMonth as ClosedMonth,
        Gap as Gap,
        GapKind as GapKind,
        MonthStatement as MonthStatement,
    )
    from twirec.model.errors import (
        AudioToolsMissing as AudioToolsMissing,
        BucketError as BucketError,
        BucketUnavailable as BucketUnavailable,
        BytesDiffer as BytesDiffer,
        CaseChanged as CaseChanged,
        CatalogError as CatalogError,
        CodeWrong as CodeWrong,
        ConversionFailed as ConversionFailed,
        CustodyRefused as CustodyRefused,
        EvidenceToolsMissing as EvidenceToolsMissing,
        InvalidQuery as InvalidQuery,
        JournalError as JournalError,
        LetterToolsMissing as LetterToolsMissing,
        SpeechToolsMissing as SpeechToolsMissing,
        ModelUnusable as ModelUnusable,
        HearingFailed as HearingFailed,
        LinkClosed as LinkClosed,
        NotConsented as NotConsented,
        NotFound as NotFound,
        ObjectNotFound as ObjectNotFound,
        SealUnusable as SealUnusable,
        SettingsError as SettingsError,
        TimeStampUnavailable as TimeStampUnavailable,
        TwirecError as TwirecError,
        WorkerAway as WorkerAway,
    )
    from twirec.model.hints import Hint as Hint, QueueKind as QueueKind
    from twirec.model.journal import JournalReport as JournalReport, RebuildReport as RebuildReport
    from twirec.model.numbers import NumbersReport as NumbersReport
    from twirec.model.operations import Day as Day, Stats as Stats
    from twirec.model.ownership import Adopt as Adopt, Claim as Claim, NotOurs as NotOurs
    from twirec.model.policy import (
        Decision as Decision,
        Policy as Policy,
        PolicyChange as PolicyChange,
    )
    from twirec.model.ports import (
        Bucket as Bucket,
        HintQueue as HintQueue,
        PrivateKey as PrivateKey,
        SpeechModel as SpeechModel,
        Vendor as Vendor,
    )
    from twirec.model.purposes import Purposes as Purposes
    from twirec.model.records import (
        Acceptance as Acceptance,
        Call as Call,
        CallRecord as CallRecord,
        Consent as Consent,
        Note as Note,
        Pause as Pause,
        Recording as Recording,
        SweepReport as SweepReport,
    )
    from twirec.model.rereading import RereadReport as RereadReport
    from twirec.model.retention import (
        AtEnd as AtEnd,
        Kept as Kept,
        Retention as Retention,
        RetentionChange as RetentionChange,
        RetentionPreview as RetentionPreview,
        RetentionRule as RetentionRule,
        RetentionStep as RetentionStep,
        RulePreview as RulePreview,
        Term as Term,
    )
    from twirec.model.search import (
        Page as Page,
        SaidSentence as SaidSentence,
        Understood as Understood,
    )
    from twirec.model.sids import (
        CallOrRecordingSid as CallOrRecordingSid,
        RecordingSid as RecordingSid,
    )
    from twirec.model.states import Custody as Custody, Standstill as Standstill, State as State
    from twirec.model.vocabulary import (
        NOT_KNOWN as NOT_KNOWN,
        ConsentMode as ConsentMode,
        ConsentOutcome as ConsentOutcome,
        Direction as Direction,
        LegalBasis as LegalBasis,
        Outcome as Outcome,
        Reason as Reason,
        Role as Role,
        Uninformed as Uninformed,
    )
    from twirec.model.dial_steps import DialStep as DialStep, Unanswered as Unanswered
    from twirec.model.transcript import (
        KeptTranscript as KeptTranscript,
        Sentence as Sentence,
        Transcript as Transcript,
        TranscriptRule as TranscriptRule,
        TranscriptState as TranscriptState,
        Word as Word,
    )
    from twirec.model.waveform import (
        Side as Side,
        SoundWarning as SoundWarning,
        Span as Span,
        Waveform as Waveform,
    )
    from twirec.search.case_keys import looks_like_key as looks_like_key
    from twirec.search.times import When as When
    from twirec.settings import Settings as Settings, misread_settings as misread_settings
    from twirec.settings.operating_user import (
        operating_user as operating_user,
        operator as operator,
    )
    from twirec.transfers.checkpoints import Step as Step

_HOMES = {
    "twirec.adapters.smtp": ("MailServer",),
    "twirec.archive": ("Archive",),
    "twirec.backfill.backfill": ("Backfill",),
    "twirec.calls.wordings": ("Wording",),
    "twirec.catalog": ("Catalog",),
    "twirec.custody.document": ("Document", "Facts", "Heading", "Paragraph"),
    "twirec.custody.document_pdf": ("pdf",),
    "twirec.jobs.worker": ("Worker",),
    "twirec.model.access": ("Actor", "Deed", "StaffRole", "may", "may_ever"),
    "twirec.model.access_requests": (
        "AccessAnswer",
        "AccessRequest",
        "AccessStep",
        "AnsweredCall",
        "AnsweredRecording",
        "CallSide",
        "Consultation",
        "CopyOf",
        "Fate",
        "RequestState",
        "StepKind",
    ),
    "twirec.model.agents": ("InformedAgent", "Leg"),
    "twirec.model.alarms": ("Alarm", "AlarmKind", "alarms"),
    "twirec.model.announcements": ("Announcement", "Audio"),
    "twirec.model.approvals": (
        "Approval",
        "ApprovalKind",
        "ApprovalOutcome",
        "Release",
        "same_person",
    ),
    "twirec.model.anchors": ("Anchor", "AuditProof", "ConsistencyProof", "KnownAnchor"),
    "twirec.model.audio": ("Channels", "ConversionSpec"),
    "twirec.model.audio_stream": ("AudioStream",),
    "twirec.model.audit": (
        "Action",
        "AuditAct",
        "AuditCheck",
        "AuditEntry",
        "AuditHead",
        "AuditOutcome",
        "AuditVerdict",
        "Pass",
    ),
    "twirec.model.bucket": ("Difference",),
    "twirec.model.call_state": ("CallState", "call_state"),
    "twirec.model.case_terms": ("CaseTerm", "TermUnit"),
    "twirec.model.cards": (
        "CardCut",
        "CardCutState",
        "CardNumbers",
        "CardPart",
        "CardSpan",
    ),
    "twirec.model.cases": (
        "AnsweredBy",
        "CallPart",
        "CallWait",
        "Case",
        "CaseAnswer",
        "CaseCall",
        "CaseKind",
        "CaseLanguage",
        "CaseMail",
        "CaseOpened",
        "CaseReceipt",
        "CaseRecord",
        "CaseState",
        "CaseStep",
        "CaseStepKind",
        "MailState",
        "YearlyFigures",
    ),
    "twirec.model.custody": ("Block", "Hold", "Order", "OrderKind"),
    "twirec.model.derivatives": ("Derivative",),
    "twirec.model.disclosures": (
        "ConsentMethod",
        "Disclosure",
        "DisclosureConsent",
        "DisclosureGround",
        "DisclosureState",
        "Handover",
        "Opening",
        "Participant",
        "ParticipantKind",
    ),
    "twirec.model.encryption": ("Encryption",),
    "twirec.model.erasure": (
        "Certificate",
        "CertificateLine",
        "Copy",
        "CopyOutcome",
        "Erasure",
        "ErasureKind",
        "ErasureScope",
    ),
    "twirec.evidence.check": ("check_evidence",),
    "twirec.model.claims": ("CheckLevel", "EvidenceClaim"),
    "twirec.model.evidence": ("EvidenceCheck", "EvidenceForm", "ProofForm"),
    "twirec.model.errors": (
        "AudioToolsMissing",
        "BucketError",
        "BucketUnavailable",
        "BytesDiffer",
        "CaseChanged",
        "CatalogError",
        "CodeWrong",
        "ConversionFailed",
        "CustodyRefused",
        "EvidenceToolsMissing",
        "InvalidQuery",
        "JournalError",
        "LetterToolsMissing",
        "SpeechToolsMissing",
        "ModelUnusable",
        "HearingFailed",
        "LinkClosed",
        "NotConsented",
        "NotFound",
        "ObjectNotFound",
        "SealUnusable",
        "SettingsError",
        "TimeStampUnavailable",
        "TwirecError",
        "WorkerAway",
    ),
    "twirec.model.hints": ("Hint", "QueueKind"),
    "twirec.model.integrity": ("IntegrityReport",),
    "twirec.model.months": ("ClosedMonth", "Gap", "GapKind", "MonthStatement"),
    "twirec.model.journal": ("JournalReport", "RebuildReport"),
    "twirec.model.numbers": ("NumbersReport",),
    "twirec.model.rereading": ("RereadReport",),
    "twirec.model.operations": ("Day", "Stats"),
    "twirec.model.ownership": ("Adopt", "Claim", "NotOurs"),
    "twirec.model.policy": ("Decision", "Policy", "PolicyChange"),
    "twirec.model.ports": ("Bucket", "HintQueue", "PrivateKey", "SpeechModel", "Vendor"),
    "twirec.model.purposes": ("Purposes",),
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
    "twirec.model.retention": (
        "AtEnd",
        "Kept",
        "Retention",
        "RetentionChange",
        "RetentionPreview",
        "RetentionRule",
        "RetentionStep",
        "RulePreview",
        "Term",
    ),
    "twirec.model.search": ("Page", "SaidSentence", "Understood"),
    "twirec.model.sids": ("CallOrRecordingSid", "RecordingSid"),
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
    "twirec.model.dial_steps": ("DialStep", "Unanswered"),
    "twirec.model.transcript": (
        "KeptTranscript",
        "Sentence",
        "Transcript",
        "TranscriptRule",
        "TranscriptState",
        "Word",
    ),
    "twirec.model.waveform": ("Side", "SoundWarning", "Span", "Waveform"),
    "twirec.search.case_keys": ("looks_like_key",),
    "twirec.search.times": ("When",),
    "twirec.settings": ("Settings", "misread_settings"),
    "twirec.settings.operating_user": ("operating_user", "operator"),
    "twirec.transfers.checkpoints": ("Step",),
}
"""Where each public name is at home. The imports above say the same, and a test that they do."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])

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
