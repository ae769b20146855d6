"""What a benchmark measured, beside its targets: printed, kept, and put into the docs.

A benchmark makes a list of `Figure` and hands it to `publish`:

    def main() -> int:
        quick = is_quick(__doc__)
        figures = [Figure("64 x 5.8 MB, time against the script", 0.97, must=1.1, aim=0.8)]
        return publish("transfer", figures, quick=quick)

A whole run keeps its figures in `results/NAME.json`, draws them as `docs/images/bench-NAME.svg`,
and writes the tables of `docs/benchmarks.md` anew; a quick one prints only. What lacks a program is
a figure without a measure, whose note says so (`lacking`).

    python -m benchmarks.report

draws charts and tables again from what is kept, such as after a merge.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks/results"
IMAGES = ROOT / "docs/images"
PAGE = ROOT / "docs/benchmarks.md"
BEGIN = "<!-- results: made by python -m benchmarks.report -->"
END = "<!-- end of the results -->"
SERVERS = "/usr/lib/postgresql"
"""Where Debian keeps PostgreSQL's programs, a folder for each version, outside of the path."""


class Better(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Verdict(StrEnum):
    """What a figure is, beside its targets."""

    AIM = "aim"
    MUST = "must"
    SHORT = "falls short"
    NONE = "-"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Figure:
    """One measure with its targets; `must` and `aim` are None where nobody set one.

    `unit` is what follows the number, such as `ms`, `MiB`, `/s`; `x` is a ratio to what people
    would use instead. `note` says where the time goes, or why there is no measure.
    """

    name: str
    measured: float | None
    unit: str = "x"
    must: float | None = None
    aim: float | None = None
    better: Better = Better.LOWER
    note: str = ""

    def reaches(self, target: float | None) -> bool:
        """Say whether the measure is as good as that, or better."""
        if target is None or self.measured is None:
            return False
        if self.better == Better.LOWER:
            return self.measured <= target
        return self.measured >= target

    @property
    def verdict(self) -> Verdict:
        if self.measured is None:
            return Verdict.NOT_MEASURED
        if self.must is None and self.aim is None:
            return Verdict.NONE
        if self.reaches(self.aim) and (self.must is None or self.reaches(self.must)):
            return Verdict.AIM
        if self.must is None or self.reaches(self.must):
            return Verdict.MUST
        return Verdict.SHORT

    def told(self, value: float | None) -> str:
        """Return a value with the unit, as tables and charts say it."""
        return (
            "-"
            if value is None
            else f"{number(value)}{'' if self.unit == '/s' else ' '}{self.unit}"
        )


@dataclass(frozen=True)
class Result:
    """All that one benchmark measured, and on what."""

    benchmark: str
    figures: tuple[Figure, ...]
    date: str
    commit: str
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def circumstances(self) -> str:
        """Return one line: when, of what, on what."""
        on = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        return f"{self.date}, commit {self.commit}, {on}"


def number(value: float) -> str:
    """Return a number with three digits that count, and no more.

    >>> number(0.1234), number(12.34), number(1234.5), number(5)
    ('0.123', '12.3', '1,234', '5')
    """
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - (len(f"{abs(value):.0f}") - 1)) if abs(value) >= 1 else 3
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_quick(page: str | None, argv: Sequence[str] | None = None) -> bool:
    """Read a benchmark's command line: `--quick` asks for a minute or two, and keeps nothing."""
    parser = argparse.ArgumentParser(
        description=page, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a minute or two; nothing is kept")
    return bool(parser.parse_args(argv).quick)


def find(program: str) -> str | None:
    """Return where a program is, if it is installed: on the path, or among PostgreSQL's own."""
    servers = sorted(Path(SERVERS).glob("*/bin"), key=lambda at: float(at.parent.name))
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, reversed(servers))])
    return shutil.which(program, path=path)


