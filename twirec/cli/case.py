"""Cases of customers who complain by telephone (Ley 10/2025): their keys, consents and terms."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import click

import twirec
from twirec.cli.output import (
    Column,
    answer,
    as_json,
    counted,
    print_calls,
    print_fields,
    print_json,
    print_table,
    say,
)
from twirec.model.cases import (
    AnsweredBy,
    CallPart,
    Case,
    CaseKind,
    CaseLanguage,
    CaseMail,
    CaseOpened,
    CaseRecord,
    CaseStep,
    MailState,
)
from twirec.settings.operating_user import operator

KEY = click.argument("key")
CONTENT = "What the customer says, in your words; the receipt says it."


def _choice(words: Any) -> click.Choice[str]:
    return click.Choice([each.value for each in words])


@click.group("case", invoke_without_command=True)
@as_json
@click.pass_context
def case(context: click.Context, as_json: bool) -> None:
    """Deal with complaints by telephone (Ley 10/2025): a key, a consent, a term.

    Step by step: `open`, `consent`, perhaps `describe` and `note`, `close`.
    """
    if context.invoked_subcommand is None:
        _list(False, as_json)


@case.command("open")
@click.argument("call_sid")
@click.argument("kind", type=_choice(CaseKind))
@click.option("--content", default="", help=CONTENT)
@click.option("--language", type=_choice(CaseLanguage), help="In which it is dealt with.")
@as_json
def open_(call_sid: str, kind: str, content: str, language: str | None, as_json: bool) -> None:
    """Open a case about a call (CA…): it says the key, and what to ask the customer."""
    opened = _cases().open(call_sid, kind, content=content, language=language, by=operator())
    _say_next(opened, as_json)


@case.command("consent")
@KEY
@click.argument("answer", type=click.Choice(["yes", "no"]))
@click.option("--how", type=_choice(AnsweredBy), default="spoken", show_default=True)
@click.option("--call", "call_sid", help="In which of its calls (CA…); without it the last one.")
@as_json
def consent(key: str, answer: str, how: str, call_sid: str | None, as_json: bool) -> None:
    """Write down whether the customer consents to being recorded. On a yes, recording begins."""
    said = "granted" if answer == "yes" else "refused"
    answered = _cases().consent(key, said, how=how, call_sid=call_sid, by=operator())
    _say_next(answered, as_json)


@case.command("add-call")
@KEY
@click.argument("call_sid")
@click.option("--part", type=_choice(CallPart), default="later", show_default=True)
@as_json
def add_call(key: str, call_sid: str, part: str, as_json: bool) -> None:
    """Write down that another call (CA…) belongs to a case, such as that in which it is closed."""
    _say_next(_cases().add_call(key, call_sid, part=part, by=operator()), as_json)


@case.command("describe")
@KEY
@click.argument("content")
@as_json
def describe(key: str, content: str, as_json: bool) -> None:
    """Write what a case is about, in your words; the receipt says it."""
    described = _cases().describe(key, content, by=operator())
    _answer(as_json, described, "written down.")


@case.command("note")
@KEY
@click.argument("text")
@as_json
def note(key: str, text: str, as_json: bool) -> None:
    """Write down what was done for a case, or said about it."""
    _answer(as_json, _cases().note(key, text, by=operator()), "written down.")


@case.command("incomplete")
@KEY
@click.argument("missing")
@click.option("--how", default="", help="By which way the customer was asked.")
@as_json
def incomplete(key: str, missing: str, how: str, as_json: bool) -> None:
    """Write down that the customer was asked for what is missing: the term stands still."""
    asked = _cases().incomplete(key, missing, how=how, by=operator())
    _answer(as_json, asked, "its term stands still until the customer completes it.")


@case.command("complete")
@KEY
@click.option("--note", default="", help="What came.")
@as_json
def complete(key: str, note: str, as_json: bool) -> None:
    """Write down that the customer completed what was missing: the term runs from now on."""
    completed = _cases().complete(key, note, by=operator())
    _answer(as_json, completed, f"due {_moment(completed.due_at, _zone())}.")


@case.command("receipt")
@KEY
@click.option("-o", "--output", help="The PDF to write; without it the text is shown.")
@click.option("--to", help="Let a worker send it to this e-mail address.")
@click.option("--delivered-to", help="Write down that you delivered it, and to whom.")
@click.option("--how", default="", help="By which way you delivered it.")
@as_json
def receipt(
    key: str,
    output: str | None,
    to: str | None,
    delivered_to: str | None,
    how: str,
    as_json: bool,
) -> None:
    """Make the receipt of a case, send it, or write down that it was delivered.

    It holds a link to the recording. Tell the customer its code by another way.
    """
    receipts = _cases().receipts
    if delivered_to:
        delivered = receipts.deliver(key, to=delivered_to, how=how, by=operator())
        _answer(as_json, delivered, "written down.")
        return
    if to:
        code = receipts.send(key, to=to, by=operator())
        follows = f"It will be sent by a worker; `twirec case show {key}` says when it was."
        answer(as_json, {"state": MailState.WAITING, "code": code}, follows, _code(code))
        return
    made = receipts.make(key, by=operator())
    if output:
        with Path(output).open("xb") as file:  # what is there is not replaced
            file.write(made.pdf)
    said = {"key": made.key, "sealed": made.sealed, "code": made.code, "text": made.text}
    if as_json:
        print_json(said)
        return
    say(f"Written: {output}" if output else made.text)
    say(_code(made.code))


def _code(code: str) -> str:
    return f"Code of its link, to be told by another way: {code}" if code else "It holds no link."


@case.command("year")
@click.argument("year", type=int)
@click.option("--cases", type=click.File("wb"), help="Write each case to this CSV file.")
@click.option("--waits", type=click.File("wb"), help="Write how long each call waited, as CSV.")
@click.option("--pdf", type=click.File("wb"), help="Write the statement, sealed, as a PDF.")
@as_json
def year(year: int, cases: Any, waits: Any, pdf: Any, as_json: bool) -> None:
    """Say what an audit asks of a year: terms that were met, and how long callers waited."""
    years = _cases().years
    for file, chunks in ((cases, years.cases), (waits, years.waits)):
        if file is not None:
            for chunk in chunks(year, by=operator()):
                file.write(chunk)
    if pdf is not None:
        pdf.write(years.statement(year, by=operator()))
    found = years.figures(year, by=operator())
    share = "not known" if found.share_within is None else f"{found.share_within:.1%}"
    answer(
        as_json,
        {**asdict(found), "share_within": found.share_within},
        f"Cases: {found.cases}; told in time: {found.in_time}; late: {found.late}.",
        f"Calls in: {found.calls}; taken by a person: {found.attended}, "
        f"of these within three minutes: {share}.",
    )


@case.command("close")
@KEY
@click.option("--notified-at", help="When the customer was told: 2026-12-03, or with the time.")
@click.option("--how", required=True, help="By which way they were told.")
@click.option("--resolution", default="", help="What was decided, and why.")
@as_json
def close(key: str, notified_at: str | None, how: str, resolution: str, as_json: bool) -> None:
    """Close a case, once the customer was told of the resolution: what it held is held no more."""
    if not notified_at:
        raise click.UsageError("Give --notified-at: a case is closed when the customer was told.")
    closed = _cases().close(
        key, notified_at=notified_at, how=how, resolution=resolution, by=operator()
    )
    when = "in time" if closed.in_time else "too late"
    _answer(as_json, closed, f"closed; the customer was told {when}.")


@case.command("list")
@click.option("--all", "every", is_flag=True, help="Those that are closed too.")
@as_json
def list_(every: bool, as_json: bool) -> None:
    """List the open cases by the end of their terms. Exit status 1 if one is overdue."""
    _list(every, as_json)


def _list(every: bool, as_json: bool) -> None:
    archive = twirec.Archive.from_env()
    now, zone = archive.now(), archive.settings.timezone
    found = archive.cases.list(only_open=not every, limit=10_000, by=operator())
    overdue = sum(each.overdue(now) for each in found)
    if as_json:
        print_json({"overdue": overdue, "cases": [_plain(each, now) for each in found]})
    elif found:
        print_table(
            (Column("case"), Column("due"), Column("state"), Column("kind"), Column("number", 2)),
            [_row(each, now, zone) for each in found],
        )
    else:
        say("No case is open." if not every else "There are no cases.")
    for mail in archive.cases.receipts.undelivered(by=operator()):
        said = "its receipt was not delivered; send it again, or deliver it by another way"
        say(f"{mail.case_key}: {said}. {mail.last_error}", err=True)
    if overdue:
        say(f"{counted(overdue, 'case')} overdue: tell the customer at once.", err=True)
        raise click.exceptions.Exit(1)


@case.command("show")
@click.argument("what")
@as_json
def show(what: str, as_json: bool) -> None:
    """Show a case by its key, or those of a customer's number or of a call (CA…)."""
    show_case(what, as_json)


