"""README and docs say what is true: their blocks run, and every command and setting is in them."""

from __future__ import annotations

import configparser
import inspect
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import pytest
from flask import Flask

from tests.parts import methods
from twirec.archive import Archive
from twirec.cli import main
from twirec.events.wire import HEADER, sign
from twirec.model.inspection import Check
from twirec.settings import NAMES
from twirec.testing import ENVIRONMENT, SignedPosts

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "PACKAGE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
VOICE = {"CallSid": "CA" + "0" * 32, "From": "+34600111222", "To": "+34911000111"}


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for number, block in enumerate(
            re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
        ):
            yield f"{page.stem}-{number}", block


PYTHON = dict(blocks("python"))
SHELL = dict(blocks("sh"))
BASH = dict(blocks("bash"))


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TWIREC_DATABASE_URL", f"sqlite:///{tmp_path}/catalog.db")


def run(block: str, request: pytest.FixtureRequest) -> dict[str, object]:
    """Run a block; what it defines as a test is called with the fixtures that it names."""
    space: dict[str, object] = {"__name__": __name__}
    exec(compile(block, "docs", "exec"), space)  # noqa: S102 - our own pages
    for name, made in list(space.items()):
        if name.startswith("test_") and inspect.isfunction(made):
            made(
                **{
                    fixture: request.getfixturevalue(fixture)
                    for fixture in inspect.signature(made).parameters
                }
            )
    return space


def test_the_extras_of_the_page_are_those_that_there_are() -> None:
    setup = configparser.ConfigParser(comment_prefixes="#")
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"].keys() - {"dev", "supply"}
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| extra \|.*\n\|[-|]+\n((?:\|.*\n)+)", page, re.M)
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.M)) == sorted(extras)
    named = re.findall(r"`(\w+)`", (ROOT / "PACKAGE.md").read_text(encoding="utf-8"))
    assert extras - set(named) == set()


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize("name", PYTHON)
def test_a_block_of_python_runs(name: str, request: pytest.FixtureRequest) -> None:
    run(PYTHON[name], request)


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("name", "dialled"),
    [("README-0", "+34911222333"), ("calls-2", "sip:shop-34911000111@pbx.example.com")],
)
def test_the_app_of_the_page_takes_a_call(
    name: str, dialled: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(PYTHON[name], request)["app"]
    assert isinstance(app, Flask)
    archive: Archive = app.extensions["twirec"].archive
    archive.set_up()
    post = SignedPosts(app, archive.settings)
    assert "va a ser grabada" in post("/voice", VOICE).text
    monkeypatch.setattr("twirec.calls.ledger.heard", lambda *_, **__: True)
    connected = post("/twirec/connect", VOICE).text
    assert dialled in connected
    assert "record-from-answer-dual" in connected
    archive.close()


def test_the_receiver_of_the_page_believes_only_what_was_signed(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIREC_NOTIFY_SECRET", "s" * 32)
    app = run(PYTHON["events-0"], request)["app"]
    assert isinstance(app, Flask)
    body = b'{"recording_sid": "RE0", "event": "archived"}'
    header = {HEADER: sign("s" * 32, body, datetime.now(UTC))}
    post = partial(app.test_client().post, "/hooks/calls", content_type="application/json")
    assert post(data=body, headers=header).status_code == 204
    assert post(data=body + b" ", headers=header).status_code == 403
    assert post(data=body).status_code == 403


def test_the_example_is_ten_lines() -> None:
    lines = [line for line in PYTHON["README-0"].splitlines() if line.strip()]
    assert len(lines) == 9


def test_a_menu_app_and_its_test_are_under_forty_lines() -> None:
    assert "twirec_sandbox" in PYTHON["testing-1"]
    lines = [line for line in PYTHON["testing-1"].splitlines() if line.strip()]
    assert len(lines) < 40


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours in a block of a shell, without what follows it."""
    for line in text.replace("\\\n", " ").splitlines():
        if not re.search(r"(^|[\s|;(/])twirec\s", line):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word[0] not in "();<>|&":
                words.append(word)
                continue
            while words and "=" in words[0]:  # a setting before the command
                words = words[1:]
            if words and words[0].rsplit("/")[-1] == "twirec" and "_COMPLETE" not in line:
                yield words[1:]
            words = []


def inline() -> Iterator[list[str]]:
    """Yield the words of each command of ours that stands in a sentence."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for said in re.findall(r"`twirec ([a-z][^`]*|-[^`]*)`", text):
            yield said.split()


@pytest.mark.parametrize(
    "words",
    [words for block in {**SHELL, **BASH}.values() for words in commands(block)],
    ids=" ".join,
)
def test_a_command_of_the_pages_is_understood(words: list[str]) -> None:
    at = next(at for at, word in enumerate(words) if word in main.commands)
    with click.Context(main, info_name="twirec") as context:
        main.parse_args(context, words[: at + 1])
    command = main.commands[words[at]]
    with click.Context(command, info_name=words[at], parent=context) as inner:
        command.parse_args(inner, words[at + 1 :])


def test_a_command_in_a_sentence_and_its_options_are_there() -> None:
    for words in inline():
        names = [word for word in words if word in main.commands]
        assert names or words[0] == "COMMAND" or words[0].startswith("-"), words
        its_own = [param for name in names[:1] for param in main.commands[name].params]
        known = {each for param in (*main.params, *its_own) for each in param.opts}
        said = {word.partition("=")[0] for word in words if word.startswith("-") and len(word) > 1}
        assert said <= known | {"--help", "-h", "--all"}, words


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert [name for name in main.commands if f"`twirec {name}`" not in page] == []


def test_whatever_is_public_has_a_command_or_says_why_not() -> None:
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `archive\.([\w.]+)` \| (.+) \|$", text, re.M)
    own = {name for name in dir(Archive) if not name.startswith("_")}
    public = sorted({*own, *(f"{part}.{name}" for part, name, _ in methods())})
    assert sorted(name for name, _ in rows) == public
    for name, where in rows:
        for command, option in re.findall(r"`twirec ([a-z-]+) ?(-[-a-z]*)?`", where):
            known = {each for param in main.commands[command].params for each in param.opts}
            assert option in {"", *known}, name
        assert "`twirec " in where or where.startswith(("none: ", "every command")), name


def test_every_setting_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (`(?:TWI|GOOGLE|STORAGE)[^|]+) \|", readme, re.M)
    assert {name for row in documented for name in re.findall("`(.+?)`", row)} == set(NAMES)


def test_every_state_and_reason_is_documented() -> None:
    from twirec.model.states import State
    from twirec.model.vocabulary import Reason

    calls = (ROOT / "docs/calls.md").read_text(encoding="utf-8")
    assert {reason for reason in Reason if f"`{reason.value}`" not in calls} == set()
    transfer = (ROOT / "docs/transfer.md").read_text(encoding="utf-8")
    later = {State.ERASING, State.ERASED}
    assert {state for state in State if f"`{state.value}`" not in transfer} == later


def test_every_check_of_the_doctor_is_documented() -> None:
    page = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    assert [check for check in Check if f"`{check}`" not in page] == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        local = [target for target in targets if "://" not in target]
        assert [target for target in local if not (page.parent / target).exists()] == [], page.name