def lacking(*programs: str, modules: Sequence[str] = ()) -> str:
    """Return a note that names what is not installed, "" if all is there."""
    absent = [program for program in programs if not find(program)]
    absent += [module for module in modules if importlib.util.find_spec(module) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def machine() -> dict[str, str]:
    """Return in general words what all this runs on."""
    found = {
        "cores": str(len(os.sched_getaffinity(0))),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
    server = find("postgres")
    if server:
        said = subprocess.run([server, "--version"], check=True, capture_output=True, text=True)
        found["PostgreSQL"] = said.stdout.split()[2]
    return found


def commit() -> str:
    """Return the short hash of what is measured; `+` after it if files were changed since."""
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*words: str) -> str:
        said = subprocess.run([git, *words], cwd=ROOT, check=False, capture_output=True, text=True)
        return said.stdout.strip()

    changed = ask(
        "status", "--porcelain", "--untracked-files=no", "--", "twirec", "benchmarks/*.py"
    )
    return (ask("rev-parse", "--short=7", "HEAD") or "unknown") + ("+" if changed else "")


def publish(benchmark: str, figures: Sequence[Figure], *, quick: bool = False) -> int:
    """Print the figures; keep and draw those of a whole run. Return 1 if one falls short."""
    result = Result(benchmark, tuple(figures), f"{datetime.now(UTC):%Y-%m-%d}", commit(), machine())
    Console(width=150).print(table(result))
    if not quick:
        keep(result)
        redraw()
    return int(any(figure.verdict == Verdict.SHORT for figure in figures))


def table(result: Result) -> Table:
    """Return the figures beside their targets, for a terminal."""
    colours = {Verdict.AIM: "green", Verdict.MUST: "yellow", Verdict.SHORT: "red"}
    shown = Table(title=result.benchmark, caption=result.circumstances, expand=False)
    for name in ("figure", "measured", "must", "aim", ""):
        shown.add_column(name, justify="right" if name not in {"figure", ""} else "left")
    shown.add_column("note", style="dim")
    for figure in result.figures:
        values = (figure.told(value) for value in (figure.measured, figure.must, figure.aim))
        colour = colours.get(figure.verdict, "dim")
        shown.add_row(figure.name, *values, f"[{colour}]{figure.verdict}[/]", figure.note)
    return shown


def keep(result: Result, folder: Path = RESULTS) -> None:
    """Write a benchmark's figures to their file."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(asdict(result), indent=2, ensure_ascii=False)
    (folder / f"{result.benchmark}.json").write_text(f"{text}\n", encoding="utf-8")


def kept(folder: Path = RESULTS) -> list[Result]:
    """Return the figures of every benchmark that has been run, by name."""
    return [
        read(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))
    ]


def read(values: dict[str, Any]) -> Result:
    """Return what a file says."""
    figures = tuple(
        Figure(**{**each, "better": Better(each["better"])}) for each in values["figures"]
    )
    return Result(**{**values, "figures": figures})


def section(results: Sequence[Result]) -> str:
    """Return the tables and charts of the page, in Markdown."""
    parts = [summary(results), ""] if results else []
    for result in results:
        name = result.benchmark
        parts += [f"### {name}", "", f"`python -m benchmarks.{name}`: {result.circumstances}.", ""]
        parts += ["| figure | measured | must | aim | |", "|---|---:|---:|---:|---|"]
        for figure in result.figures:
            values = (figure.told(value) for value in (figure.measured, figure.must, figure.aim))
            parts.append(f"| {' | '.join(map(cell, (figure.name, *values, figure.verdict)))} |")
        parts += ["", f"![{name}, the figures of the table as bars](images/bench-{name}.svg)", ""]
        notes = [figure for figure in result.figures if figure.note]
        parts += [f"- {figure.name}: {figure.note.rstrip('.')}." for figure in notes]
        parts += [""] if notes else []
    return "\n".join(parts).rstrip()


def summary(results: Sequence[Result]) -> str:
    """Return how many figures reach what, and the names of those that do not."""
    of = dict.fromkeys(Verdict, 0)
    short = []
    for result in results:
        for figure in result.figures:
            of[figure.verdict] += 1
            if figure.verdict == Verdict.SHORT:
                short.append(f"- {result.benchmark}: {figure.name}, {figure.told(figure.measured)}")
    targets = of[Verdict.AIM] + of[Verdict.MUST] + of[Verdict.SHORT]
    said = (
        f"Of {targets} figures with a target, {of[Verdict.AIM]} reach their aim, "
        f"{of[Verdict.MUST]} what they must, and {of[Verdict.SHORT]} fall short"
    )
    return "\n".join([f"{said}:", "", *short]) if short else f"{said}."


def cell(text: str) -> str:
    """Return a text that ends no cell of a table."""
    return text.replace("|", "\\|")


def with_section(page: str, results: Sequence[Result]) -> str:
    """Return the page with its tables made anew.

    Raises:
        ValueError: the page lacks the two marks between which they stand.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN!r} before {END!r}")
    return f"{before}{BEGIN}\n\n{section(results)}\n\n{END}{after}"


def redraw() -> None:
    """Draw the charts and write the page's tables from what is kept."""
    from benchmarks.charts import chart

    results = kept()
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    for result in results:
        (IMAGES / f"bench-{result.benchmark}.svg").write_text(chart(result), encoding="utf-8")


if __name__ == "__main__":
    redraw()
    sys.exit(0)
