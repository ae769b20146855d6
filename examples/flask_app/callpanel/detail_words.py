"""What people read for the details of the audit log, and for what failed, in their language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from callpanel.vocabulary import (
    APPROVALS,
    BASES,
    CASE_ANSWERS,
    CASE_STEPS,
    CHANNELS,
    COPIES,
    CUSTODIES,
    DIRECTIONS,
    FORMATS,
    MODES,
    ROLES,
    RULE_STEPS,
    STATES,
    STEPS,
)
from twirec import AuditAct

NAMES = {
    "about": _l("about"),
    "address": _l("network"),
    "approval": _l("approval"),
    "asked": _l("asked for"),
    "before": _l("before"),
    "bitrate": _l("bits a second"),
    "bytes": _l("bytes"),
    "calls": _l("calls found"),
    "case": _l("case number"),
    "change": _l("change"),
    "channels": _l("voices"),
    "consent": _l("consent"),
    "copies": _l("copies"),
    "cut_short": _l("cut short"),
    "cuts": _l("cuts"),
    "days": _l("days"),
    "default": _l("default"),
    "deleted": _l("copies deleted"),
    "despite": _l("despite"),
    "direction": _l("direction"),
    "disabled": _l("may not sign in"),
    "disclosure": _l("disclosure"),
    "end": _l("to"),
    "entry": _l("register entry"),
    "error": _l("failure"),
    "expires_at": _l("until"),
    "format": _l("format"),
    "ground": _l("ground"),
    "hold": _l("hold"),
    "holds": _l("holds"),
    "how": _l("how"),
    "kind": _l("kind"),
    "language": _l("language"),
    "left": _l("attempts left"),
    "legal_basis": _l("legal basis"),
    "line": _l("line"),
    "link": _l("link"),
    "links_ended": _l("links ended"),
    "longest_pause": _l("seconds that a pause may last"),
    "mode": _l("announcement"),
    "name": _l("name"),
    "normalise": _l("evened out"),
    "object": _l("file"),
    "of": _l("of"),
    "on": _l("recording"),
    "opening": _l("opening"),
    "openings": _l("openings"),
    "or_more": _l("or more"),
    "original": _l("only as it was archived"),
    "original_sha256": _l("SHA-256 of what was archived"),
    "participant": _l("who"),
    "password": _l("new password"),
    "problems": _l("problems"),
    "decided_by": _l("decided by"),
    "decision": _l("decision"),
    "guard": _l("seconds around it"),
    "purpose": _l("heard for"),
    "rate": _l("samples a second"),
    "reason": _l("reason"),
    "role": _l("role"),
    "rule": _l("rule"),
    "settled": _l("what was found"),
    "start": _l("from"),
    "step": _l("step"),
    "term": _l("term"),
    "trim_silence": _l("silence cut"),
    "until": _l("until"),
    "user": _l("account"),
    "why": _l("reason"),
}
"""The names of details. What is not here is shown as `another detail`."""

LEFT_OUT = frozenset({"content", "tried"})
"""What only a machine reads: the hash of a row, and the number of the entry before."""

VALUES: Mapping[str, Mapping[str, Any]] = {
    "answer": CASE_ANSWERS,
    "channels": CHANNELS,
    "copies": COPIES,
    "custody": CUSTODIES,
    "decision": {"approved": _l("cut out"), "refused": _l("not cut out")},
    "direction": DIRECTIONS,
    "format": FORMATS,
    "legal_basis": BASES,
    "mode": MODES,
    "role": ROLES,
    "kind": APPROVALS,
    "step": {**CASE_STEPS, **STEPS, **RULE_STEPS},
    "state": STATES,
    "of": {"all": _l("all"), "a number": _l("a number")},
    "asked": {
        "own_calls": _l("an agent's calls"),
        "search": _l("calls"),
        "listen": _l("listening"),
        "download": _l("downloading"),
        "note": _l("writing notes"),
        "case": _l("cases"),
        "see_cases": _l("cases"),
        "work_cases": _l("opening cases"),
        "close_cases": _l("closing cases"),
        "see_policy": _l("who is recorded"),
        "change_policy": _l("switching recording"),
        "see_health": _l("health"),
        "retry": _l("trying again"),
        "users": _l("accounts"),
        "audit": _l("the audit log"),
        "pause": _l("pausing"),
        "resume": _l("going on recording"),
        "forget_search": _l("a colleague's search"),
    },
}
"""The words of closed vocabularies, by the name of the detail."""

ERRORS = {
    "NotFound": _l("there is no such thing"),
    "CaseChanged": _l("a colleague changed it meanwhile"),
    "InvalidQuery": _l("what was asked for cannot be understood"),
    "NotDialled": _l("that number may not be dialled"),
    "VendorError": _l("Twilio refused"),
    "VendorUnavailable": _l("Twilio did not answer"),
    "VendorBusy": _l("Twilio had too much to do"),
    "VendorRefused": _l("Twilio refused"),
    "NotAtVendor": _l("Twilio does not have it"),
    "MediaNotReady": _l("Twilio does not have the file yet"),
    "NotPaused": _l("Twilio did not say that it is paused"),
    "NotResumed": _l("Twilio did not say that it goes on"),
    "NotStopped": _l("Twilio did not say that it ended"),
    "NotAudio": _l("what Twilio sent is no recording"),
    "MediaTruncated": _l("what Twilio sent was cut off"),
    "MediaMismatch": _l("what Twilio sent is not what it says of it"),
    "DecryptionKeyMissing": _l("the key to decrypt it is missing"),
    "DecryptionKeyWrong": _l("the key to decrypt it is another one"),
    "DecryptionError": _l("it could not be decrypted"),
    "BucketUnavailable": _l("the bucket did not answer"),
    "BucketRefused": _l("the bucket refused"),
    "BucketNotOurs": _l("the bucket is another one's, or has lost its mark"),
    "ObjectNotFound": _l("the file is not in the bucket"),
    "BytesDiffer": _l("the file is not what was archived"),
    "VerificationFailed": _l("what was copied is not what was sent"),
    "CatalogUnavailable": _l("the database did not answer"),
    "CatalogError": _l("the database did not answer"),
    "CustodyRefused": _l("it is not for them"),
    "NothingThere": _l("there is nothing of it now"),
    "NotConsented": _l("somebody who is heard has not consented"),
    "LinkClosed": _l("the link is closed"),
    "CodeWrong": _l("the code is wrong"),
    "ConversionFailed": _l("it could not be converted"),
    "AudioToolsMissing": _l("what converts is not installed"),
}
"""What failed, by the name of the library's error; any other is said to be one."""


