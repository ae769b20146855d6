"""Figures of benchmarks: how they are judged, kept, drawn and put into docs/benchmarks.md."""

from __future__ import annotations

import importlib
import inspect
import re
import xml.etree.ElementTree as ElementTree
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.__main__ import BENCHMARKS
from benchmarks.charts import BAR, MARKS, chart
from benchmarks.report import Better, Figure, Result, Verdict

FIGURES = (
    Figure("64 x 5.8 MB, time", 0.97, must=1.1, aim=0.8, note="sha256 takes a third"),
    Figure("460 MB, curl | curl", 0.21, must=0.6, aim=0.85, better=Better.HIGHER),
    Figure("callbacks on PostgreSQL", None, "/s", must=50, note="not installed: postgres"),
    Figure("rows", 1234.5, "rows"),
)
RESULT = Result("some", FIGURES, "2026-11-30", "abcdef0", {"cores": "2", "Python": "3.11.7"})
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("measured", "must", "aim", "better", "verdict"),
    [
        (0.8, 1.1, 0.8, Better.LOWER, Verdict.AIM),
        (0.81, 1.1, 0.8, Better.LOWER, Verdict.MUST),
        (1.1, 1.1, 0.8, Better.LOWER, Verdict.MUST),
        (1.11, 1.1, 0.8, Better.LOWER, Verdict.SHORT),
        (0.85, 0.6, 0.85, Better.HIGHER, Verdict.AIM),
        (0.6, 0.6, 0.85, Better.HIGHER, Verdict.MUST),
        (0.59, 0.6, 0.85, Better.HIGHER, Verdict.SHORT),
        (5, 10, None, Better.LOWER, Verdict.MUST),
        (11, 10, None, Better.LOWER, Verdict.SHORT),
        (5, None, None, Better.LOWER, Verdict.NONE),
        (None, 10, 5, Better.LOWER, Verdict.NOT_MEASURED),
        (0, 10, 5, Better.LOWER, Verdict.AIM),
    ],
)
def test_a_figure_is_judged_by_its_targets(
    measured: float | None, must: float | None, aim: float | None, better: Better, verdict: Verdict
) -> None:
    assert Figure("x", measured, must=must, aim=aim, better=better).verdict == verdict


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.0123, "0.012"),
        (0.6, "0.6"),
        (1, "1"),
        (1.014, "1.01"),
        (9.999, "10"),
        (12.34, "12.3"),
        (110, "110"),
        (1234.5, "1,234"),
        (-0.5, "-0.5"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, said: str) -> None:
    assert report.number(value) == said


def test_the_table_says_beside_each_figure_what_it_is() -> None:
    console = Console(width=150, file=StringIO())
    console.print(report.table(RESULT))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    said = {figure.name: next(line for line in lines if figure.name in line) for figure in FIGURES}
    assert [figure.verdict in said[figure.name] for figure in FIGURES] == [True] * 4
    assert "1.1 x" in said["64 x 5.8 MB, time"]
    assert "not installed: postgres" in said["callbacks on PostgreSQL"]


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    report.keep(RESULT, tmp_path)
    assert report.kept(tmp_path) == [RESULT]


def test_a_quick_run_keeps_nothing_and_says_what_falls_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[Result] = []
    monkeypatch.setattr(report, "keep", written.append)
    monkeypatch.setattr(report, "redraw", lambda: None)
    assert report.publish("some", FIGURES, quick=True) == 1
    assert report.publish("some", FIGURES[2:], quick=True) == 0  # what is not measured is no fault
    assert written == []
    assert report.publish("some", FIGURES[:1]) == 0
    assert written[0].figures == FIGURES[:1]
    assert "falls short" in capsys.readouterr().out


def test_the_machine_is_named_in_general_words() -> None:
    assert (
        {"cores", "Python", "SQLite"}
        <= set(report.machine())
        <= {
            "cores",
            "Python",
            "SQLite",
            "PostgreSQL",
        }
    )


