"""What the terminal gets: data is never markup nor an order to it, and nothing whole is folded."""

from __future__ import annotations

import ast
import json
import logging
import os
import pty
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.factories import a_call, call_sid
from tests.ready import Ready
from twirec import cli
from twirec.archive import Archive
from twirec.cli import output
from twirec.cli.output import Column, Lines, clean, fit, print_json, print_table, say
from twirec.model.vocabulary import Outcome, Reason

MARKUP = "council [/3 November] [red]x[/red] [annex 4] :warning: [link=http://x]y[/link]"
ORDERS = "a\x1b[2Jb\x07c\x9b31md\x7fe\u202ef\u2028g\rh\x00i\ud800j\u2066k"
ORDER = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]"
)
SID = re.compile(r"\b(RE|CA)[0-9a-f]{32}\b")

Narrow = Callable[[int | None], None]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Narrow:
    """Give the terminal so many columns; None for a pipe."""
    return lambda width: monkeypatch.setattr(output, "terminal_width", lambda: width)


def test_only_one_place_prints() -> None:
    folder = Path(cli.__file__).parent
    for file in folder.glob("*.py"):
        if file.name == "output.py":
            continue
        text = file.read_text(encoding="utf-8")
        names = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call)
        }
        forbidden = {"print", "click.secho", "click.style", "click.confirm", "Console", "Table"}
        assert not names & forbidden, file.name
        assert file.name == "__init__.py" or "click.echo" not in names, file.name


@pytest.mark.parametrize("text", [MARKUP, "sip:[/]@x.example", "[", "[/]", "\\[b]"])
def test_what_looks_like_markup_is_shown_as_it_is(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table((Column("a"), Column("b", folds=True)), [(text, text)])
    assert capsys.readouterr().out.splitlines()[1] == f"{text}  {text}"
    say(text)
    assert capsys.readouterr().out == text + "\n"


def test_a_table_may_have_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("a"), Column("b", 1, folds=True)), [])
    assert capsys.readouterr().out == "a  b\n"


def test_no_character_is_an_order_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table((Column("a"),), [(ORDERS,)])
    say(ORDERS, label=ORDERS)
    print_json({"note": ORDERS, "emoji": "👩‍🔧 ñ"})
    shown = capsys.readouterr().out
    assert not ORDER.search(shown)
    assert r"a\x1b[2Jb\x07c\x9b31md\x7fe\u202ef\u2028g\rh\x00i\ud800j\u2066k" in shown
    assert clean("👩‍🔧 ñ\n日本") == "👩‍🔧 ñ\n日本"
    line = logging.LogRecord("twirec", logging.INFO, "", 1, ORDERS, None, None)
    assert not ORDER.search(Lines("%(message)s").format(line))


def test_json_gives_back_what_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"note": ORDERS, "emoji": "👩‍🔧"})
    assert json.loads(capsys.readouterr().out) == {"note": ORDERS, "emoji": "👩‍🔧"}


def test_a_second_line_of_data_looks_like_no_line_of_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("note: hello\ncustody: active")
    assert capsys.readouterr().out == "note: hello\n    custody: active\n"


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("text", [MARKUP, ORDERS.replace("\ud800", ""), "a\nb"])
def test_reasons_notes_references_and_callers_are_shown_whole(
    twirec: Twirec, archive: Archive, text: str
) -> None:
    address = f"sip:{text}@x".replace("\x00", "")  # of what Twilio sends, none is left
    archive.catalog.ledger.open_call(a_call(call_sid=call_sid(9), customer_number=address))
    spoken = (
        ("off", "--number", "911000111", "--reason", text),
        ("policy", "--history"),
        ("policy",),
        ("inform", "client:[/]ana", "--on", "2026-01-02", "--reference", text),
        ("agents",),
        ("annotate", call_sid(9), "--note", text, "--case", "[/7]"),
        ("show", call_sid(9)),
        ("search",),
        ("audit",),
        ("search", text),
        ("show", text),
        (text,),
    )
    said = ""
    for words in spoken:
        result = twirec(*words)
        assert result.exit_code in {0, 1, 2}, (words, result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), words
        assert not ORDER.search(result.output), words
        said += result.output
    for line in clean(text).split("\n"):
        assert said.count(line) >= 5


