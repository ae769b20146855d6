"""A benchmark's figures as a chart: one bar each, with its targets as marks beside it.

A bar is drawn against its own figure's targets, since one figure is milliseconds and the next a
ratio: `must` stands in the same place in all rows that have it. Figures without a target share a
scale with those of the same unit, and one alone has no bar. The chart follows the reader's light or
dark setting, and says in words what it shows to those who do not see it.
"""

from __future__ import annotations

from html import escape

from benchmarks.report import Better, Figure, Result, Verdict

WIDTH = 860
ROW = 44
TOP = 44
BAR = 560
"""Pixels of the longest bar. What is longer is cut, with an arrow."""
MARKS = BAR * 0.62
"""Where `must` stands."""
CLASSES = {
    Verdict.AIM: "aim",
    Verdict.MUST: "must",
    Verdict.SHORT: "short",
    Verdict.NONE: "plain",
    Verdict.NOT_MEASURED: "plain",
}
STYLE = """
text{font:13px system-ui,sans-serif;fill:#1f2328}
.page{fill:#fff}.quiet{fill:#59636e}.track{fill:#eaeef2}.mark{stroke:#1f2328;stroke-width:2}
.aim{fill:#1a7f37}.must{fill:#bf8700}.short{fill:#cf222e}.plain{fill:#0969da}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}
.quiet{fill:#9198a1}.track{fill:#262c36}
.mark{stroke:#e6edf3}.aim{fill:#3fb950}.must{fill:#d29922}.short{fill:#f85149}.plain{fill:#4493f8}}
"""


def chart(result: Result) -> str:
    """Return the chart as SVG."""
    height = TOP + ROW * len(result.figures) + 12
    said = " ".join(f"{words(figure)}." for figure in result.figures)
    rows = "".join(
        row(figure, TOP + ROW * at, scale(figure, result.figures))
        for at, figure in enumerate(result.figures)
    )
    name = escape(result.benchmark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -4 {WIDTH + 16} {height + 4}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">\n'
        f'<title id="title">Benchmark {name}</title>\n<desc id="desc">{escape(said)}</desc>\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="page" x="-8" y="-4" width="{WIDTH + 16}" height="{height + 4}"/>'
        f'<text x="0" y="18" font-weight="bold">{name}</text>'
        f'<text x="{WIDTH}" y="18" text-anchor="end" class="quiet">'
        f"{escape(result.circumstances)}</text>\n{rows}</svg>\n"
    )


def words(figure: Figure) -> str:
    """Return a row in words."""
    said = f"{figure.name}: {figure.told(figure.measured)}"
    if figure.verdict == Verdict.NOT_MEASURED:
        return f"{figure.name}: not measured"
    if figure.verdict == Verdict.NONE:
        return said
    better = "at least" if figure.better == Better.HIGHER else "at most"
    targets = [
        f"{name} {better} {figure.told(value)}"
        for name, value in (("must", figure.must), ("aim", figure.aim))
        if value is not None
    ]
    return f"{said} ({', '.join(targets)}): {figure.verdict}"


def scale(figure: Figure, figures: tuple[Figure, ...]) -> float:
    """Return the pixels of one unit."""
    target = figure.must or figure.aim
    if target:
        return MARKS / target
    alike = [
        each.measured
        for each in figures
        if each.measured and not each.must and not each.aim and each.unit == figure.unit
    ]
    return BAR / max(alike) if len(alike) > 1 else 0


def row(figure: Figure, top: float, pixels: float) -> str:
    """Return one figure: its name and value, its bar, and the marks of its targets."""
    drawn = [
        f'<text x="0" y="{top + 12}">{escape(figure.name)}</text>',
    ]
    if pixels:
        drawn.append(f'<rect class="track" x="0" y="{top + 19}" width="{BAR}" height="12" rx="2"/>')
    if pixels and figure.measured is not None:
        wanted = figure.measured * pixels
        width = max(1, min(wanted, BAR))
        kind = CLASSES[figure.verdict]
        drawn.append(
            f'<rect class="{kind}" x="0" y="{top + 19}" width="{width:.1f}" height="12" rx="2"/>'
        )
        if wanted > BAR:  # an arrow: it goes on
            points = f"{BAR},{top + 17} {BAR + 9},{top + 25} {BAR},{top + 33}"
            drawn.append(f'<polygon class="{kind}" points="{points}"/>')
    for target in (figure.must, figure.aim):
        if target is not None and target * pixels <= BAR:
            at = f"{target * pixels:.1f}"
            drawn.append(
                f'<line class="mark" x1="{at}" x2="{at}" y1="{top + 16}" y2="{top + 34}"/>'
            )
    targets = [
        f"{name} {figure.told(value)}"
        for name, value in (("must", figure.must), ("aim", figure.aim))
        if value is not None
    ]
    if figure.verdict == Verdict.NOT_MEASURED:
        said = str(figure.verdict)
    else:
        verdict = [] if figure.verdict == Verdict.NONE else [str(figure.verdict)]
        said = ": ".join([figure.told(figure.measured), *verdict])
    drawn.append(f'<text x="{BAR + 16}" y="{top + 30}" font-weight="bold">{escape(said)}</text>')
    drawn.append(
        f'<text x="{WIDTH}" y="{top + 12}" text-anchor="end" class="quiet">'
        f"{escape(', '.join(targets))}</text>"
    )
    return "".join(drawn) + "\n"