def test_the_option_of_a_benchmark_is_read() -> None:
    assert report.is_quick("page", ["--quick"])
    assert not report.is_quick("page", [])
    with pytest.raises(SystemExit):
        report.is_quick("page", ["--slow"])


def test_what_is_lacking_is_named() -> None:
    assert report.lacking("sh", modules=["json"]) == ""
    said = report.lacking("sh", "no-such-program", modules=["no_such_module"])
    assert said == "not installed: no-such-program, no_such_module"


def test_a_chart_says_in_words_what_it_shows() -> None:
    drawn = ElementTree.fromstring(chart(RESULT))  # noqa: S314 - our own
    assert drawn.get("role") == "img"
    assert drawn.findtext(f"{SVG}title") == "Benchmark some"
    said = drawn.findtext(f"{SVG}desc") or ""
    assert (
        "460 MB, curl | curl: 0.21 x (must at least 0.6 x, aim at least 0.85 x): falls short."
        in said
    )
    assert "callbacks on PostgreSQL: not measured." in said
    assert drawn.get("aria-labelledby") == "title desc"
    assert "prefers-color-scheme:dark" in (drawn.findtext(f"{SVG}style") or "")


def bars(*figures: Figure) -> list[float]:
    result = Result("some", figures, "2026-11-30", "abcdef0")
    drawn = ElementTree.fromstring(chart(result))  # noqa: S314 - our own
    return [
        float(rect.get("width", ""))
        for rect in drawn.iter(f"{SVG}rect")
        if rect.get("class") not in {"track", "page"}
    ]


def test_a_bar_is_as_long_as_its_figure_beside_its_target() -> None:
    def figure(measured: float) -> Figure:
        return Figure("x", measured, must=10)

    assert bars(figure(10), figure(5)) == [round(MARKS, 1), round(MARKS / 2, 1)]
    assert bars(figure(1000)) == [BAR]  # cut, with an arrow
    assert bars(Figure("x", 50, "s"), Figure("y", 25, "s")) == [BAR, BAR / 2]
    assert bars(Figure("x", 50, "s"), Figure("z", 3, "rows")) == []  # alone: beside what?


def test_a_page_without_its_marks_is_refused() -> None:
    page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    made = report.with_section(page, [RESULT])
    assert "old" not in made
    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")
    assert r"| 460 MB, curl \| curl | 0.21 x | 0.6 x | 0.85 x | falls short |" in made
    assert report.with_section(made, [RESULT]) == made
    with pytest.raises(ValueError, match="the page has no"):
        report.with_section("nothing", [])


def test_the_page_begins_with_what_falls_short() -> None:
    said = report.summary([RESULT])
    assert said.startswith(
        "Of 2 figures with a target, 0 reach their aim, 1 what they must, and 1 "
    )
    assert said.splitlines()[-1] == "- some: 460 MB, curl | curl, 0.21 x"
    assert report.summary([]).endswith("0 fall short.")


def test_the_page_is_made_of_what_is_kept() -> None:
    """If this fails after a merge: python -m benchmarks.report."""
    page = report.PAGE.read_text(encoding="utf-8")
    assert page == report.with_section(page, report.kept())


def test_the_charts_are_made_of_what_is_kept() -> None:
    """If this fails after a merge: python -m benchmarks.report."""
    drawn = {path.name: path.read_text("utf-8") for path in report.IMAGES.glob("bench-*.svg")}
    assert drawn == {f"bench-{each.benchmark}.svg": chart(each) for each in report.kept()}


def test_every_benchmark_can_be_run() -> None:
    assert {"transfer", "search", "scale"} <= set(BENCHMARKS)
    for name in BENCHMARKS:
        module = importlib.import_module(f"benchmarks.{name}")
        assert inspect.signature(module.main).bind()  # without anything
        assert re.search(rf"python -m benchmarks\.{name}\b", module.__doc__ or "")


def test_no_result_is_kept_of_what_is_no_benchmark() -> None:
    assert {each.benchmark for each in report.kept()} <= set(BENCHMARKS)
