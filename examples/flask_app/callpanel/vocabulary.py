"""What people read for the closed vocabularies of twirec, in their language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from callpanel.roles import Role as StaffRole
from twirec import (
    CallPart,
    CallSide,
    CallState,
    CardCutState,
    CardPart,
    CaseAnswer,
    CaseKind,
    CaseState,
    CaseStepKind,
    Channels,
    ConsentMethod,
    ConsentMode,
    ConsentOutcome,
    CopyOf,
    Custody,
    Direction,
    DisclosureGround,
    DisclosureState,
    Fate,
    LegalBasis,
    Outcome,
    Reason,
    RequestState,
    Role,
    SoundWarning,
    State,
    StepKind,
)

DIRECTIONS = {Direction.IN.value: _l("incoming"), Direction.OUT.value: _l("outgoing")}

CALL_STATES = {
    CallState.GOING_ON.value: _l("in progress"),
    CallState.RECORDING.value: _l("being recorded"),
    CallState.PAUSED.value: _l("recording paused"),
    CallState.ON_ITS_WAY.value: _l("recording on its way"),
    CallState.STUCK.value: _l("copying failed"),
    CallState.GIVEN_UP.value: _l("given up, it is at Twilio"),
    CallState.ARCHIVED.value: _l("archived"),
    CallState.ELSEWHERE.value: _l("in your own S3"),
    CallState.RECORDED.value: _l("recorded"),
    CallState.NOT_RECORDED.value: _l("not recorded"),
    CallState.ERASING.value: _l("being erased"),
    CallState.ERASED.value: _l("erased"),
}
"""How a call stands now: the only words for it on a page."""

OUTCOMES = {
    Outcome.OPEN.value: _l("in progress"),
    Outcome.OWED.value: _l("recording on its way"),
    Outcome.RECORDED.value: _l("recorded"),
    Outcome.NOT_RECORDED.value: _l("not recorded"),
}

REASONS = {
    Reason.OFF.value: _l("recording was off"),
    Reason.REFUSED.value: _l("the caller said no"),
    Reason.NO_ANSWER.value: _l("the caller did not say yes"),
    Reason.HUNG_UP.value: _l("hung up during the announcement"),
    Reason.ANNOUNCEMENT_FAILED.value: _l("the announcement was not heard"),
    Reason.AGENT_NOT_INFORMED.value: _l("the agent is not in the register"),
    Reason.ANSWERING_MACHINE.value: _l("an answering machine answered"),
    Reason.NOT_STARTED.value: _l("Twilio did not start recording"),
    Reason.NOBODY_ANSWERED.value: _l("nobody answered"),
    Reason.NOT_DIALLED.value: _l("it may not be dialled"),
    Reason.TOO_SHORT.value: _l("too short"),
    Reason.SILENT.value: _l("silent"),
    Reason.VENDOR_FAILED.value: _l("Twilio could not produce it"),
    Reason.CATALOG_DOWN.value: _l("the database was down"),
    Reason.NOT_CONNECTED.value: _l("this app named nobody to connect"),
    Reason.APP_FAILED.value: _l("this app was down"),
    Reason.LOST.value: _l("it was gone at Twilio"),
    Reason.NO_RECORDING_AT_VENDOR.value: _l("Twilio has no recording"),
    Reason.GIVEN_UP.value: _l("given up, it is at Twilio"),
}

DETAILS = {
    "another caller in the conference may not be recorded": _l(
        "another caller in the conference may not be recorded"
    ),
    "an agent is not in the register of informed agents": _l(
        "an agent is not in the register of informed agents"
    ),
    "a short number, such as 112, is dialled at once": _l(
        "a short number, such as 112, is dialled at once"
    ),
}
"""What the line of a call says beside the reason; what is not here is of a machine."""

FACTS = {
    "CallerName": _l("Name shown"),
    "ForwardedFrom": _l("Forwarded from"),
    "StirVerstat": _l("Caller ID checked"),
}
"""What else Twilio says of who calls; anything else is the name of a SIP header."""

WRONG = {
    "search": _l(
        "Write a number (whole, or its last three to six digits), a time or both, such as: 1222 "
        "last Tuesday around five. A case, words of a note and an agent have their name before "
        "them: case R-7, note refund, agent ana."
    ),
    "agent": _l("Write a number, client:NAME, sip:ADDRESS, or the name of a softphone alone."),
    "since": _l("Write a time, such as: 3/11/2026, yesterday, 2026-11-03 16:30."),
    "until": _l(
        "Write a time that is after the first one, such as: 3/11/2026, yesterday, 2026-11-03 16:30."
    ),
    "around": _l("Write a time, such as: 3/11/2026, yesterday, 2026-11-03 16:30."),
    "number": _l(
        "Write a whole number, its last three to six digits, or that it was hidden or is not known."
    ),
    "own_number": _l("Write a whole number of ours, or its last three to six digits."),
    "time": _l("A time of day needs one day, such as: Tuesday at 17:00."),
    "hour": _l(
        "That hour does not fit the day or its part: write it as 0:00 to 23:59, with its day."
    ),
    "start, end": _l("The cut has to lie in the recording."),
    "end": _l("The cut has to end after it begins."),
    "channels": _l("This recording or this format does not have these voices: choose others."),
    "format": _l("WAV and AIFF end at 4 GB: choose FLAC, or a cut."),
    "mode": _l("The announcement does not fit the legal basis."),
    "language": _l("There is no announcement in the language that the policy names."),
    "reason": _l("Say why."),
    "second": _l("That second is beyond the end of the recording."),
    "received": _l("That day is still to come, or is none."),
    "copies": _l("Nobody knows which side is whose: choose both sides, or leave it out."),
    "sid": _l("Say which call or recording: CA or RE, and 32 digits and letters."),
    "original": _l(
        "There is no copy without card numbers that could take its place now, or its original is "
        "being destroyed already."
    ),
    "request_key": _l(
        "It is not the time for that step: look at what was done, and what is missing."
    ),
    "why": _l("Say why."),
    "notified_at": _l("Say when the customer was told: after it was opened, and not to come."),
    "participant": _l("Choose who it is, and name who is not on the list."),
    "name": _l("Write the name: nobody knows who it is."),
    "given_on": _l("The day is in the future."),
    "reference": _l("Write the reference of the order or request."),
    "cuts": _l("What is to be silent has to lie in the recording."),
    "consent_id": _l("It was withdrawn already."),
    "disclosure_id": _l("It was ended already."),
}
"""What is wrong with what was asked for, by the field that twirec's message begins with: said to
those who do not read English, in which the message is more exact."""

CONSENTS = {
    ConsentOutcome.INFORMED.value: _l("was told"),
    ConsentOutcome.GRANTED.value: _l("said yes"),
    ConsentOutcome.REFUSED.value: _l("said no"),
    ConsentOutcome.NO_ANSWER.value: _l("no answer"),
    ConsentOutcome.HUNG_UP.value: _l("hung up"),
    ConsentOutcome.ANNOUNCEMENT_FAILED.value: _l("announcement failed"),
    ConsentOutcome.NOT_ANNOUNCED.value: _l("not announced"),
}

STATES = {
    State.RECORDING.value: _l("being recorded"),
    State.COMPLETED.value: _l("waiting to be copied"),
    State.ARCHIVED.value: _l("archived, still at Twilio"),
    State.RELEASED.value: _l("archived"),
    State.ABSENT.value: _l("no audio"),
    State.FAILED.value: _l("failed at Twilio"),
    State.EXTERNAL.value: _l("in your own S3"),
    State.LOST.value: _l("Twilio had it no more"),
    State.ERASING.value: _l("being erased"),
    State.ERASED.value: _l("erased"),
}

CUSTODIES = {
    Custody.ACTIVE.value: _l("active"),
    Custody.QUARANTINED.value: _l("in quarantine"),
    Custody.BLOCKED.value: _l("blocked"),
}

APPROVALS = {
    "unhold": _l("Lift a hold"),
    "release": _l("Release what is blocked"),
    "erase_now": _l("Destroy at once"),
}

MODES = {
    ConsentMode.ANNOUNCE.value: _l("callers are told"),
    ConsentMode.OPT_OUT.value: _l("callers may say no"),
    ConsentMode.OPT_IN.value: _l("callers are asked"),
    ConsentMode.OPT_IN_OR_HANG_UP.value: _l("callers have to say yes"),
}

BASES = {
    LegalBasis.CONSENT.value: _l("consent"),
    LegalBasis.CONTRACT.value: _l("contract"),
    LegalBasis.LEGITIMATE_INTEREST.value: _l("legitimate interest"),
    LegalBasis.LEGAL_OBLIGATION.value: _l("legal obligation"),
}

PARTIES = {Role.CUSTOMER.value: _l("customer"), Role.AGENT.value: _l("agent")}

CARD_PARTS = {CardPart.NUMBER.value: _l("its number"), CardPart.CODE.value: _l("its code")}

CARD_STATES = {
    CardCutState.PROPOSED.value: _l("Nobody has decided whether it is cut out."),
    CardCutState.APPROVED.value: _l("A worker cuts it out, and listens to what is left."),
    CardCutState.CUT.value: _l("It is cut out of all that is heard and read."),
    CardCutState.FAILED.value: _l(
        "The copy without it is not given: a part of it is heard there, or too little of the rest "
        "to know. Try more silence."
    ),
    CardCutState.REFUSED.value: _l("Nothing is cut out."),
}

COPIES = {
    CopyOf.SILENCED.value: _l("the other side silenced"),
    CopyOf.WHOLE.value: _l("both sides"),
    CopyOf.LEFT_OUT.value: _l("left out"),
}

FATES = {
    Fate.GIVEN.value: _l("given"),
    Fate.LEFT_OUT.value: _l("left out"),
    Fate.UNDECIDED.value: _l("to be decided: it is not known which side is whose"),
    Fate.NOT_HEARD.value: _l("not given: they were not heard in it"),
    Fate.QUARANTINED.value: _l("not given: in quarantine"),
    Fate.DESTROYED.value: _l("destroyed"),
    Fate.NOT_THERE.value: _l("there is no audio of it here"),
}

REQUEST_STATES = {
    RequestState.OPEN.value: _l("open"),
    RequestState.ANSWERED.value: _l("answered"),
    RequestState.REFUSED.value: _l("refused"),
}

STEPS = {
    StepKind.OPENED.value: _l("Opened"),
    StepKind.IDENTIFIED.value: _l("Identity checked"),
    StepKind.DECIDED.value: _l("Decided"),
    StepKind.EXTENDED.value: _l("Term extended"),
    StepKind.PACKED.value: _l("Archive made"),
    StepKind.DELIVERED.value: _l("Delivered"),
    StepKind.REFUSED.value: _l("Refused"),
}

CASE_KINDS = {
    CaseKind.QUERY.value: _l("question to be answered later"),
    CaseKind.COMPLAINT.value: _l("complaint"),
    CaseKind.INCIDENT.value: _l("incident"),
    CaseKind.BILLING.value: _l("invoice or charge"),
    CaseKind.OUTAGE.value: _l("cut of the service"),
}

CASE_STATES = {
    CaseState.OPEN.value: _l("being dealt with"),
    CaseState.INCOMPLETE.value: _l("incomplete"),
    CaseState.CLOSED.value: _l("closed"),
}

CASE_ANSWERS = {
    CaseAnswer.NOT_ASKED.value: _l("not asked"),
    CaseAnswer.GRANTED.value: _l("said yes"),
    CaseAnswer.REFUSED.value: _l("said no"),
}

CASE_PARTS = {
    CallPart.OPENING.value: _l("opened in it"),
    CallPart.LATER.value: _l("later call"),
    CallPart.CLOSING.value: _l("told of the resolution in it"),
}

CASE_STEPS = {
    CaseStepKind.OPENED.value: _l("Case opened"),
    CaseStepKind.CALL.value: _l("Call added"),
    CaseStepKind.CONSENT.value: _l("Asked for consent"),
    CaseStepKind.RECORDING.value: _l("Recording began"),
    CaseStepKind.NOTE.value: _l("Note"),
    CaseStepKind.INCOMPLETE.value: _l("Asked for what is missing"),
    CaseStepKind.COMPLETED.value: _l("Completed"),
    CaseStepKind.RECEIPT.value: _l("Receipt made"),
    CaseStepKind.DELIVERED.value: _l("Receipt delivered"),
    CaseStepKind.NOT_DELIVERED.value: _l("Receipt not delivered"),
    CaseStepKind.NEARLY_DUE.value: _l("Nearly due"),
    CaseStepKind.OVERDUE.value: _l("Overdue"),
    CaseStepKind.CLOSED.value: _l("Closed"),
}

SIDES = {
    CallSide.CUSTOMER.value: _l("customer"),
    CallSide.AGENT.value: _l("agent"),
    CallSide.FORWARDED.value: _l("their phone forwarded it"),
}

ROLES = {
    StaffRole.AGENT.value: _l("agent"),
    StaffRole.SUPERVISOR.value: _l("supervisor"),
    StaffRole.ADMIN.value: _l("admin"),
    StaffRole.AUDITOR.value: _l("auditor"),
}

CHANNELS = {
    Channels.BOTH.value: _l("both, each on its side"),
    Channels.MIXED.value: _l("both together"),
    Channels.CUSTOMER.value: _l("the customer alone"),
    Channels.AGENT.value: _l("the agent alone"),
    Channels.WITHOUT_AGENT.value: _l("the agent silenced"),
    Channels.WITHOUT_CUSTOMER.value: _l("the customer silenced"),
}

GROUNDS = {
    DisclosureGround.CONSENT.value: _l("consent of everybody who is heard"),
    DisclosureGround.COURT_ORDER.value: _l("order of a court"),
    DisclosureGround.AUTHORITY.value: _l("request of an authority"),
    DisclosureGround.OWN_REQUEST.value: _l("request of somebody who is heard"),
}
"""Why a recording may be given to others."""

CONSENT_METHODS = {
    ConsentMethod.WRITING.value: _l("in writing"),
    ConsentMethod.EMAIL.value: _l("by mail"),
    ConsentMethod.RECORDED_CALL.value: _l("in a recorded call"),
    ConsentMethod.IN_PERSON.value: _l("in person"),
}

LINK_STATES = {
    DisclosureState.OPEN.value: _l("can be opened"),
    DisclosureState.USED.value: _l("opened as often as it may be"),
    DisclosureState.EXPIRED.value: _l("expired"),
    DisclosureState.LOCKED.value: _l("closed: too many wrong codes"),
    DisclosureState.REVOKED.value: _l("ended"),
    DisclosureState.CLOSED.value: _l("closed: the recording may not leave"),
}

FORMATS = {
    "mp3": "MP3",
    "original": _l("original (WAV, as it was archived)"),
    "wav": "WAV (PCM)",
    "opus": "Opus",
    "ogg": "Ogg Vorbis",
    "m4a": "M4A (AAC)",
    "flac": "FLAC",
    "webm": "WebM",
    "aiff": "AIFF",
    "amr": "AMR",
    "wav8": _l("WAV (8 bits)"),
    "wav24": _l("WAV (24 bits)"),
    "wav32": _l("WAV (32 bits)"),
    "alaw": "WAV (G.711 A-law)",
    "mulaw": "WAV (G.711 µ-law)",
}

WARNINGS = {
    SoundWarning.SILENT.value: _l("Nobody can be heard."),
    SoundWarning.CUSTOMER_SILENT.value: _l("Only the agent can be heard."),
    SoundWarning.AGENT_SILENT.value: _l("Only the customer can be heard."),
    SoundWarning.ONE_SIDE_SILENT.value: _l("Only one side can be heard."),
    SoundWarning.CLIPPED.value: _l("One side is so loud that it is cut off."),
    SoundWarning.PERHAPS_SWAPPED.value: _l("Customer and agent may be swapped."),
}

OUTCOMES_OF_ACTS = {
    "tried": _l("begun"),
    "done": _l("done"),
    "denied": _l("refused"),
    "failed": _l("failed"),
}

KEPT = {
    "recordings": _l("recordings"),
    "calls": _l("customers' numbers"),
    "notes": _l("notes"),
}

AT_END = {
    "block": _l("blocked, and destroyed later"),
    "destroy": _l("destroyed"),
}

RULE_STEPS = {
    "set": _l("set"),
    "remove": _l("removed"),
    "apply": _l("put in force"),
}

ERASED_SCOPES = {
    "recording": _l("a recording"),
    "original": _l("a recording as it was archived; its copy without card numbers stays"),
    "call": _l("a call"),
    "number": _l("a number"),
}

COPY_OUTCOMES = {
    "done": _l("Destroyed"),
    "ordered": _l("Being destroyed"),
    "waiting": _l("Waiting"),
    "pending": _l("Destroyed here, kept by others until a date"),
    "blocked": _l("Blocked"),
    "refused": _l("Refused"),
    "nothing": _l("There was nothing"),
}

ERASED_COPIES = {
    "recording": _l("recording"),
    "generation": _l("other generation"),
    "derivative": _l("copy that was made of it"),
    "transcript": _l("transcript"),
    "waveform": _l("waveform"),
    "vendor_recording": _l("Twilio's copy"),
    "vendor_facts": _l("what Twilio knows of it, without sound"),
    "vendor_call": _l("Twilio's record of the call"),
    "line": _l("personal fields of the call, and its notes"),
    "rows": _l("rows of a table"),
    "journal": _l("page of the journal"),
}

WHY_KEPT = {
    "held": _l("it is held"),
    "open": _l("it has still to be answered"),
    "goes_on": _l("it goes on"),
    "no_copy": _l("there is no copy without card numbers"),
    "vendor": "Twilio",
    "soft_delete": _l("the bucket's soft delete"),
    "kept_by_the_bucket": _l("the bucket's retention policy, or a hold of its own"),
}

ACTIONS = {
    "listen": _l("listened"),
    "download": _l("downloaded"),
    "search": _l("searched for calls"),
    "show": _l("opened a call"),
    "export": _l("took the calls of a search out"),
    "policy": _l("changed the policy"),
    "retention": _l("changed for how long something is kept"),
    "inform": _l("entered an informed agent"),
    "admit": _l("took it out of quarantine"),
    "erase": _l("ordered erasure"),
    "erased": _l("carried an erasure out"),
    "hold": _l("held it"),
    "unhold": _l("lifted a hold"),
    "block": _l("blocked it"),
    "release": _l("released what is blocked"),
    "ask": _l("asked for what takes two people"),
    "approve": _l("approved it"),
    "refuse": _l("refused it"),
    "expire": _l("let a request expire"),
    "access_request": _l("worked at an access request"),
    "case": _l("worked at a customer's case"),
    "accept": _l("accepted it as it is"),
    "give_up": _l("gave it up"),
    "annotate": _l("wrote a note"),
    "pause": _l("paused"),
    "resume": _l("let it go on"),
    "retry": _l("tried again"),
    "call": _l("called a customer"),
    "backfill": _l("took recordings over from Twilio"),
    "sweep": _l("compared Twilio, catalog and bucket"),
    "rebuild": _l("rebuilt the catalog"),
    "derive": _l("made a copy"),
    "transcribe": _l("asked for a transcript"),
    "read": _l("read a transcript"),
    "cut": _l("decided of a card number"),
    "differs": _l("found that it is not what was archived"),
    "compare": _l("compared it with what was archived"),
    "adopt_bucket": _l("adopted the bucket"),
    "consent": _l("wrote down a consent to a disclosure"),
    "withdraw": _l("withdrew a consent to a disclosure"),
    "disclose": _l("gave it to somebody outside"),
    "revoke": _l("ended a link"),
    "open_link": _l("opened a link with its code"),
    "disclosed": _l("heard what was given to them"),
    "sign_in": _l("signed in"),
    "sign_out": _l("signed out"),
    "refused": _l("asked for what is not theirs"),
    "user_add": _l("made an account"),
    "user_change": _l("changed an account"),
    "user_password": _l("changed a password"),
    "second_factor": _l("set up a second factor"),
    "second_factor_reset": _l("took a second factor away"),
    "recovery_codes": _l("made recovery codes"),
    "export_audit": _l("took out the audit log"),
    "unblock": _l("unblocked it"),
    "evidence": _l("made evidence of it"),
    "close_month": _l("closed a month"),
    "check": _l("had recordings read back"),
}