def show_case(what: str, as_json: bool) -> None:
    """Show the cases that somebody means."""
    archive = twirec.Archive.from_env()
    now, zone = archive.now(), archive.settings.timezone
    found = archive.cases.find(what, by=operator())
    if not found:
        raise twirec.NotFound(f"There is no case of {what}.")
    records = [archive.cases.get(each.key, by=operator()) for each in found]
    if as_json:
        print_json([{**_plain(each.case, now), **_more(each)} for each in records])
        return
    for record in records:
        _print(record, now, zone)


def _print(record: CaseRecord, now: datetime, zone: tzinfo) -> None:
    found = record.case
    fields = {
        "case": found.key,
        "state": _state(found, now),
        "kind": found.kind,
        "language": found.language,
        "number": found.number,
        "opened": found.opened_at,
        "by": found.opened_by,
        "due": found.due_at,
        "to be completed": found.complete_by,
        "told": found.notified_at,
        "how": found.how,
        "content": found.content,
        "resolution": found.resolution,
    }
    print_fields({name: value for name, value in fields.items() if value}, zone)
    for call in record.calls:
        said = " ".join(filter(None, (call.answer, call.how, call.recording_sid)))
        say(f"{call.call_sid}  {call.part}  consent: {said}")
    if record.records:
        print_calls(record.records, zone, now)
    for step in record.steps:
        say(_step(step, zone))
    for mail in record.mails:
        say(_mail(mail, zone))
    say()


