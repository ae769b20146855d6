"""Who is recorded: on, off, and how callers are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

import click

import twirec
from twirec.cli.output import Column, as_json, print_json, print_table, say
from twirec.model.policy import Decision, Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis
from twirec.settings.operating_user import operator

Options = Callable[[Any], Any]


def _one(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str | None:
    """Refuse several numbers: only the last of them would count."""
    if len(given) > 1:
        raise click.BadParameter("give one; run it once for each number.")
    return given[0] if given else None


def scope(command: Any) -> Any:
    """Add the options that say whom a change is for."""
    for option in (
        click.option("--number", multiple=True, callback=_one, help="Only this own number."),
        click.option(
            "--direction",
            type=click.Choice([d.value for d in Direction]),
            help="Only calls in, or out.",
        ),
    ):
        command = option(command)
    return command


reason: Options = click.option("--reason", required=True, help="Why; it is kept for ever.")


until: Options = click.option(
    "--until", help="When it ends by itself: 18:00 (today), or '2026-11-03 18:00'."
)


@click.command()
@scope
@reason
@until
@as_json
def on(
    number: str | None, direction: str | None, reason: str, until: str | None, as_json: bool
) -> None:
    """Switch recording on, for all calls or for those of a number or direction."""
    _switch(True, number, direction, reason, until, as_json)


@click.command()
@scope
@reason
@until
@as_json
def off(
    number: str | None, direction: str | None, reason: str, until: str | None, as_json: bool
) -> None:
    """Switch recording off. Calls that go on are recorded to their end."""
    _switch(False, number, direction, reason, until, as_json)


@click.command()
@scope
@click.option("--mode", type=click.Choice([m.value for m in ConsentMode]))
@click.option("--language", help="Of the announcement, such as ca-ES.")
@click.option("--legal-basis", type=click.Choice([b.value for b in LegalBasis]))
@click.option("--reset", is_flag=True, help="Forget what was said of this number or direction.")
@click.option("--reason", help="Why; needed to change something.")
@click.option("--at", help="What held at a moment: '2026-11-03 17:00'.")
@click.option(
    "--history", is_flag=True, help="Show who changed it when, from what to what, and why."
)
@as_json
def policy(
    number: str | None,
    direction: str | None,
    mode: str | None,
    language: str | None,
    legal_basis: str | None,
    reset: bool,
    reason: str | None,
    at: str | None,
    history: bool,
    as_json: bool,
) -> None:
    """Show who is recorded and how, now or at a past moment; or change how callers are told."""
    if reset and (mode or language or legal_basis):
        raise click.UsageError("--reset forgets what was said; give it alone.")
    if (at or history) and (reset or mode or language or legal_basis):
        raise click.UsageError("A change holds from now on; ask for the past without one.")
    if history and (number or direction or at):
        raise click.UsageError("--history shows all changes; give it alone.")
    archive = twirec.Archive.from_env()
    if history:
        _show_history(archive, as_json)
        return
    whom: Any = {"number": number, "direction": direction}
    if reset:
        archive.policy.reset(by=operator(), why=reason or "", **whom)
    elif mode or language or legal_basis:
        archive.policy.change(
            by=operator(),
            why=reason or "",
            **whom,
            mode=mode,
            language=language,
            legal_basis=legal_basis,
        )
    number = None if number is None else archive.policy.own_number(number)
    moment = archive.policy.moment(at) if at is not None else None
    _show(archive, number, direction, moment, as_json)


def _switch(
    state: bool,
    number: str | None,
    direction: str | None,
    reason: str,
    until: str | None,
    as_json: bool,
) -> None:
    archive = twirec.Archive.from_env()
    change = archive.policy.change(
        by=operator(),
        why=reason,
        number=number,
        direction=direction,
        on=state,
        until=until,
    )
    others = archive.policy.overruling(change)
    if as_json:
        print_json({**asdict(change), "not_changed": [asdict(each) for each in others]})
        return
    zone = archive.settings.timezone
    end = f" until {change.ends_at.astimezone(zone):%Y-%m-%d %H:%M %Z}" if change.ends_at else ""
    say(f"Recording is {'on' if state else 'off'} for {_whom(change)}, from now on{end}.")
    for other in others:
        say(f"Not changed: it is {'on' if other.on else 'off'} for {_whom(other)}.")


def _show(
    archive: twirec.Archive,
    number: str | None,
    direction: str | None,
    at: datetime | None,
    as_json: bool,
) -> None:
    history = [change for change, _ in archive.policy.history()]
    numbers = [number] if number else sorted({each.number for each in history if each.number})
    directions = [Direction(direction)] if direction else list(Direction)
    scopes = [(own, way) for own in ([] if number else [""]) + numbers for way in directions]
    decisions = zip(scopes, archive.policy.of_all(scopes, at=at), strict=True)
    rows = [(own, way, decision) for (own, way), decision in decisions]
    if as_json:
        print_json(
            {
                "policy": [
                    {"number": own or None, "direction": way, **asdict(decision.policy)}
                    for own, way, decision in rows
                ],
                "history": [asdict(each) for each in history],
            }
        )
        return
    if at is not None:
        say(f"As of {at.astimezone(archive.settings.timezone):%Y-%m-%d %H:%M %Z}:")
    columns = (
        Column("number", folds=True),
        Column("calls", 1),
        Column("recording", 2, folds=True),
        Column("mode", 3),
        Column("language", 4),
        Column("legal basis", 5),
    )
    print_table(columns, [_row(own, way, decision) for own, way, decision in rows])


def _row(own: str, way: Direction, decision: Decision) -> tuple[object, ...]:
    policy = decision.policy
    switch = "on" if policy.on else f"off {decision.why_off}".strip()
    return own or "all others", way, switch, policy.mode, policy.language, policy.legal_basis


def _show_history(archive: twirec.Archive, as_json: bool) -> None:
    changes = archive.policy.history()
    if as_json:
        print_json([{**asdict(change), "before": asdict(before)} for change, before in changes])
        return
    if not changes:
        say("Nothing was ever changed: what the settings say holds.")
        return
    columns = (
        Column("when"),
        Column("by", 4),
        Column("for", 1, folds=True),
        Column("change", 2, folds=True),
        Column("why", 3, folds=True),
    )
    zone = archive.settings.timezone
    rows = [
        (
            f"{change.at.astimezone(zone):%Y-%m-%d %H:%M}",
            change.by,
            _whom(change),
            _said(change, before, zone) or "says nothing of its own any more",
            change.why,
        )
        for change, before in changes
    ]
    print_table(columns, rows)


def _said(change: PolicyChange, before: Policy, zone: tzinfo) -> str:
    said = [
        f"{name.replace('_', ' ')}: {_plain(getattr(before, name))} → {_plain(value)}"
        for name, value in change.said.items()
    ]
    if change.ends_at:
        said.append(f"until {change.ends_at.astimezone(zone):%Y-%m-%d %H:%M}")
    return ", ".join(said)


def _plain(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _whom(change: PolicyChange) -> str:
    calls = {None: "all calls", Direction.IN: "calls in", Direction.OUT: "calls out"}
    return calls[change.direction] + (f" of {change.number}" if change.number else "")
