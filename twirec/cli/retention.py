"""How long recordings, lines of calls and notes are kept: rules, and a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

import twirec
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
from twirec.model.retention import (
    SUGGESTED,
    AtEnd,
    Kept,
    Retention,
    RetentionRule,
    RetentionStep,
    RulePreview,
)
from twirec.model.vocabulary import ConsentOutcome, Direction
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="Why; it is kept for ever.")
NO_RULES = "There are no rules: nothing is ever destroyed. See `twirec retention suggest`."


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def retention(context: click.Context, as_json: bool) -> None:
    """Set how long recordings, call lines and notes are kept, and preview what that would destroy.

    A rule waits until all are applied, after a dry run: `set`, `preview`, `apply`.
    """
    if context.invoked_subcommand is None:
        _list(as_json)


@retention.command("list")
@as_json
def list_(as_json: bool) -> None:
    """Show the rules, in the order in which they are asked: the first that matches decides."""
    _list(as_json)


def _list(as_json: bool) -> None:
    rules = twirec.Archive.from_env().custody.retention
    standing, applied = rules.rules(), rules.rules(applied=True)
    if as_json:
        print_json({"rules": _plain(standing), "in_force": _plain(applied)})
        return
    if not standing and not applied:
        say(NO_RULES)
        return
    columns = (
        Column("rule"),
        Column("keeps", 1),
        Column("for", 2),
        Column("then", 3),
        Column("of", 4, folds=True),
        Column("in force", 5),
    )
    gone = [each for each in applied if each.name not in {rule.name for rule in standing}]
    rows = [(*_row(each), "yes" if each in applied else "no") for each in standing]
    rows += [(*_row(each), "yes, until the rules are applied") for each in gone]
    print_table(columns, rows)
    if standing != applied:
        say("What is not in force waits for: twirec retention preview")


def _row(rule: RetentionRule) -> tuple[str, ...]:
    end = rule.at_end.value if rule.kept is Kept.RECORDINGS else "forget"
    return rule.name, rule.kept, str(rule.term), end, asked_of(rule)


def asked_of(rule: RetentionRule) -> str:
    """Return whom a rule is for, in words."""
    calls = {None: "all calls", Direction.IN: "calls in", Direction.OUT: "calls out"}
    said = [calls[rule.direction]]
    if rule.number:
        said.append(f"of {rule.number}")
    if rule.consent:
        said.append(f"where the answer was {rule.consent}")
    if rule.case:
        said.append("with a case" if rule.case == "*" else f"of case {rule.case}")
    return " ".join(said)


def _plain(rules: Sequence[RetentionRule]) -> list[dict[str, Any]]:
    return [asdict(rule) | {"term": str(rule.term)} for rule in rules]


@retention.command("set")
@click.argument("name")
@click.option("--keep", "term", required=True, help="How long: '30 days', '6 months', '5 years'.")
@click.option(
    "--of",
    "kept",
    type=click.Choice([each.value for each in Kept]),
    default=Kept.RECORDINGS.value,
    show_default=True,
    help="What is kept: recordings; calls, which is whom a call's line names (number, addresses, "
    "agents, case number) and its notes, while the line stays; or notes alone.",
)
@click.option(
    "--then",
    "at_end",
    type=click.Choice([each.value for each in AtEnd]),
    help="What becomes of a recording then; block is the default.",
)
@click.option("--number", help="Only calls of this own number.")
@click.option(
    "--direction", type=click.Choice([each.value for each in Direction]), help="Only in, or out."
)
@click.option(
    "--consent",
    type=click.Choice([each.value for each in ConsentOutcome]),
    help="Only calls in which this was answered.",
)
@click.option("--case", help="Only calls with this case number; '*' for all that have one.")
@REASON
@as_json
def set_(name: str, term: str, reason: str, as_json: bool, **asked: Any) -> None:
    """Set a rule, in the place of the one of its NAME. It waits for `apply`."""
    rules = twirec.Archive.from_env().custody.retention
    rule = rules.set(name, term, by=operator(), reason=reason, **asked)
    what = f"{rule.kept} of {asked_of(rule)}"
    answer(
        as_json,
        _plain([rule])[0],
        f"Rule {rule.name}: {what} are kept for {rule.term}. It is not in force yet.",
        "Next: twirec retention preview",
    )


@retention.command("remove")
@click.argument("name")
@REASON
@as_json
def remove(name: str, reason: str, as_json: bool) -> None:
    """Remove the rule of a NAME. If it is in force, it stays so until `apply`."""
    rule = twirec.Archive.from_env().custody.retention.remove(name, by=operator(), reason=reason)
    said = f"Rule {rule.name} is removed, and in force until: twirec retention apply"
    answer(as_json, _plain([rule])[0], said)


@retention.command("preview")
@as_json
def preview(as_json: bool) -> None:
    """Say what the rules would do if they were applied now. Nothing is done."""
    seen = twirec.Archive.from_env().custody.retention.preview(by=operator())
    if as_json:
        rules = [
            asdict(each) | {"rule": _plain([each.rule])[0], "going": each.going}
            for each in seen.rules
        ]
        print_json(asdict(seen) | {"rules": rules})
        return
    if not seen.rules:
        say(NO_RULES)
    for each in seen.rules:
        _tell_of(each)
    if seen.without_rule:
        say(f"{counted(seen.without_rule, 'recording')} match no rule: kept without end.")
    if seen.without_start:
        say(f"Of {counted(seen.without_start, 'recording')} nobody knows the start: kept.")
    if seen.in_force:
        say("These rules are in force.")
    elif seen.rules or seen.any_in_force:
        say(f"To put them in force: twirec retention apply {seen.confirm} --reason '…'")


def _tell_of(seen: RulePreview) -> None:
    rule = seen.rule
    end = {AtEnd.BLOCK: "blocked", AtEnd.DESTROY: "destroyed"}[rule.at_end]
    if rule.kept is not Kept.RECORDINGS:
        end = "forgotten"
    say(f"{rule.name}: {rule.kept} of {asked_of(rule)}, kept for {rule.term}, then {end}")
    if not seen.matched:
        say("  matches nothing")
        return
    say(f"  {counted(seen.matched, _ONE[rule.kept])}; {seen.going:,} would be {end} now")
    if seen.held:
        verb = "is" if seen.held == 1 else "are"
        say(f"  {seen.held:,} more would be, and {verb} held")
    if seen.earliest:
        say(f"  the first day on which one of them may go: after {seen.earliest}")
    if seen.examples:
        say(f"  such as {', '.join(seen.examples)}")


_ONE = {Kept.RECORDINGS: "recording", Kept.CALLS: "call", Kept.NOTES: "note"}


@retention.command("apply")
@click.argument("confirm")
@REASON
@as_json
def apply(confirm: str, reason: str, as_json: bool) -> None:
    """Put the rules in force as they stand. CONFIRM is what `preview` gave."""
    rules = twirec.Archive.from_env().custody.retention
    change = rules.apply(confirm=confirm, by=operator(), reason=reason)
    answer(as_json, asdict(change), "The rules are in force. `twirec work` does what they say.")


@retention.command("show")
@click.argument("sid")
@as_json
def show(sid: str, as_json: bool) -> None:
    """Show when a recording (RE…) is destroyed, and by which rule."""
    archive = twirec.Archive.from_env()
    said = archive.custody.retention.of(sid, by=operator())
    if as_json:
        print_json(asdict(said))
        return
    fields = {
        "rule": said.rule,
        "kept until": said.kept_until,
        "then": said.at_end,
        "blocked until": said.blocked_until,
        "destroyed on": destroyed_on(said),
    }
    print_fields(
        {name: value for name, value in fields.items() if value}, archive.settings.timezone
    )


def destroyed_on(said: Retention) -> str:
    """Return when a recording is destroyed, in words."""
    if said.held:
        day = f", and not before {said.destroyed_on}" if said.destroyed_on else ""
        return f"not as long as it is held{day}"
    return str(said.destroyed_on) if said.destroyed_on else "never: no rule says so"


@retention.command("history")
@as_json
def history(as_json: bool) -> None:
    """Show who changed the rules when, how, and why."""
    archive = twirec.Archive.from_env()
    changes = archive.custody.retention.history()
    if as_json:
        print_json([asdict(each) for each in changes])
        return
    if not changes:
        say("No rule was ever set.")
        return
    columns = (
        Column("when"),
        Column("by", 4),
        Column("step", 1),
        Column("rule", 2),
        Column("keeps", 3, folds=True),
        Column("why", 5, folds=True),
    )
    zone = archive.settings.timezone
    rows = [
        (
            f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}",
            each.by,
            each.step,
            each.name or "all",
            f"{each.kept} for {each.term}" if each.step is RetentionStep.SET else "",
            each.why,
        )
        for each in changes
    ]
    print_table(columns, rows)


@retention.command("suggest")
@as_json
def suggest(as_json: bool) -> None:
    """Print the commands that set rules to begin with. Nothing is set.

    No law says how long a company keeps its calls: it decides by what it needs them for.
    """
    rules = SUGGESTED["ES"]
    if as_json:
        print_json(_plain(rules))
        return
    for rule in rules:
        words = [f"twirec retention set {rule.name} --keep '{rule.term}'"]
        if rule.kept is not Kept.RECORDINGS:
            words.append(f"--of {rule.kept}")
        if rule.case:
            words.append(f"--case '{rule.case}'")
        if rule.kept is Kept.RECORDINGS:
            words.append(f"--then {rule.at_end}")
        say(" ".join([*words, "--reason '…'"]))
    say("twirec retention preview")
