"""Card numbers that are spoken in recordings."""

from __future__ import annotations

from typing import Any

import click

import twirec
from twirec.cli.output import Column, answer, as_json, ask, print_json, print_table, say
from twirec.model.cards import CardCut
from twirec.model.clock import clock
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="Why; it is kept.")


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def cards(context: click.Context, as_json: bool) -> None:
    """Have card numbers that are spoken cut out of what is heard; alone, list what waits.

    They are found in transcripts where TWIREC_CARD_NUMBERS=propose. No digit is shown.
    """
    if context.invoked_subcommand is None:
        _list(100, as_json)
    elif as_json:
        raise click.UsageError(f"Write --json behind {context.invoked_subcommand}.")


@cards.command("list")
@click.option("--limit", default=100, show_default=True, help="How many at the most.")
@as_json
def list_(limit: int, as_json: bool) -> None:
    """What waits for a decision, oldest first."""
    _list(limit, as_json)


def _list(limit: int, as_json: bool) -> None:
    found = twirec.Archive.from_env().cards.waiting(limit=limit, by=operator())
    if as_json:
        print_json([_record(each) for each in found])
        return
    if not found:
        say("No card number waits for a decision.")
        return
    print_table(
        (Column("recording"), Column("found"), Column("state"), Column("spoken at")),
        [
            (each.recording_sid, f"{each.found_at:%Y-%m-%d %H:%M}", each.state, _spans(each))
            for each in found
        ],
    )


@cards.command()
@click.argument("sid")
@as_json
def show(sid: str, as_json: bool) -> None:
    """What was found in a recording (RE…), and what became of it."""
    cut = twirec.Archive.from_env().cards.of(sid, by=operator())
    if as_json:
        print_json(None if cut is None else _record(cut))
        return
    if cut is None:
        say(f"No card number was found in {sid}.")
        return
    say(f"{sid} is {cut.state}.")
    for span in cut.spans:
        who = span.side or "somebody"
        say(f"  {clock(span.starts)} to {clock(span.ends)}  {who}: a card's {span.part}")
    if cut.decided_by:
        say(f"{cut.decided_by}: {cut.reason}")
    if cut.object_name:
        say(f"The copy without: {cut.object_name} (SHA-256 {cut.own_sha256}), heard by {cut.model}")
    if cut.replaced_at:
        say(
            f"The recording as it was archived (SHA-256 {cut.sha256}) is destroyed: what there is "
            "is the copy."
        )
    for why in filter(None, (cut.problem, cut.last_error)):
        say(why)


@cards.command()
@click.argument("sid")
@REASON
@click.option("--guard", type=float, help="Seconds of silence around each number, 0.5 to 10.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def approve(sid: str, reason: str, guard: float | None, yes: bool, as_json: bool) -> None:
    """Have what was found cut out of all that is heard and read of a recording (RE…).

    The recording as it was archived stays in the bucket; see docs/card-numbers.md.
    """
    archive = twirec.Archive.from_env()
    archive.cards.of(sid, by=operator())
    if not yes:
        ask(f"Cut out what was found in {sid}, for all who hear and read it?")
    cut = archive.cards.approve(sid, reason=reason, guard=guard, by=operator())
    answer(as_json, _record(cut), f"{sid} is {cut.state}; a worker makes the copy, and hears it.")


@cards.command()
@click.argument("sid")
@REASON
@as_json
def refuse(sid: str, reason: str, as_json: bool) -> None:
    """Say that what was found in a recording (RE…) is no card's number."""
    cut = twirec.Archive.from_env().cards.refuse(sid, reason=reason, by=operator())
    answer(as_json, _record(cut), f"{sid} is {cut.state}.")


def _record(cut: CardCut) -> dict[str, Any]:
    return {
        "sid": cut.recording_sid,
        "state": cut.state,
        "found_at": cut.found_at.isoformat(),
        "spans": [
            {"part": each.part, "side": each.side, "starts": each.starts, "ends": each.ends}
            for each in cut.spans
        ],
        "guard": cut.guard,
        "decided_by": cut.decided_by,
        "reason": cut.reason,
        "object_name": cut.object_name,
        "sha256": cut.own_sha256,
        "model": cut.model,
        "replaced_at": cut.replaced_at and cut.replaced_at.isoformat(),
        "problem": cut.problem,
        "last_error": cut.last_error,
    }


def _spans(cut: CardCut) -> str:
    return ", ".join(clock(each.starts) for each in cut.spans)