COLUMNS = (Column("sid"), Column("text", 1, folds=True), Column("far", 3), Column("near", 2))


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (None, {0: 34, 1: 60, 2: 12, 3: 12}),
        (200, {0: 34, 1: 60, 2: 12, 3: 12}),
        (100, {0: 34, 1: 36, 2: 12, 3: 12}),
        (79, {0: 34, 1: 29, 3: 12}),
        (60, {0: 34, 1: 24}),
        (50, {0: 34}),
        (20, {0: 34}),
    ],
)
def test_columns_go_before_anything_whole_is_folded(
    width: int | None, widths: dict[int, int]
) -> None:
    assert fit(COLUMNS, (34, 60, 12, 12), width) == widths


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("width", [None, 200, 132, 100, 80, 60, 40])
def test_search_shows_whole_sids_and_numbers_at_any_width(
    twirec: Twirec, archive: Archive, narrow: Narrow, width: int | None
) -> None:
    archive.catalog.ledger.open_call(
        a_call(
            call_sid=call_sid(8),
            outcome=Outcome.NOT_RECORDED,
            reason=Reason.HUNG_UP,
            customer_number="sip:somebody.with.a.long.name@carrier.example.com",
        )
    )
    narrow(width)
    shown = twirec("search").output
    assert all(len(line) <= (width or 10_000) for line in shown.splitlines())
    table, *told = shown.split("Too narrow")
    assert bool(told) == (width is not None and width < 200)
    assert len(SID.findall(table)) == 4
    assert table.count("+34600111222") == (2 if width is None or width >= 80 else 0)


@pytest.mark.usefixtures("archive")
def test_eighty_columns_hold_time_number_state_and_sid(twirec: Twirec, narrow: Narrow) -> None:
    narrow(80)
    shown = twirec("search").output
    table, told = shown.split("Too narrow")
    heading, *rows = table.splitlines()
    assert heading.split() == ["time", "customer", "call", "recording,", "or", "call"]
    assert "2026-11-23 11:15  +34600111222  " in "\n".join(rows)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert told.startswith(" for: own number, direction, why not, state.")


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("words", [("policy",), ("policy", "--history"), ("agents",), ("audit",)])
def test_every_table_fits_eighty_columns(
    twirec: Twirec, narrow: Narrow, words: tuple[str, ...]
) -> None:
    long = "because of what the works council and the shop agreed upon, " * 3
    twirec("off", "--number", "911000111", "--direction", "in", "--reason", long)
    twirec("inform", "client:ana", "--on", "2026-01-02", "--reference", long)
    narrow(80)
    shown = twirec(*words).output
    assert all(len(line) <= 80 for line in shown.splitlines())


@pytest.mark.usefixtures("archive")
def test_tables_on_a_real_terminal_and_in_a_pipe(
    environ: dict[str, str], ready_twirec: Ready
) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | environ
    wide = "".join(ready_twirec.run("search", env=plain)[1:])
    assert not ORDER.search(wide)
    assert max(len(line) for line in wide.splitlines()) > 100
    terminal = plain | {"COLUMNS": "80", "TERM": "xterm-256color"}
    narrow = on_a_terminal(ready_twirec, "search", env=terminal)
    assert "\x1b[1mtime" in narrow
    assert "Too narrow for" in narrow
    for words in (("search",), ("doctor",)):
        uncoloured = on_a_terminal(ready_twirec, *words, env=terminal | {"NO_COLOR": "1"})
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]", uncoloured)
    coloured = plain | {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}
    assert not ORDER.search("".join(ready_twirec.run("rebuild", env=coloured)[1:]))


def on_a_terminal(ready_twirec: Ready, *words: str, env: dict[str, str]) -> str:
    """Run it on a terminal, and return what that shows."""
    ours, theirs = pty.openpty()
    process = ready_twirec.start(*words, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # on Linux the end of a terminal is an error
        pass
    process.wait(timeout=60)
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize("wrong", ["a\x01b", "\x1b[2J", "\x7f", "\ud800"])
@pytest.mark.parametrize(
    "words",
    [
        ("off", "--reason"),
        ("search",),
        ("annotate", "CA" + "0" * 32, "--note"),
        ("inform", "client:ana", "--on", "2026-03-02", "--reference"),
    ],
)
def test_control_characters_in_what_is_typed_are_wrong(
    twirec: Twirec, words: tuple[str, ...], wrong: str
) -> None:
    ran = twirec(*words, wrong)
    assert ran.exit_code == 2
    assert "it has control characters; leave them out." in ran.output
    assert wrong not in ran.output
