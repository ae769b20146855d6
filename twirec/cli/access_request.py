"""Requests of people who want to know what is kept of them: their terms, and answers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, tzinfo
from typing import Any

import click

import twirec
from twirec.cli.convert import give
from twirec.cli.output import (
    Column,
    answer,
    as_json,
    counted,
    print_fields,
    print_json,
    print_table,
    say,
)
from twirec.model.access_record import as_record
from twirec.model.access_requests import AccessAnswer, AccessRequest, AccessStep, CopyOf, Fate
from twirec.settings.operating_user import operator

WHY = click.option("--reason", required=True, help="Why; it is kept with the request.")


@click.group("access-request", invoke_without_command=True)
@as_json
@click.pass_context
def access_request(context: click.Context, as_json: bool) -> None:
    """Answer people who want to know what is kept of them (GDPR art. 15).

    Step by step: `open`, `identify`, `show`, perhaps `decide`, `pack`, `deliver`.
    """
    if context.invoked_subcommand is None:
        _list(False, as_json)


@access_request.command("open")
@click.argument("number")
@click.option("--name", required=True, help="Who asks; the letter is addressed to them.")
@click.option("--since", help="Calls from: 2026-11-03; without it all.")
@click.option("--until", help="Calls up to; a date alone includes that day.")
@click.option("--received", help="The day on which the request arrived; without it today.")
@click.option("--language", type=click.Choice(["es", "en"]), help="Of the letter.")
@as_json
def open_(number: str, as_json: bool, **said: Any) -> None:
    """Write down that somebody asks what is kept of the calls of a number; the term begins."""
    archive = twirec.Archive.from_env()
    opened = archive.custody.access_requests.open(number, by=operator(), **said)
    answer(
        as_json,
        _plain(opened),
        f"{opened.key}: to be answered by {opened.due_on}.",
        "Check who asks, then: twirec access-request identify",
    )


@access_request.command("identify")
@click.argument("key")
@click.option("--how", required=True, help="How it was checked who asks; a number is no proof.")
@as_json
def identify(key: str, how: str, as_json: bool) -> None:
    """Write down how it was checked who asks (AR-…). Before that nothing is delivered."""
    known = _requests().identify(key, how=how, by=operator())
    answer(as_json, _plain(known), f"{known.key}: written down.")


@access_request.command("decide")
@click.argument("key")
@click.argument("copies", type=click.Choice([each.replace("_", "-") for each in CopyOf]))
@click.option("--sid", help="Of one call (CA…) or recording (RE…); without it of all others.")
@WHY
@as_json
def decide(key: str, copies: str, sid: str | None, reason: str, as_json: bool) -> None:
    """Decide how recordings are given: the other side silenced, whole, or one left out."""
    decided = _requests().decide(key, copies, sid=sid, why=reason, by=operator())
    answer(as_json, _plain(decided), f"{decided.key}: written down.")


@access_request.command("extend")
@click.argument("key")
@click.option("--months", type=click.IntRange(1, 2), default=2, show_default=True)
@WHY
@as_json
def extend(key: str, months: int, reason: str, as_json: bool) -> None:
    """Extend the term of a request, once. Tell who asks within the first month, and why."""
    extended = _requests().extend(key, why=reason, months=months, by=operator())
    answer(as_json, _plain(extended), f"{extended.key}: to be answered by {extended.due_on}.")


@access_request.command("refuse")
@click.argument("key")
@WHY
@as_json
def refuse(key: str, reason: str, as_json: bool) -> None:
    """Write down that a request is not answered. Tell who asks why, and that they may complain."""
    refused = _requests().refuse(key, why=reason, by=operator())
    answer(as_json, _plain(refused), f"{refused.key}: refused.")


@access_request.command("pack")
@click.argument("key")
@click.option("-o", "--output", help="The file to write, or - for the standard output.")
@as_json
def pack(key: str, output: str | None, as_json: bool) -> None:
    """Write the answer as one zip archive: letter, copies, facts, and their SHA-256.

    Without -o the file is named after the request. A file that is there is not replaced.
    """
    give(_requests().pack(key, by=operator()), output, as_json)


@access_request.command("deliver")
@click.argument("key")
@click.option("--to", required=True, help="Who got the archive.")
@click.option("--how", required=True, help="By which way.")
@as_json
def deliver(key: str, to: str, how: str, as_json: bool) -> None:
    """Write down to whom the archive was delivered, and how: the request is answered."""
    delivered = _requests().deliver(key, to=to, how=how, by=operator())
    answer(as_json, _plain(delivered), f"{delivered.key}: answered.")


@access_request.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were answered or refused too.")
@as_json
def list_(every: bool, as_json: bool) -> None:
    """List the open requests by the end of their terms. Exit status 1 if one is overdue."""
    _list(every, as_json)


def _list(every: bool, as_json: bool) -> None:
    archive = twirec.Archive.from_env()
    zone = archive.settings.timezone
    today = archive.now().astimezone(zone).date()
    requests = archive.custody.access_requests.list(
        only_open=not every, limit=10_000, by=operator()
    )
    overdue = sum(request.overdue(today) for request in requests)
    if as_json:
        print_json({"overdue": overdue, "requests": [_plain(each, today) for each in requests]})
    elif requests:
        print_table(
            (
                Column("request"),
                Column("due"),
                Column("state"),
                Column("identity", 2),
                Column("number", 3),
                Column("name", 1, folds=True),
            ),
            [_row(each, today) for each in requests],
        )
    else:
        say("No request is open." if not every else "There are no requests.")
    if overdue:
        say(f"{counted(overdue, 'request')} overdue: answer at once.", err=True)
        raise click.exceptions.Exit(1)


def _row(request: AccessRequest, today: date) -> tuple[str, ...]:
    return (
        request.key,
        str(request.due_on),
        "OVERDUE" if request.overdue(today) else request.state,
        "checked" if request.identified_at else "not checked",
        request.number,
        request.name,
    )


@access_request.command("show")
@click.argument("key")
@as_json
def show(key: str, as_json: bool) -> None:
    """Show a request, what was done for it, and what would be in its answer."""
    archive = twirec.Archive.from_env()
    requests = archive.custody.access_requests
    request, steps = requests.get(key, by=operator()), requests.steps(key, by=operator())
    found = requests.answer(key, by=operator())
    if as_json:
        print_json(
            {**_plain(request), "steps": [asdict(each) for each in steps], **as_record(found)}
        )
        return
    _print_request(request, steps, archive.settings.timezone)
    _print_answer(found, archive.settings.timezone)


def _print_request(request: AccessRequest, steps: Any, zone: tzinfo) -> None:
    fields = {
        "request": request.key,
        "state": request.state,
        "name": request.name,
        "number": request.number,
        "calls since": request.since,
        "calls until": request.until,
        "received": str(request.received_on),
        "due": str(request.due_on),
        "copies": request.copies,
    }
    print_fields(fields, zone)
    for step in steps:
        say(_step(step, zone))


def _step(step: AccessStep, zone: tzinfo) -> str:
    said = " ".join(filter(None, (step.copies, step.sid)))
    parts = (f"{step.at.astimezone(zone):%Y-%m-%d %H:%M}", step.kind, step.by, said)
    return "  ".join(filter(None, (*parts, step.text, step.how)))


def _print_answer(found: AccessAnswer, zone: tzinfo) -> None:
    say()
    say(f"{counted(len(found.calls), 'call')}; recordings that are given: {found.given}.")
    for call in found.calls:
        line = call.record.call
        say(f"{line.call_sid}  {line.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {call.side}")
        for each in call.recordings:
            how = each.channels if each.fate is Fate.GIVEN else ""
            say("  ".join(filter(None, (" ", each.recording.sid, each.fate, how))))
    if found.left_out:
        say(f"Calls that are left out: {found.left_out}")
    if found.blocked:
        say(f"Recordings that are blocked: {found.blocked}")
    if found.undecided:
        say("Decide first, as it is not known which side is whose: " + ", ".join(found.undecided))


def _requests() -> Any:
    return twirec.Archive.from_env().custody.access_requests


def _plain(request: AccessRequest, today: date | None = None) -> dict[str, Any]:
    more = {} if today is None else {"overdue": request.overdue(today)}
    return {"key": request.key, "state": request.state, **asdict(request), **more}