def _mail(mail: CaseMail, zone: tzinfo) -> str:
    asked = f"{_moment(mail.at, zone)}  e-mail  {mail.by}"
    if mail.state is MailState.FAILED:
        return f"{asked}  NOT DELIVERED: {mail.last_error}"
    tried = f" Tried {counted(mail.attempts, 'time')}: {mail.last_error}" if mail.last_error else ""
    return f"{asked}  {mail.address}  waits to be sent, {_moment(mail.due_at, zone)}.{tried}"


def _step(step: CaseStep, zone: tzinfo) -> str:
    parts = (_moment(step.at, zone), step.kind, step.by, step.call_sid, step.text, step.how)
    return "  ".join(filter(None, parts))


def _row(found: Case, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    return (
        found.key,
        _moment(found.due_at, zone) or "stands still",
        _state(found, now),
        found.kind,
        found.number,
    )


def _state(found: Case, now: datetime) -> str:
    if found.overdue(now):
        return "OVERDUE"
    return "nearly due" if found.nearly_due(now) else found.state


def _say_next(opened: CaseOpened, as_json: bool) -> None:
    recorded = "The call is recorded." if opened.recorded else "The call is not recorded."
    lines = [
        f"{opened.case.key}: due {_moment(opened.case.due_at, _zone())}.",
        *(f"Say: {each}" for each in opened.say),
        f"{recorded} {opened.why}".strip(),
    ]
    answer(as_json, {**_plain(opened.case), **_told(opened)}, *lines)


def _told(opened: CaseOpened) -> dict[str, Any]:
    return {
        "call": asdict(opened.call),
        "say": list(opened.say),
        "recorded": opened.recorded,
        "why": opened.why,
    }


def _answer(as_json: bool, found: Case, said: str) -> None:
    """Answer with a case, and what became of it."""
    answer(as_json, _plain(found), f"{found.key}: {said}")


def _more(record: CaseRecord) -> dict[str, Any]:
    return {
        "calls": [asdict(each) for each in record.calls],
        "steps": [asdict(each) for each in record.steps],
        "mails": [{**asdict(each), "state": each.state} for each in record.mails],
        "recordings": [
            {"sid": each.sid, "state": each.state, "call_sid": each.call_sid}
            for call in record.records
            for each in call.recordings
        ],
    }


def _plain(found: Case, now: datetime | None = None) -> dict[str, Any]:
    more: dict[str, Any] = {"state": found.state, "in_time": found.in_time}
    if now is not None:
        more |= {"overdue": found.overdue(now), "nearly_due": found.nearly_due(now)}
    return {**asdict(found), **more}


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _cases() -> Any:
    return twirec.Archive.from_env().cases


def _zone() -> tzinfo:
    return twirec.Archive.from_env().settings.timezone
