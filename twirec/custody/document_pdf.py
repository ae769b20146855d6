"""A letter as a PDF, with letters of its own: it looks the same on any machine, and in print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from importlib.util import find_spec
from io import BytesIO
from typing import Protocol

from twirec.custody.document import (
    Commands,
    Document,
    Facts,
    Heading,
    Link,
    Paragraph,
    Picture,
    Points,
    Quote,
    Table,
)
from twirec.model.errors import LetterToolsMissing

FONT = "DejaVu"
MARGIN = 20.0
"""Millimetres, as are all lengths here."""

NAMES = 42.0
"""How wide the names of facts are."""

FACTS = 8.8
"""Points: a SHA-256, and a time with that of UTC, are one line beside a name."""

SMALLER = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
"""Points: an address is as large as one line lets it be, since one that is cut is typed wrong."""

SHORT = 12
"""Lines of a fact that is kept on one page."""

LINE = 1.35
"""Of a letter's height."""

MILLIMETRES = 25.4 / 72
"""Of a point."""

MISSING = "\N{WHITE SQUARE}"


def check_installed() -> None:
    """Check that PDFs can be made.

    Raises:
        LetterToolsMissing: the extra `letters` is not installed.
    """
    if find_spec("fpdf") is None:
        raise LetterToolsMissing("What makes PDFs is not installed: pip install 'twirec[letters]'.")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a PDF.

    Attributes:
        name: of it.
        data: its bytes.
        content_type: of it.
        said: what it is, in a few words.
    """

    name: str
    data: bytes
    content_type: str
    said: str


def pdf(document: Document, at: datetime, attachments: Sequence[Attachment] = ()) -> bytes:
    """Return a document as a PDF; with files inside, as PDF/A-3b (ISO 19005-3).

    Args:
        document: what it says.
        at: when it is made.
        attachments: the files inside.

    Raises:
        LetterToolsMissing: the extra `letters` is not installed.
    """
    check_installed()
    return _Sheets(document, at, attachments).made()


class Sealing(Protocol):
    """What puts the company's seal on a PDF."""

    def pdf(self, data: bytes, *, reason: str) -> bytes:
        """Return a PDF with the seal, and why it is there."""
        ...


def sealed_pdf(
    document: Document,
    at: datetime,
    seal: Sealing | None,
    attachments: Sequence[Attachment] = (),
) -> bytes:
    """Return a document as a PDF, sealed if there is a seal, which says its title.

    Args:
        document: what it says.
        at: when it is made.
        seal: the company's; None for none.
        attachments: the files inside.

    Raises:
        LetterToolsMissing: the extra `letters` is not installed.
        TimeStampUnavailable: the authority of time does not answer, or not as it has to.
    """
    made = pdf(document, at, attachments)
    return made if seal is None else seal.pdf(made, reason=document.title)


