"""What Twilio's own libraries know of TwiML: made into `twirec/sandbox/official.json`.

`python -m tests.sandbox.official` writes that file anew, from the Python library that is installed
and the Node library below `.venv/node`, which alone lists the voices.
"""

from __future__ import annotations

import inspect
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from twilio.twiml import TwiML, voice_response

ROOT = Path(__file__).parents[2]
FILE = ROOT / "twirec/sandbox/official.json"
NODE = ROOT / ".venv/node"
VOICES = NODE / "node_modules/twilio/lib/twiml/VoiceResponse.d.ts"
"""Where the Node library says its voices."""

# The list has no languages; those of Polly are on
# https://docs.aws.amazon.com/polly/latest/dg/available-voices.html
POLLY = {
    "ar-AE": "Hala Zayd",
    "arb": "Zeina",
    "ca-ES": "Arlet",
    "cmn-CN": "Zhiyu",
    "cy-GB": "Gwyneth",
    "da-DK": "Mads Naja Sofie",
    "de-AT": "Hannah",
    "de-DE": "Daniel Hans Marlene Vicki",
    "en-AU": "Nicole Olivia Russell",
    "en-GB": "Amy Arthur Brian Emma",
    "en-GB-WLS": "Geraint",
    "en-IE": "Niamh",
    "en-IN": "Aditi Kajal Raveena",
    "en-NZ": "Aria",
    "en-US": "Danielle Gregory Ivy Joanna Joey Justin Kendra Kevin Kimberly Matthew Ruth Salli "
    "Stephen",
    "en-ZA": "Ayanda",
    "es-ES": "Conchita Enrique Lucia Sergio",
    "es-MX": "Andres Mia Mía",
    "es-US": "Lupe Miguel Pedro Penelope",
    "fi-FI": "Suvi",
    "fr-BE": "Isabelle",
    "fr-CA": "Chantal Gabrielle Liam",
    "fr-FR": "Celine Lea Mathieu Remi Rémi",
    "hi-IN": "Aditi Kajal",
    "is-IS": "Dora Karl",
    "it-IT": "Adriano Bianca Carla Giorgio",
    "ja-JP": "Kazuha Mizuki Takumi Tomoko",
    "ko-KR": "Seoyeon",
    "nb-NO": "Ida Liv",
    "nl-BE": "Lisa",
    "nl-NL": "Laura Lotte Ruben",
    "pl-PL": "Ewa Jacek Jan Maja Ola",
    "pt-BR": "Camila Ricardo Thiago Vitoria",
    "pt-PT": "Cristiano Ines",
    "ro-RO": "Carmen",
    "ru-RU": "Maxim Tatyana",
    "sv-SE": "Astrid Elin",
    "tr-TR": "Burcu Filiz",
    "yue-CN": "Hiujin",
}


def twiml() -> dict[str, dict[str, list[str]]]:
    """Return the attributes and the children of each verb and noun of the Python library."""
    known: dict[str, dict[str, set[str]]] = {}
    for made in vars(voice_response).values():
        if inspect.isclass(made) and issubclass(made, TwiML) and made is not TwiML:
            one = made(**_marked(made.__init__))
            for child in _children(one):
                _words(known, one.name)["children"].add(child.tag)
                _words(known, child.tag)["attributes"].update(child.attrib)
    return {
        name: {kind: sorted(words) for kind, words in kinds.items()}
        for name, kinds in sorted(known.items())
    }


def voices() -> dict[str, list[str]]:
    """Return the voices of each language, from the Node library; without man, woman and alice."""
    (names,) = re.findall(r"type SayVoice = ([^;]*);", VOICES.read_text(encoding="utf-8"))
    by_language: dict[str, list[str]] = {}
    for name in re.findall('"([^"]*)"', names):
        for language in _languages(name):
            by_language.setdefault(language, []).append(name)
    return {language: sorted(by_language[language]) for language in sorted(by_language)}


def _languages(voice: str) -> list[str]:
    if google := re.search(r"Google\.(\w+)-(\w\w)-", voice):
        return [f"{google[1]}-{google[2].upper()}"]
    person = re.fullmatch(r"Polly\.(\w+)(-\w+)?", voice)
    spoken = [one for one, people in POLLY.items() if person and person[1] in people.split()]
    assert spoken or "." not in voice, f"which language does {voice} speak?"
    return spoken


def _words(known: dict[str, dict[str, set[str]]], name: str) -> dict[str, set[str]]:
    return known.setdefault(name, {"attributes": set(), "children": set()})


def _children(one: Any) -> list[ET.Element]:
    """Return what the methods of a verb put into it, each with all attributes it can have."""
    known = set(dir(TwiML)) | {"add_child"}
    for name, method in inspect.getmembers(one, inspect.ismethod):
        if name not in known and not name.startswith("_"):
            method(**_marked(method))
    return list(one.xml())


def _marked(function: Any) -> dict[str, str]:
    return {
        name: "x"
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }


if __name__ == "__main__":
    FILE.write_text(
        json.dumps({"twiml": twiml(), "voices": voices()}, ensure_ascii=False, indent=0) + "\n",
        encoding="utf-8",
    )
