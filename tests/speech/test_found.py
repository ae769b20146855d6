"""What a model heard of real speech is found by the words that were said, and nothing else is."""

from __future__ import annotations

import pytest

from tests.factories import ADMIN
from tests.speech.conftest import SAID, Dispute
from twirec.model.search import SaidSentence
from twirec.model.vocabulary import Role

CUSTOMER, AGENT = Role.CUSTOMER, Role.AGENT

WERE_SAID = [
    (CUSTOMER, "eso no me lo dijo tu compañero", "no me lo dijo"),
    (AGENT, "permanencia de doce meses", "doce meses"),
    (CUSTOMER, "darme de baja sin pagar", "darme de baja"),
    (AGENT, "quince días hábiles", "quince días"),
    (CUSTOMER, "me han cobrado una permanencia", "me han cobrado"),
    (AGENT, "penalización de ochenta euros", "ochenta euros"),
    (CUSTOMER, "quiero que me devuelvan el dinero", "devuelvan el dinero"),
    (CUSTOMER, "no pienso pagar esa factura", "no pienso pagar"),
    (AGENT, "tres cinco ocho ocho", "tres cinco ocho ocho"),
    (CUSTOMER, "471290", "cuatro siete uno dos"),
    (AGENT, "el contrato se firmó el 15 de marzo", "se firmó"),
    (AGENT, "si cancelaba antes de 1 año", "cancelaba antes"),
    (CUSTOMER, "no recuerdo que me explicara nada", "no recuerdo"),
    (AGENT, "el pago queda suspendido", "queda suspendido"),
    (CUSTOMER, "factura de octubre", "factura de octubre"),
    (AGENT, "mi compañero le explicó", "le explicó"),
    (AGENT, "hasta que se resuelva la reclamación", "se resuelva"),
]
"""Who said what, as somebody remembers it; and words of the sentence as it was read."""

NOBODY_SAID = [
    "permanencia de veinticuatro meses",
    "doce días hábiles",
    "penalización de noventa euros",
    "factura de septiembre",
    "no hay penalización",
    "me lo dijo tu jefe",
    "quiero hablar con su supervisor",
    "le devolvemos el dinero mañana",
    "puede cancelar gratis",
    "cambiar de compañía",
    "gracias por su paciencia",
    "no quiero pagar",
]


def found(dispute: Dispute, text: str) -> tuple[SaidSentence, ...]:
    return dispute.archive.calls.search(text, by=ADMIN, repeated=True).sentences


@pytest.mark.parametrize(("side", "phrase", "words"), WERE_SAID)
def test_what_was_said_is_found_first_on_its_side_and_at_its_second(
    dispute: Dispute, side: Role, phrase: str, words: str
) -> None:
    (read,) = [each for each in SAID if words in each["text"] and each["who"] == side]
    best = found(dispute, f'said:"{phrase}"')[0]
    assert (best.side, best.recording_sid) == (side, dispute.sid)
    assert read["starts"] - 1 <= best.starts <= read["starts"] + read["seconds"]
    assert found(dispute, f'{side} said "{phrase}"')[0] == best


@pytest.mark.parametrize("phrase", NOBODY_SAID)
def test_what_nobody_said_is_not_found(dispute: Dispute, phrase: str) -> None:
    assert found(dispute, f'said:"{phrase}"') == ()
