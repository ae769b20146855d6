"""What the page of a link says to its recipient, in Spanish and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo

from twirec.model.audio import Channels, ConversionSpec
from twirec.model.disclosures import Disclosure, DisclosureGround

LANGUAGES = {"es": "Español", "en": "English"}
"""The languages of the page, each by its own name."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "es": {
        "title": "Una grabación para usted",
        "hello": "{} le entrega la grabación de una llamada. Escriba el código que ha recibido "
        "por otra vía.",
        "code": "Código",
        "open": "Abrir",
        "open_until": "El enlace está abierto hasta el {}.",
        "once": "Se puede abrir una vez.",
        "times": "Se puede abrir {} veces.",
        "recording": "La grabación",
        "download": "Descargar",
        "heard_until": "Puede escucharla y descargarla aquí hasta el {}.",
        "what": "Qué es",
        "call": "La grabación de una llamada del {}",
        "from": "Quién la entrega",
        "to": "A quién",
        "purpose": "Para qué",
        "ground": "Por qué se puede entregar",
        "left_out": "Esta copia no es la grabación entera",
        "you_may": "Qué puede hacer con ella",
        "use": "Puede escucharla y guardarla para el fin que figura arriba.",
        "pass_on": "Es para usted. Para dársela a otra persona, publicarla o usarla para otra cosa "
        "hace falta de nuevo el consentimiento expreso de todos los que se oyen en ella, o un "
        "fundamento legal propio.",
        "closed": "Este enlace no abre nada (o ya no): ha caducado, se abrió tantas veces como se "
        "acordó o se retiró. Pregunte a quien se lo envió.",
        "wrong": "Ese no es el código. Intentos que quedan: {}.",
        "busy": "Demasiados intentos seguidos. Espere un minuto.",
        "trouble": "Ahora no se puede abrir, y no ha contado. Inténtelo más tarde.",
    },
    "en": {
        "title": "A recording for you",
        "hello": "{} gives you the recording of a call. Type the code that you were sent by "
        "another way.",
        "code": "Code",
        "open": "Open",
        "open_until": "The link is open until {}.",
        "once": "It may be opened once.",
        "times": "It may be opened {} times.",
        "recording": "The recording",
        "download": "Download",
        "heard_until": "You may listen to it and download it here until {}.",
        "what": "What it is",
        "call": "The recording of a call of {}",
        "from": "Who gives it",
        "to": "To whom",
        "purpose": "What for",
        "ground": "Why it may be given",
        "left_out": "This copy is not the whole recording",
        "you_may": "What you may do with it",
        "use": "You may listen to it and keep it for the purpose above.",
        "pass_on": "It is for you. To give it to somebody else, to publish it or to use it for "
        "something else needs again the explicit consent of everybody who is heard in it, or a "
        "legal ground of your own.",
        "closed": "This link opens nothing (any more): it has expired, was opened as often as "
        "agreed, or was withdrawn. Ask who sent it to you.",
        "wrong": "That is not the code. Tries that are left: {}.",
        "busy": "Too many tries in a row. Wait a minute.",
        "trouble": "It cannot be opened just now, and that was not counted. Try again later.",
    },
}

GROUNDS: Mapping[str, Mapping[DisclosureGround, str]] = {
    "es": {
        DisclosureGround.CONSENT: "Todos los que se oyen en ella han consentido esta entrega.",
        DisclosureGround.COURT_ORDER: "Por orden de un juzgado o tribunal",
        DisclosureGround.AUTHORITY: "A petición de una autoridad",
        DisclosureGround.OWN_REQUEST: "A petición de quien se oye en ella",
    },
    "en": {
        DisclosureGround.CONSENT: "Everybody who is heard in it has consented to this.",
        DisclosureGround.COURT_ORDER: "By order of a court",
        DisclosureGround.AUTHORITY: "At the request of an authority",
        DisclosureGround.OWN_REQUEST: "At the request of somebody who is heard in it",
    },
}

SIDES: Mapping[str, Mapping[Channels, str]] = {
    "es": {
        Channels.WITHOUT_AGENT: "A la persona de la empresa no se la oye.",
        Channels.WITHOUT_CUSTOMER: "Al cliente no se le oye.",
        Channels.CUSTOMER: "Solo se oye al cliente.",
        Channels.AGENT: "Solo se oye a la persona de la empresa.",
    },
    "en": {
        Channels.WITHOUT_AGENT: "The person of the company is not heard.",
        Channels.WITHOUT_CUSTOMER: "The customer is not heard.",
        Channels.CUSTOMER: "Only the customer is heard.",
        Channels.AGENT: "Only the person of the company is heard.",
    },
}

SPANS = {
    "es": ("Contiene solo lo que va de {} a {}.", "el final", "De {} a {} se ha silenciado."),
    "en": ("It has only what is from {} to {}.", "the end", "From {} to {} it was silenced."),
}


def facts(
    disclosure: Disclosure, language: str, company: str, began: datetime | None, zone: tzinfo
) -> list[tuple[str, str]]:
    """Return what the recipient is told of a recording that they opened, by its name.

    Args:
        disclosure: what was given.
        language: `es` or `en`.
        company: who gives it.
        began: when the recording began, UTC.
        zone: the company's.
    """
    say = WORDS[language]
    what = say["call"].format(moment(began, language, zone)) if began else say["recording"]
    ground = GROUNDS[language][disclosure.ground]
    why = f"{ground}: {disclosure.reference}" if disclosure.reference else ground
    return [
        (say["what"], what),
        (say["from"], company),
        (say["to"], disclosure.recipient),
        (say["purpose"], disclosure.purpose),
        (say["ground"], why),
    ]


def left_out(spec: ConversionSpec | None, language: str) -> list[str]:
    """Return what a copy has not of the recording, a sentence each.

    Args:
        spec: what was made of it; None for the whole.
        language: `es` or `en`.
    """
    if spec is None:
        return []
    part, to_the_end, silenced = SPANS[language]
    said = [SIDES[language][spec.channels]] if spec.channels in SIDES[language] else []
    if spec.start or spec.end is not None:
        end = to_the_end if spec.end is None else clock(spec.end)
        said.append(part.format(clock(spec.start), end))
    return said + [silenced.format(clock(start), clock(end)) for start, end in spec.cuts]


def moment(at: datetime, language: str, zone: tzinfo) -> str:
    """Return a time as people read it, in the company's zone, with the zone's name."""
    form = "%d/%m/%Y, %H:%M %Z" if language == "es" else "%Y-%m-%d, %H:%M %Z"
    return at.astimezone(zone).strftime(form)


def clock(seconds: float) -> str:
    """Return a time in a recording, such as `1:05` or `1:05.5`."""
    whole, part = divmod(round(seconds * 10), 10)
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" + (f".{part}" if part else "")
