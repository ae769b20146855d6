"""What a check says of each claim, in Spanish and English: `claims.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from twirec.evidence.texts import language_of
from twirec.model.claims import EvidenceClaim


def in_words(claim: EvidenceClaim, language: str) -> EvidenceClaim:
    """Return a claim with its sentence.

    Args:
        claim: what was found.
        language: BCP 47; Spanish where it begins with `es`, else English.
    """
    sentences = _read()[language_of(language)]
    return replace(claim, said=sentences[claim.code].format_map(claim.about))


@cache
def _read() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("twirec.evidence") / "claims.toml").read_text(encoding="utf-8"))
