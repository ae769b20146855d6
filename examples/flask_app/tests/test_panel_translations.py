"""Every text of the panel is there in Spanish, and what is shipped is what was translated."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import callpanel

PACKAGE = Path(callpanel.__file__).parent
SPANISH = PACKAGE / "translations/es/LC_MESSAGES"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}


def test_every_text_is_translated() -> None:
    with (SPANISH / "messages.po").open("rb") as file:
        known = read_po(file, locale="es")
    said = {
        text for _, _, text, *_ in extract_from_dir(PACKAGE, METHODS, keywords=KEYWORDS) if text
    }
    assert len(said) > 200
    lacking = [text for text in said if not (known.get(text) and all(_texts(known[text].string)))]
    assert lacking == [], "run `make translations`, and translate them"
    assert [message.id for message in known if message.fuzzy and message.id] == []


def test_a_translation_keeps_what_is_filled_in() -> None:
    with (SPANISH / "messages.po").open("rb") as file:
        assert [error for _, errors in read_po(file, locale="es").check() for error in errors] == []


def test_what_is_shipped_is_what_was_translated() -> None:
    with (SPANISH / "messages.po").open("rb") as file:
        made = BytesIO()
        write_mo(made, read_po(file, locale="es"))
    made.seek(0)
    with (SPANISH / "messages.mo").open("rb") as file:
        shipped = _translations(file)
    assert len(shipped) > 200
    assert shipped == _translations(made), "run `make translations`"


def _translations(file: IO[bytes]) -> list[tuple[object, object]]:
    """All but the header, the translation of "": it names the version of Babel that wrote it."""
    return [(message.id, message.string) for message in read_mo(file) if message.id]


def _texts(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)
