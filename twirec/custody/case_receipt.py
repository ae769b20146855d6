"""The receipt of a case: what it says, in the language in which the customer complained. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from twirec.custody.document import Block, Document, Facts, Heading, Link, Paragraph
from twirec.model.case_terms import CaseTerm, TermUnit
from twirec.model.cases import Case, CaseKind, CaseLanguage

_SAID: Mapping[CaseLanguage, Mapping[str, str]] = {
    CaseLanguage.ES: {
        "title": "Justificante de su caso {key}",
        "intro": "{company} ha recibido su caso por teléfono. Conserve este documento.",
        "key": "Clave",
        "kind": "Motivo",
        "received": "Fecha y hora de recepción",
        "content": "Contenido",
        "none": "(sin descripción)",
        "term": "Plazo",
        "until": "{term}; hasta el {until}",
        "still": "En suspenso: le hemos pedido información. Puede completarla hasta el {until}.",
        "closed": "Se le comunicó la resolución el {until}.",
        "recording": "La grabación",
        "link": (
            "Con su consentimiento hemos grabado la llamada. Cuando termine, podrá escucharla y "
            "descargarla en esta dirección, con el código que le daremos por otra vía:"
        ),
        "ask": (
            "Con su consentimiento hemos grabado la llamada. Puede pedir una copia indicando su "
            "clave; le daremos una dirección y un código personales."
        ),
        "no": "La llamada no se ha grabado para su caso.",
        "keep": "Guardamos la grabación, como mínimo, hasta comunicarle la resolución.",
        "turn": "A dónde dirigirse",
        "turn_to": "Para consultar su caso, indique la clave. {contact}",
        "page": "página",
    },
    CaseLanguage.CA: {
        "title": "Justificant del seu cas {key}",
        "intro": "{company} ha rebut el seu cas per telèfon. Conservi aquest document.",
        "key": "Clau",
        "kind": "Motiu",
        "received": "Data i hora de recepció",
        "content": "Contingut",
        "none": "(sense descripció)",
        "term": "Termini",
        "until": "{term}; fins al {until}",
        "still": "En suspens: li hem demanat informació. La pot completar fins al {until}.",
        "closed": "Se li va comunicar la resolució el {until}.",
        "recording": "L'enregistrament",
        "link": (
            "Amb el seu consentiment hem enregistrat la trucada. Quan acabi, la podrà escoltar i "
            "descarregar en aquesta adreça, amb el codi que li donarem per una altra via:"
        ),
        "ask": (
            "Amb el seu consentiment hem enregistrat la trucada. En pot demanar una còpia indicant "
            "la seva clau; li donarem una adreça i un codi personals."
        ),
        "no": "La trucada no s'ha enregistrat per al seu cas.",
        "keep": "Guardem l'enregistrament, com a mínim, fins que li comuniquem la resolució.",
        "turn": "On adreçar-se",
        "turn_to": "Per consultar el seu cas, indiqui la clau. {contact}",
        "page": "pàgina",
    },
    CaseLanguage.GL: {
        "title": "Xustificante do seu caso {key}",
        "intro": "{company} recibiu o seu caso por teléfono. Conserve este documento.",
        "key": "Clave",
        "kind": "Motivo",
        "received": "Data e hora de recepción",
        "content": "Contido",
        "none": "(sen descrición)",
        "term": "Prazo",
        "until": "{term}; ata o {until}",
        "still": "En suspenso: pedímoslle información. Pode completala ata o {until}.",
        "closed": "Comunicóuselle a resolución o {until}.",
        "recording": "A gravación",
        "link": (
            "Co seu consentimento gravamos a chamada. Cando remate, poderá escoitala e descargala "
            "neste enderezo, co código que lle daremos por outra vía:"
        ),
        "ask": (
            "Co seu consentimento gravamos a chamada. Pode pedir unha copia indicando a súa clave; "
            "darémoslle un enderezo e un código persoais."
        ),
        "no": "A chamada non se gravou para o seu caso.",
        "keep": "Gardamos a gravación, como mínimo, ata comunicarlle a resolución.",
        "turn": "A onde dirixirse",
        "turn_to": "Para consultar o seu caso, indique a clave. {contact}",
        "page": "páxina",
    },
    CaseLanguage.EU: {
        "title": "{key} kasuaren egiaztagiria",
        "intro": "{company} enpresak zure kasua telefonoz jaso du. Gorde dokumentu hau.",
        "key": "Gakoa",
        "kind": "Arrazoia",
        "received": "Noiz jaso zen",
        "content": "Edukia",
        "none": "(deskribapenik gabe)",
        "term": "Epea",
        "until": "{term}; {until} arte",
        "still": "Etenda: informazioa eskatu dizugu. {until} arte osa dezakezu.",
        "closed": "Ebazpena {until} jakinarazi zitzaizun.",
        "recording": "Grabazioa",
        "link": (
            "Zure baimenarekin deia grabatu dugu. Helbide honetan entzun eta deskarga dezakezu, "
            "beste bide batetik emango dizugun kodearekin, deia amaitu ondoren:"
        ),
        "ask": (
            "Zure baimenarekin deia grabatu dugu. Kopia bat eska dezakezu gakoa esanda; helbide "
            "eta kode pertsonalak emango dizkizugu."
        ),
        "no": "Deia ez da zure kasurako grabatu.",
        "keep": "Grabazioa gordeko dugu, gutxienez, ebazpena jakinarazi arte.",
        "turn": "Nora jo",
        "turn_to": "Zure kasuari buruz galdetzeko, esan gakoa. {contact}",
        "page": "orria",
    },
    CaseLanguage.EN: {
        "title": "Receipt of your case {key}",
        "intro": "{company} received your case by telephone. Keep this document.",
        "key": "Key",
        "kind": "About",
        "received": "Received",
        "content": "Content",
        "none": "(not described)",
        "term": "Term",
        "until": "{term}; until {until}",
        "still": "It stands still: we asked you for information. You may send it until {until}.",
        "closed": "You were told of the resolution on {until}.",
        "recording": "The recording",
        "link": (
            "With your consent we recorded the call. You may hear and download it at this address, "
            "with the code that we give you by another way, once the call is over:"
        ),
        "ask": (
            "With your consent we recorded the call. You may ask for a copy by your key; we give "
            "you an address and a code of your own."
        ),
        "no": "The call was not recorded for your case.",
        "keep": "We keep the recording at least until we have told you the resolution.",
        "turn": "Where to turn",
        "turn_to": "To ask about your case, say its key. {contact}",
        "page": "page",
    },
}

_KINDS: Mapping[CaseLanguage, Mapping[CaseKind, str]] = {
    CaseLanguage.ES: {
        CaseKind.QUERY: "Consulta",
        CaseKind.COMPLAINT: "Queja o reclamación",
        CaseKind.INCIDENT: "Incidencia",
        CaseKind.BILLING: "Facturación o cobro indebido",
        CaseKind.OUTAGE: "Corte o suspensión del servicio",
    },
    CaseLanguage.CA: {
        CaseKind.QUERY: "Consulta",
        CaseKind.COMPLAINT: "Queixa o reclamació",
        CaseKind.INCIDENT: "Incidència",
        CaseKind.BILLING: "Facturació o cobrament indegut",
        CaseKind.OUTAGE: "Tall o suspensió del servei",
    },
    CaseLanguage.GL: {
        CaseKind.QUERY: "Consulta",
        CaseKind.COMPLAINT: "Queixa ou reclamación",
        CaseKind.INCIDENT: "Incidencia",
        CaseKind.BILLING: "Facturación ou cobro indebido",
        CaseKind.OUTAGE: "Corte ou suspensión do servizo",
    },
    CaseLanguage.EU: {
        CaseKind.QUERY: "Kontsulta",
        CaseKind.COMPLAINT: "Kexa edo erreklamazioa",
        CaseKind.INCIDENT: "Gorabehera",
        CaseKind.BILLING: "Fakturazioa edo bidegabeko kobrua",
        CaseKind.OUTAGE: "Zerbitzuaren etena",
    },
    CaseLanguage.EN: {
        CaseKind.QUERY: "Query",
        CaseKind.COMPLAINT: "Complaint",
        CaseKind.INCIDENT: "Incident",
        CaseKind.BILLING: "Invoice or undue charge",
        CaseKind.OUTAGE: "Cut or suspension of the service",
    },
}

_WORKING, _DAYS, _HOURS = TermUnit.WORKING_DAYS, TermUnit.DAYS, TermUnit.HOURS
_UNITS: Mapping[CaseLanguage, Mapping[TermUnit, str]] = {
    CaseLanguage.ES: {_WORKING: "días hábiles", _DAYS: "días", _HOURS: "horas"},
    CaseLanguage.CA: {_WORKING: "dies hàbils", _DAYS: "dies", _HOURS: "hores"},
    CaseLanguage.GL: {_WORKING: "días hábiles", _DAYS: "días", _HOURS: "horas"},
    CaseLanguage.EU: {_WORKING: "egun baliodun", _DAYS: "egun", _HOURS: "ordu"},
    CaseLanguage.EN: {_WORKING: "working days", _DAYS: "days", _HOURS: "hours"},
}


def receipt(
    case: Case,
    *,
    company: str,
    contact: str,
    term: CaseTerm,
    recorded: bool,
    links: Sequence[str],
    zone: tzinfo,
) -> Document:
    """Return the receipt of a case.

    Args:
        case: the case.
        company: who received it.
        contact: where customers turn.
        term: how long it may take.
        recorded: whether something is recorded of it with the customer's consent.
        links: where the customer hears it; none where they have to ask.
        zone: the company's.
    """
    said = _SAID[case.language]
    blocks: list[Block] = [
        Heading(said["title"].format(key=case.key), 1),
        Paragraph(said["intro"].format(company=company)),
        Facts(
            (
                (said["key"], case.key),
                (said["kind"], _KINDS[case.language][case.kind]),
                (said["received"], _moment(case.opened_at, zone)),
                (said["term"], _term(case, term, zone)),
            )
        ),
        Heading(said["content"]),
        Paragraph(case.content or said["none"]),
        Heading(said["recording"]),
    ]
    if not recorded:
        blocks.append(Paragraph(said["no"]))
    elif links:
        blocks += [Paragraph(said["link"]), *map(Link, links), Paragraph(said["keep"])]
    else:
        blocks += [Paragraph(said["ask"]), Paragraph(said["keep"])]
    turn = said["turn_to"].format(contact=contact).strip()
    blocks += [Heading(said["turn"]), Paragraph(turn)]
    return Document(
        title=said["title"].format(key=case.key),
        language=case.language,
        author=company,
        blocks=blocks,
        page=said["page"],
    )


def plain_text(document: Document) -> str:
    """Return a receipt as plain text, for an e-mail or a message."""
    parts: list[str] = []
    for block in document.blocks:
        match block:
            case Heading(text, level):
                parts.append(f"{text}\n{('=' if level == 1 else '-') * len(text)}")
            case Paragraph(text) | Link(text):
                parts.append(text)
            case Facts(rows):
                parts.append("\n".join(f"{name}: {value}" for name, value in rows))
    return "\n\n".join(parts) + "\n"


def _term(case: Case, term: CaseTerm, zone: tzinfo) -> str:
    said = _SAID[case.language]
    if case.notified_at is not None:
        return said["closed"].format(until=_moment(case.notified_at, zone))
    if case.due_at is None:
        until = "" if case.complete_by is None else _day(case.complete_by, zone)
        return said["still"].format(until=until)
    until = _moment(case.due_at, zone) if term.unit is TermUnit.HOURS else _day(case.due_at, zone)
    words = f"{term.count} {_UNITS[case.language][term.unit]}"
    return said["until"].format(term=words, until=until)


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d-%m-%Y}"


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d-%m-%Y %H:%M}"
