"""What is held: nothing destroys it until that is lifted."""

from __future__ import annotations

import click

import twirec
from twirec.cli.approvals import waits
from twirec.cli.output import Column, answer, as_json, print_json, print_table, say
from twirec.settings.operating_user import operator

CASE = click.option("--case", required=True, help="The number of the dispute.")
REASON = click.option("--reason", required=True, help="Why; it is kept with the hold.")


@click.command()
@click.argument("sid", required=False)
@CASE
@REASON
@click.option(
    "--number", help="Instead of a recording: those of this number's calls, also to come."
)
@click.option("--since", help="Of a number: calls from then on, such as 2026-11-03.")
@click.option("--until", help="Of a number: calls up to then; without it, all to come.")
@as_json
def hold(
    sid: str | None,
    case: str,
    reason: str,
    number: str | None,
    since: str | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Hold a recording (RE…), or those of a number's calls: nobody destroys them.

    Several holds may be on one recording; each is lifted by itself.
    """
    if (sid is None) == (number is None):
        raise click.UsageError("Give a recording, RE…, or --number.")
    if sid is not None and (since or until):
        raise click.UsageError("--since and --until go with --number.")
    custody = twirec.Archive.from_env().custody
    if sid is not None:
        held = custody.hold(sid, case=case, reason=reason, by=operator())
    else:
        said = {"case": case, "reason": reason}
        held = custody.holds.add(number or "", **said, since=since, until=until, by=operator())
    answer(as_json, held, f"Hold {held.id}, for {held.case_number}: nothing destroys it.")


@click.command()
@click.argument("sid", required=False)
@click.option("--case", help="The number of the dispute, with a recording.")
@click.option("--hold", "number", type=int, help="The number of a hold, of a number's calls.")
@REASON
@as_json
def unhold(
    sid: str | None, case: str | None, number: int | None, reason: str, as_json: bool
) -> None:
    """Ask that the holds on a recording (RE…) for a case are lifted, or one hold by its number.

    A second person approves it. `twirec holds` shows what is held.
    """
    if (sid is None) == (number is None) or (sid is None) != (case is None):
        raise click.UsageError("Give a recording, RE…, with --case; or --hold.")
    custody = twirec.Archive.from_env().custody
    if number is not None:
        asked = custody.holds.lift(number, reason=reason, by=operator())
    else:
        asked = custody.unhold(sid or "", case=case or "", reason=reason, by=operator())
    answer(as_json, asked, waits(asked))


@click.command()
@click.argument("sid", required=False)
@click.option("--case", help="Only those for this case.")
@click.option("--lifted", is_flag=True, help="Those that were lifted, too.")
@as_json
def holds(sid: str | None, case: str | None, lifted: bool, as_json: bool) -> None:
    """Show what is held: of a recording (RE…), for a case, or all."""
    archive = twirec.Archive.from_env()
    found = [
        each
        for each in (
            archive.custody.holds.of(sid, by=operator())
            if sid is not None
            else archive.custody.holds.list(case=case, lifted=lifted, limit=10_000, by=operator())
        )
        if (lifted or not each.lifted) and (case is None or each.case_number == case)
    ]
    if as_json:
        print_json(found)
    elif not found:
        say("Nothing is held.")
    else:
        columns = (
            Column("hold"),
            Column("of"),
            Column("case", folds=True),
            Column("reason", 2, folds=True),
            Column("by", 3),
            Column("since", 1),
            Column("lifted", 4),
        )
        zone = archive.settings.timezone
        day = "%Y-%m-%d %H:%M"
        rows = [
            (
                each.id,
                each.recording_sid or each.number or "a number",
                each.case_number,
                each.reason,
                each.by,
                each.at.astimezone(zone).strftime(day),
                each.lifted_at.astimezone(zone).strftime(day) if each.lifted_at else "",
            )
            for each in found
        ]
        print_table(columns, rows)
