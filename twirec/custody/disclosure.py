"""Giving a recording to somebody outside: whose consent it needs, and what proves a link.

The secret of a link has 256 bits, so its plain hash tells nobody what it is. The code is short, to
be said on the phone: only a slow hash of it is kept, with a salt, and few may be tried.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence

from twirec.calls.address import WITHHELD
from twirec.catalog.disclosures import Proofs
from twirec.model.agents import ConferenceSnapshot, Leg
from twirec.model.disclosures import DisclosureConsent, Participant, ParticipantKind
from twirec.model.errors import InvalidQuery
from twirec.model.records import VOICEMAIL, Call

# --- who is heard -----------------------------------------------------------------------------

CUSTOMER, SOMEBODY_OF_OURS, OTHER = "customer", "agent", "other:"


def participants(
    call: Call,
    legs: Iterable[Leg],
    met: ConferenceSnapshot,
    lines: Mapping[str, Call],
    consents: Iterable[DisclosureConsent],
) -> list[Participant]:
    """Return everybody who is heard in what was recorded of a call, or may be.

    Whom the catalog cannot name stands there as somebody unknown, so that nobody is left out.

    Args:
        call: its line.
        legs: those that belong to it.
        met: who was in a conference with any of these.
        lines: the lines of the calls that it met, by SID.
        consents: those to disclosures of it, which may name somebody of whom only a person knows.
    """
    there = [_customer(call)]
    there += [_on_leg(leg, call) for leg in (*legs, *met.legs)]
    there += [
        _customer(lines.get(sid), f"caller:{sid}") for sid in met.calls if sid != call.call_sid
    ]
    ours = any(each.kind is ParticipantKind.AGENT for each in there)
    if not ours and call.dial != (VOICEMAIL,):
        there.append(Participant(SOMEBODY_OF_OURS, ParticipantKind.UNKNOWN, known=False))
    for consent in consents:
        if consent.participant.startswith(OTHER):
            there.append(Participant(consent.participant, ParticipantKind.OTHER, known=True))
    return list({each.key: each for each in there}.values())


def _customer(call: Call | None, key: str = CUSTOMER) -> Participant:
    """Return the outside party of a call; one who hid their number is known to nobody."""
    kind = ParticipantKind.CUSTOMER if key == CUSTOMER else ParticipantKind.CALLER
    shown = call is not None and call.number_known and call.customer_number not in ("", WITHHELD)
    return Participant(key, kind, known=shown)


def _on_leg(leg: Leg, call: Call) -> Participant:
    if leg.agent:
        return Participant(f"agent:{leg.agent}", ParticipantKind.AGENT, known=True)
    if leg.leg_sid in (call.call_sid, call.leg):
        return _customer(call)
    return Participant(f"leg:{leg.leg_sid}", ParticipantKind.UNKNOWN, known=False)


def find_participant(key: str, there: Sequence[Participant]) -> Participant:
    """Return the participant of a key; who is named `other:NAME` is one by being named.

    Raises:
        InvalidQuery: there is none of that key; the message lists them.
    """
    for each in there:
        if each.key == key:
            return each
    if key.startswith(OTHER) and key.removeprefix(OTHER).strip():
        return Participant(key, ParticipantKind.OTHER, known=True)
    known = ", ".join(each.key for each in there)
    raise InvalidQuery(f"participant: choose {known}, or name another one as other:NAME.")


def standing(
    there: Sequence[Participant],
    consents: Sequence[DisclosureConsent],
    recipient: str,
    purpose: str,
) -> tuple[list[DisclosureConsent], list[Participant]]:
    """Return the consents that a disclosure stands on, and who has not consented to it.

    Args:
        there: who is heard.
        consents: all there are, also withdrawn ones and those to other disclosures.
        recipient, purpose: to whom it is to be given, and what for.
    """
    holding = [each for each in consents if each.holds and each.is_for(recipient, purpose)]
    newest = {each.participant: each for each in holding}
    stands = [newest[each.key] for each in there if each.key in newest]
    return stands, [each for each in there if each.key not in newest]


# --- secrets ----------------------------------------------------------------------------------

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Thirty characters that nobody takes for one another, be they read or heard."""

CODE_LENGTH = 8
"""Characters: 39 bits. Five tries are nothing of that, and whoever has the database and guesses at
a slow hash needs centuries for it."""

SLOW = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""Some 50 ms and 16 MB for each guess
(https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt)."""

SECRET_BYTES = 32


def new_secret() -> str:
    """Return 256 bits for a link, or a ticket: 43 characters that a URL takes as they are."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_code() -> str:
    """Return a code to be said or typed, such as `K7QM-3XRD`."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{code[:4]}-{code[4:]}"


def secret_hash(secret: str) -> str:
    """Return what proves a secret of 256 bits, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def proofs(secret: str, code: str) -> Proofs:
    """Return what is kept of the secrets of a link, which proves them and does not tell them."""
    salt = secrets.token_hex(16)
    return Proofs(secret_hash(secret), code_hash(code, salt), salt)


def code_hash(code: str, salt: str) -> str:
    """Return the slow hash of a code, in hex; how it is written makes no difference.

    Args:
        code: as somebody typed it: small letters, spaces and hyphens do no harm.
        salt: in hex.
    """
    plain = "".join(filter(str.isalnum, code)).upper()[: 4 * CODE_LENGTH]
    return hashlib.scrypt(plain.encode(), salt=bytes.fromhex(salt), **SLOW).hex()


def is_code(code: str, salt: str, known: str) -> bool:
    """Whether a code is the one whose hash is known; it takes as long if it is not."""
    return hmac.compare_digest(code_hash(code, salt), known)
