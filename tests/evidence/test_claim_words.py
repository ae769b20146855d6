"""What a check says, it says in both languages, and names the same in both."""

from __future__ import annotations

import string
from pathlib import Path

import twirec.evidence
from twirec.evidence.claim_words import _read, in_words
from twirec.model.claims import CheckLevel, EvidenceClaim


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    english, spanish = (
        {code: places(each) for code, each in _read()[language].items()}
        for language in ("en", "es")
    )
    assert english == spanish
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(twirec.evidence.__file__ or "").parent.glob("*.py")
    )
    families = ("signer_", "stamp_")  # whose end is made of why
    unused = [
        code
        for code in english
        if f'"{code}"' not in source and not (code.startswith(families) and "_why" in source)
    ]
    assert unused == []


def test_a_name_with_braces_is_a_name() -> None:
    claim = EvidenceClaim("x", CheckLevel.BROKEN, "changed", {"file": "{file.__class__}.wav"})
    assert in_words(claim, "es-ES").said == "{file.__class__}.wav se cambió."
