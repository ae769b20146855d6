"""What Twilio's own libraries know of TwiML and of voices, by `official.json`.

That file is made of the Python library's verbs, nouns and attributes, and of the Node library's
voices, by `tests/sandbox/official.py`; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Official:
    """What there is at Twilio.

    Attributes:
        twiml: the `attributes` and `children` of each verb and noun.
        voices: the voices that speak each language.
    """

    twiml: Mapping[str, Mapping[str, list[str]]]
    voices: Mapping[str, list[str]]

    def has_attribute(self, name: str, attribute: str) -> bool:
        """Return whether a verb or noun has an attribute."""
        return attribute in self.twiml.get(name, {}).get("attributes", ())

    def has_child(self, name: str, child: str) -> bool:
        """Return whether a verb or noun may hold another."""
        return child in self.twiml.get(name, {}).get("children", ())


@cache
def official() -> Official:
    """Return it, read once."""
    return Official(**json.loads(Path(__file__).with_name("official.json").read_text("utf-8")))