def failure(said: str) -> str:
    """Return what failed as people read it: in English the library's own, more exact words.

    Args:
        said: the error's name, and mostly what it says: `VendorUnavailable: no answer`.
    """
    if str(get_locale() or "en") == "en":
        return said
    name = re.match(r"\w+", said)
    known = ERRORS.get(name[0]) if name else None
    return str(known or _("another failure; the log of the workers has more"))


def details(act: AuditAct) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of an act's details."""
    shown = act.entry.shown
    if act.begun is not None:
        shown = {**act.begun.shown, **shown}
    for name, text in shown.items():
        if name not in LEFT_OUT:
            yield str(NAMES.get(name) or _("another detail")), _said(name, text)


def _said(name: str, text: str) -> str:
    if name in ("error", "despite"):
        return failure(text)
    if name == "term":
        return _term(text)
    if text in ("True", "False"):
        return str(_("yes") if text == "True" else _("no"))
    known: Mapping[str, Any] = VALUES.get(name, {})
    return str(known.get(text, text))


def _term(text: str) -> str:
    """Return how long something is kept: `6 years`, as the library writes it."""
    said, _space, unit = text.partition(" ")
    if not said.isdigit():
        return text
    number = int(said)
    if unit.startswith("day"):
        return str(ngettext("%(num)s day", "%(num)s days", number))
    if unit.startswith("month"):
        return str(ngettext("%(num)s month", "%(num)s months", number))
    return str(ngettext("%(num)s year", "%(num)s years", number)) if unit else text


FILTERS: Mapping[str, Callable[..., Any]] = {"failure": failure, "details": details}
