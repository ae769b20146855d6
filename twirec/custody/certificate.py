"""The certificate of an erasure as a page that people read, in English or Spanish."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from twirec.custody.document import Block, Document, Facts, Heading, Paragraph, Points
from twirec.model.erasure import (
    Certificate,
    CertificateLine,
    Copy,
    CopyOutcome,
    ErasureKind,
    ErasureScope,
)
from twirec.model.errors import InvalidQuery

Words = Mapping[str, str]

ENGLISH: Words = {
    "title": "Certificate of erasure {id}",
    "page": "page",
    "of": "Of",
    "number": "a telephone number, which is written down nowhere",
    "recording": "recording",
    "recordings": "recordings",
    "call": "call",
    "calls": "calls",
    "asked": "Asked for",
    "by": "By",
    "reason": "Reason",
    "ground": "Legal ground",
    "approved": "Approved by",
    "begun": "Begun",
    "until": "Blocked until",
    "finished": "Finished",
    "state": "State on {at}",
    "block": "It is blocked: kept for judges, prosecutors and authorities only, seen by nobody "
    "else, and destroyed on its date (LOPDGDD, article 32).",
    "destroy": "It is destroyed. What is listed here as destroyed is not in the archive any more.",
    "original": "{sid} as it was archived, alone: its copy without card numbers takes its place",
    "waits": "It waits for the approval of a second person: nothing is erased yet.",
    "goes_on": "It goes on: what is listed as waiting or ordered is not destroyed yet.",
    "nothing_left": "Nothing is left to do here.",
    "more": "And {more} more, recordings and calls together.",
    "names": "Copies are named by identifiers, names of objects and dates. Nothing here is of the "
    "person whom it is about.",
    CopyOutcome.DONE: "Destroyed",
    CopyOutcome.PENDING: "Destroyed here, kept by others until a date",
    CopyOutcome.WAITING: "Waiting",
    CopyOutcome.ORDERED: "Ordered",
    CopyOutcome.BLOCKED: "Blocked",
    CopyOutcome.REFUSED: "Refused",
    CopyOutcome.NOTHING: "There was nothing",
    Copy.RECORDING: "recording",
    Copy.GENERATION: "other generation",
    Copy.DERIVATIVE: "derivative",
    Copy.TRANSCRIPT: "transcript",
    Copy.WAVEFORM: "waveform",
    Copy.VENDOR_RECORDING: "Twilio's copy",
    Copy.VENDOR_FACTS: "Twilio's facts of it, without sound",
    Copy.VENDOR_CALL: "Twilio's record of the call and its legs",
    Copy.LINE: "personal fields of the call's line, notes included",
    Copy.ROWS: "rows of {name}",
    Copy.JOURNAL: "journal of {name}",
    "rows_notes": "the number in a note of another call",
    "rows_calls": "that their phone forwarded this call",
    "rows_access_requests": "access request",
    "rows_access_steps": "step of an access request",
    "rows_cases": "case of a complaint",
    "rows_case_steps": "step of a case",
    "rows_case_mails": "e-mail with a receipt",
    "held": "it is held",
    "open": "it has still to be answered",
    "why_goes_on": "it goes on",
    "no_copy": "there is no copy without card numbers",
    "vendor": "Twilio",
    "soft_delete": "the bucket's soft delete",
    "kept_by_the_bucket": "the bucket's retention policy, or a hold of its own",
    "to": "until {until}",
}

SPANISH: Words = {
    "title": "Certificado de supresión {id}",
    "page": "página",
    "of": "De",
    "number": "un número de teléfono, que no queda escrito en ningún sitio",
    "recording": "grabación",
    "recordings": "grabaciones",
    "call": "llamada",
    "calls": "llamadas",
    "asked": "Solicitada",
    "by": "Por",
    "reason": "Motivo",
    "ground": "Base legal",
    "approved": "Aprobada por",
    "begun": "Comenzada",
    "until": "Bloqueada hasta",
    "finished": "Terminada",
    "state": "Estado a {at}",
    "block": "Está bloqueada: se conserva solo para jueces, fiscales y autoridades, nadie más la "
    "ve, y se destruye en su fecha (LOPDGDD, artículo 32).",
    "destroy": "Está destruida. Lo que aquí consta como destruido ya no está en el archivo.",
    "original": "{sid} tal como se archivó, y nada más: ocupa su lugar la copia sin números de "
    "tarjeta",
    "waits": "Espera la aprobación de una segunda persona: todavía no se ha suprimido nada.",
    "goes_on": "Sigue en curso: lo que consta como en espera u ordenado no está destruido todavía.",
    "nothing_left": "Aquí no queda nada por hacer.",
    "more": "Y {more} más, entre grabaciones y llamadas.",
    "names": "Las copias se nombran por identificadores, nombres de objetos y fechas. Nada de esto "
    "es de la persona a la que se refiere.",
    CopyOutcome.DONE: "Destruido",
    CopyOutcome.PENDING: "Destruido aquí, conservado por terceros hasta una fecha",
    CopyOutcome.WAITING: "Pendiente",
    CopyOutcome.ORDERED: "Ordenado",
    CopyOutcome.BLOCKED: "Bloqueado",
    CopyOutcome.REFUSED: "Denegado",
    CopyOutcome.NOTHING: "No había nada",
    Copy.RECORDING: "grabación",
    Copy.GENERATION: "otra generación",
    Copy.DERIVATIVE: "copia derivada",
    Copy.TRANSCRIPT: "transcripción",
    Copy.WAVEFORM: "forma de onda",
    Copy.VENDOR_RECORDING: "copia de Twilio",
    Copy.VENDOR_FACTS: "datos de Twilio sobre ella, sin sonido",
    Copy.VENDOR_CALL: "registro de la llamada y de sus tramos en Twilio",
    Copy.LINE: "campos personales de la línea de la llamada, con sus notas",
    Copy.ROWS: "filas de {name}",
    Copy.JOURNAL: "diario del {name}",
    "rows_notes": "el número en una nota de otra llamada",
    "rows_calls": "que su teléfono desvió esta llamada",
    "rows_access_requests": "solicitud de acceso",
    "rows_access_steps": "trámite de una solicitud de acceso",
    "rows_cases": "expediente de una reclamación",
    "rows_case_steps": "trámite de un expediente",
    "rows_case_mails": "correo con un justificante",
    "held": "está retenida",
    "open": "está pendiente de respuesta",
    "why_goes_on": "sigue en curso",
    "no_copy": "no hay copia sin números de tarjeta",
    "vendor": "Twilio",
    "soft_delete": "la eliminación temporal del bucket",
    "kept_by_the_bucket": "la política de retención del bucket, o una retención propia suya",
    "to": "hasta {until}",
}

LANGUAGES: Mapping[str, Words] = {"en": ENGLISH, "es": SPANISH}

ORDER = (
    CopyOutcome.REFUSED,
    CopyOutcome.WAITING,
    CopyOutcome.ORDERED,
    CopyOutcome.BLOCKED,
    CopyOutcome.PENDING,
    CopyOutcome.DONE,
    CopyOutcome.NOTHING,
)
"""What has still to be looked at comes first."""


def document(certificate: Certificate, *, language: str, zone: tzinfo, at: datetime) -> Document:
    """Return a certificate as a document.

    Args:
        certificate: what an erasure did.
        language: `en` or `es`.
        zone: the company's.
        at: when it is made, UTC.

    Raises:
        InvalidQuery: the language is another one.
    """
    words = LANGUAGES.get(language)
    if words is None:
        raise InvalidQuery("language: choose en or es.")
    title = words["title"].format(id=certificate.id)
    blocks: list[Block] = [
        Heading(title, 1),
        Facts(_facts(certificate, words, zone)),
        Heading(words["state"].format(at=_moment(at, zone))),
        Paragraph(_state(certificate, words)),
    ]
    for outcome in ORDER:
        lines = [line for line in certificate.lines if line.outcome is outcome]
        if lines:
            blocks += [
                Heading(words[outcome], 3),
                Points(tuple(_point(line, words, zone) for line in lines)),
            ]
    if certificate.more:
        blocks.append(Paragraph(words["more"].format(more=certificate.more)))
    blocks.append(Paragraph(words["names"]))
    return Document(title, language, "twirec", blocks, words["page"])


def _facts(certificate: Certificate, words: Words, zone: tzinfo) -> tuple[tuple[str, str], ...]:
    erasure = certificate.erasure
    what = {
        ErasureScope.NUMBER: words["number"],
        ErasureScope.ORIGINAL: words["original"].format(sid=erasure.sid),
    }.get(erasure.scope, erasure.sid)
    counted = ", ".join(
        f"{count} {words[one if count == 1 else f'{one}s']}"
        for one, count in (("recording", certificate.recordings), ("call", certificate.calls))
    )
    rows = (
        ("of", f"{what}: {counted}"),
        ("asked", _moment(erasure.at, zone)),
        ("by", erasure.by),
        ("reason", erasure.reason),
        ("ground", erasure.ground),
        ("approved", erasure.approved_by),
        ("begun", _moment(erasure.begun_at, zone)),
        ("until", erasure.until.isoformat() if erasure.until else ""),
        ("finished", _moment(erasure.done_at, zone)),
    )
    return tuple((words[name], value) for name, value in rows if value)


def _state(certificate: Certificate, words: Words) -> str:
    erasure = certificate.erasure
    if erasure.begun_at is None:
        return words["waits"]
    if certificate.done:
        return f"{words['destroy']} {words['nothing_left']}"
    if erasure.kind is ErasureKind.BLOCK:
        return words["block"]
    return f"{words['destroy']} {words['goes_on']}"


def _point(line: CertificateLine, words: Words, zone: tzinfo) -> str:
    what = words[line.copy].format(name=line.name)
    if line.copy is Copy.ROWS:
        what = words.get(f"rows_{line.name}", what)
    said = f"{line.sid}: {what}"
    if line.name and line.copy not in (Copy.ROWS, Copy.JOURNAL):
        said += f", {line.name}"
    more = []
    if why := words.get("why_goes_on" if line.why == "goes_on" else line.why):
        more.append(why)
    if line.until is not None:
        more.append(words["to"].format(until=_moment(line.until, zone)))
    return f"{said} ({', '.join(more)})" if more else said


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
