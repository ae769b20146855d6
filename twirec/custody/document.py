"""A letter or a certificate, said once: as HTML, which `document_pdf` makes a PDF of too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; of level 1 there is one."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What was said, word for word, and in which language (BCP 47)."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, a line each."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Points:
    """A list of points."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        columns: what each is called.
        widths: of each, as shares of the page; they add up to 1.
        rows: the lines.
    """

    columns: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture over the width of the page.

    Attributes:
        svg: without script and style.
        height: of its width, such as 0.2.
        scale: what stands below it, at equal distances.
    """

    svg: str
    height: float
    scale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """An address of the web, on a line of its own."""

    url: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to type, letter by letter."""

    lines: tuple[str, ...]


Block = Heading | Paragraph | Quote | Facts | Points | Table | Picture | Link | Commands


@dataclass(frozen=True, slots=True)
class Document:
    """A letter.

    Attributes:
        title: of the file.
        language: BCP 47.
        author: who writes.
        blocks: what it says, in order.
        page: the word for a page, in its language.
    """

    title: str
    language: str
    author: str
    blocks: Sequence[Block]
    page: str = "page"


STYLE = """
@page { size: A4; margin: 20mm; }
body { font: 11pt/1.5 "DejaVu Sans", "Segoe UI", system-ui, sans-serif; color: #111;
  background: #fff;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; line-height: 1.25; } h2 { font-size: 1.15em; margin: 1.6em 0 .4em; }
h3 { font-size: 1em; margin: 1.4em 0 .3em; } h1, h2, h3 { break-after: avoid; }
dl { display: grid; grid-template-columns: minmax(7rem, 30%) 1fr;
  gap: .25rem 1rem; margin: .4em 0; }
dt { color: #444; } dd { margin: 0; } p, dd { white-space: pre-line; }
blockquote { margin: .4em 0; padding-left: .8rem; border-left: 3px solid #999;
  white-space: pre-line; }
@media (max-width: 30rem) {
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } }
"""


def html(document: Document) -> str:
    """Return a document as a page that stands alone: no script, and nothing from elsewhere."""
    body = "\n".join(map(_html, document.blocks))
    return (
        f'<!doctype html>\n<html lang="{escape(document.language)}">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f'<meta name="author" content="{escape(document.author)}">\n'
        f"<title>{escape(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Quote(text, language):
            return f'<blockquote lang="{escape(language)}">{escape(text)}</blockquote>'
        case Facts(rows):
            each = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
            return f"<dl>{''.join(each)}</dl>"
        case Points(items):
            return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
        case Table(columns, widths, rows):
            sizes = "".join(f'<col width="{width:.0%}">' for width in widths)
            head = "".join(f"<th>{escape(each)}</th>" for each in columns)
            lines = (
                f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows
            )
            return f"<table>{sizes}<thead><tr>{head}</tr></thead>{''.join(lines)}</table>"
        case Picture(svg, _, scale):
            marks = "".join(f"<span>{escape(each)}</span>" for each in scale)
            return f"<figure>{svg}<figcaption>{marks}</figcaption></figure>"
        case Link(url):
            return f'<p><a href="{escape(url)}">{escape(url)}</a></p>'
        case Commands(lines):
            return f"<pre>{escape(chr(10).join(lines))}</pre>"