class _Sheets:
    """The pages, as they fill."""

    def __init__(self, document: Document, at: datetime, attachments: Sequence[Attachment]) -> None:
        self._document = document
        self._attachments = attachments
        # 30 MiB and a quarter of a second, of which most processes make nothing
        from fpdf import FPDF

        conformance = "PDF/A-3B" if attachments else None
        self._pdf = FPDF(format="A4", enforce_compliance=conformance)
        self._pdf.set_margin(MARGIN)
        self._pdf.set_auto_page_break(True, MARGIN + 5)
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            with as_file(files("twirec.custody") / "fonts" / name) as font:
                self._pdf.add_font(FONT, style, font)
        shape = self._pdf.fonts[FONT.lower()]
        self._known = getattr(shape, "cmap", {})
        self._pdf.set_title(document.title)
        self._pdf.set_author(document.author)
        self._pdf.set_lang(document.language)
        self._pdf.set_creation_date(at)
        self._at = at
        self._pdf.footer = self._footer  # type: ignore[method-assign]
        self._pdf.add_page()

    def made(self) -> bytes:
        """Return the file."""
        blocks = self._document.blocks
        for place, block in enumerate(blocks):
            if isinstance(block, Heading):
                self._begin(block, blocks[place + 1 : place + 3])
            else:
                self._write(block)
        for each in self._attachments:
            self._pdf.embed_file(
                basename=each.name,
                bytes=each.data,
                desc=each.said,
                mime_type=each.content_type,
                associated_file_relationship="Source",
                compress=True,
                creation_date=self._at,
                modification_date=self._at,
            )
        return bytes(self._pdf.output())

    def _begin(self, heading: Heading, following: Sequence[object]) -> None:
        """Write a heading, which is not left alone at the foot of a page."""
        size = {1: 16.0, 2: 12.0}.get(heading.level, 10.5)
        drawn = [each.height for each in following if isinstance(each, Picture)]
        room = 25 + sum(self._pdf.epw * height for height in drawn)
        if self._pdf.will_page_break(size * MILLIMETRES * LINE + room):
            self._pdf.add_page()
        else:
            self._pdf.ln(0 if heading.level == 1 else 12 / heading.level)
        self._text(heading.text, size=size, bold=True)
        self._pdf.ln(1)

    def _write(self, block: object) -> None:
        match block:
            case Paragraph(text):
                self._text(text)
                self._pdf.ln(2)
            case Quote(text, _):
                self._text(text, indent=6)
                self._pdf.ln(2)
            case Points(items):
                for item in items:
                    self._point(item)
                self._pdf.ln(2)
            case Facts(rows):
                for name, value in rows:
                    self._fact(name, value)
                self._pdf.ln(2)
            case _:
                self._draw(block)

    def _draw(self, block: object) -> None:
        match block:
            case Table(columns, widths, rows):
                self._table(columns, widths, rows)
            case Picture(svg, height, scale):
                self._picture(svg, height, scale)
            case Link(url):
                size = next((each for each in SMALLER if self._fits(url, each)), SMALLER[-1])
                self._text(url, size=size, link=url)
                self._pdf.ln(2)
            case Commands(lines):
                room = min(len(lines), SHORT) * self._height(8.5)
                if self._pdf.will_page_break(room):
                    self._pdf.add_page()
                for line in lines:
                    self._text(line, indent=4, size=8.5)
                self._pdf.ln(2)

    def _point(self, item: str) -> None:
        """Write an item beside its bullet, which stands free."""
        if self._pdf.will_page_break(self._height(10.0)):
            self._pdf.add_page()
        top = self._pdf.y
        self._text("•", indent=3)
        self._pdf.set_y(top)
        self._text(item, indent=7)

    def _fact(self, name: str, value: str) -> None:
        """Write a name with its value beside it, both over several lines where they have to be."""
        lines = max(self._lines(name, NAMES - 3), self._lines(value, self._pdf.epw - NAMES))
        # what is short is not cut in two by the end of a page
        if self._pdf.will_page_break(min(lines, SHORT) * self._height(FACTS)):
            self._pdf.add_page()
        top, page = self._pdf.y, self._pdf.page
        self._text(name, width=NAMES - 3, size=FACTS)
        below = self._pdf.y
        self._pdf.set_xy(MARGIN + NAMES, top)
        self._text(value, indent=NAMES, size=FACTS)
        if self._pdf.page == page:
            self._pdf.set_y(max(below, self._pdf.y))

    def _table(
        self, columns: tuple[str, ...], widths: tuple[float, ...], rows: Sequence[tuple[str, ...]]
    ) -> None:
        """Write a table, whose head is on each page."""
        from fpdf.fonts import FontFace

        self._pdf.set_font(FONT, "", 8)
        with self._pdf.table(
            col_widths=widths,
            text_align="LEFT",
            borders_layout="HORIZONTAL_LINES",
            line_height=8 * MILLIMETRES * LINE,
            padding=0.8,
            headings_style=FontFace(emphasis="B"),
        ) as table:
            for row in (columns, *rows):
                table.row([self._printable(each) for each in row])
        self._pdf.ln(4)

    def _picture(self, svg: str, height: float, scale: tuple[str, ...]) -> None:
        wide, tall = self._pdf.epw, self._pdf.epw * height
        if self._pdf.will_page_break(tall + 8):
            self._pdf.add_page()
        top = self._pdf.y
        drawn = re.sub("<title>.*?</title>", "", svg)  # which is for screen readers
        self._pdf.image(BytesIO(drawn.encode()), MARGIN, top, wide, tall)
        self._pdf.set_font(FONT, "", 7.5)
        for place, said in enumerate(scale):
            share = place / max(len(scale) - 1, 1)
            self._pdf.set_xy(MARGIN + share * (wide - 16), top + tall + 1)
            align = "L" if place == 0 else "R" if share == 1 else "C"
            self._pdf.cell(16, 4, self._printable(said), align=align)
        self._pdf.set_xy(MARGIN, top + tall + 8)

    def _lines(self, text: str, width: float) -> int:
        self._pdf.set_font(FONT, "", FACTS)
        printable = self._printable(text) or " "
        lines = self._pdf.multi_cell(width, text=printable, dry_run=True, output="LINES")
        return len(lines)  # type: ignore[arg-type]

    def _fits(self, text: str, size: float) -> bool:
        """Whether a text is one line."""
        self._pdf.set_font(FONT, "", size)
        room: float = self._pdf.epw - 2 * self._pdf.c_margin
        return bool(self._pdf.get_string_width(self._printable(text)) < room)

    def _text(
        self,
        text: str,
        *,
        size: float = 10.0,
        bold: bool = False,
        indent: float = 0.0,
        width: float = 0.0,
        link: str = "",
    ) -> None:
        self._pdf.set_font(FONT, "B" if bold else "", size)
        self._pdf.set_left_margin(MARGIN + indent)  # so that the next page begins there too
        self._pdf.set_x(MARGIN + indent)
        self._pdf.multi_cell(
            width,
            self._height(size),
            self._printable(text) or " ",
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
            link=link,
        )
        self._pdf.set_left_margin(MARGIN)
        self._pdf.set_x(MARGIN)

    def _height(self, size: float) -> float:
        return size * MILLIMETRES * LINE

    def _printable(self, text: str) -> str:
        """Return a text in which each letter that the font does not have is a square."""
        return "".join(
            char if char == "\n" or ord(char) in self._known else MISSING for char in text
        )

    def _footer(self) -> None:
        self._pdf.set_y(-15)
        self._pdf.set_font(FONT, "", 8)
        said = f"{self._document.title} · {self._document.page} {self._pdf.page_no()}"
        self._pdf.cell(0, 5, self._printable(said), align="C")
