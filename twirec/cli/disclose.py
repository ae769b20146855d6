"""Giving recordings to somebody outside: consents, links, and what was opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

import twirec
from twirec.cli.convert import Moment
from twirec.cli.output import Column, answer, as_json, print_fields, print_json, print_table, say
from twirec.model.audio import Channels
from twirec.model.disclosures import (
    ConsentMethod,
    Disclosure,
    DisclosureConsent,
    DisclosureGround,
)
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="What was said of it; it is kept.")
RECIPIENT = click.option("--recipient", required=True, help="To whom it is given.")
PURPOSE = click.option("--purpose", required=True, help="What for.")


class Span(click.ParamType[tuple[float, float]]):
    """A span of a recording: `0:30-0:45`."""

    name = "from-to"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Return the seconds from which and to which."""
        said = re.fullmatch(r"([^-]+)-([^-]+)", str(value))
        if said is None:
            self.fail(f"{value!r} is not a span such as 0:30-0:45.", param, ctx)
        start, end = (Moment().convert(each.strip(), param, ctx) for each in said.groups())
        return start, end


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def disclose(context: click.Context, as_json: bool) -> None:
    """Give recordings to somebody outside, by a link and a code; without a command, list them.

    It needs the consent of everybody who is heard, to this recipient and this purpose, or a legal
    ground with its reference. See docs/disclosure.md.
    """
    if context.invoked_subcommand is None:
        _list(100, as_json)
    elif as_json:
        raise click.UsageError(f"Write --json behind {context.invoked_subcommand}.")


@disclose.command()
@click.argument("sid")
@click.option("--participant", required=True, help="Whose; `show` names them.")
@click.option("--name", default="", help="Who that is, where the catalog does not know.")
@RECIPIENT
@PURPOSE
@click.option(
    "--on",
    "given_on",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day on which they consented.",
)
@click.option(
    "--how",
    type=click.Choice([word.value.replace("_", "-") for word in ConsentMethod]),
    required=True,
)
@click.option("--evidence", required=True, help="Where it can be looked up: 'letter in file C-7'.")
@as_json
def consent(
    sid: str,
    participant: str,
    name: str,
    recipient: str,
    purpose: str,
    given_on: datetime,
    how: str,
    evidence: str,
    as_json: bool,
) -> None:
    """Write down that a participant of a recording (RE…) consented to one disclosure of it."""
    made = twirec.Archive.from_env().custody.disclosures.consent(
        sid,
        participant=participant,
        name=name,
        recipient=recipient,
        purpose=purpose,
        given_on=given_on.date(),
        how=how,
        evidence=evidence,
        by=operator(),
    )
    answer(as_json, made, f"Consent {made.id} of {made.participant}, given on {made.given_on}.")


@disclose.command()
@click.argument("consent_id", type=int)
@REASON
@as_json
def withdraw(consent_id: int, reason: str, as_json: bool) -> None:
    """Withdraw a consent, by its number: every link that stands on it is dead at once."""
    ended = twirec.Archive.from_env().custody.disclosures.withdraw(
        consent_id, why=reason, by=operator()
    )
    answer(as_json, ended, f"Consent {ended.id} of {ended.participant} is withdrawn.")


@disclose.command()
@click.argument("sid")
@RECIPIENT
@PURPOSE
@click.option(
    "--ground",
    type=click.Choice([word.value.replace("_", "-") for word in DisclosureGround]),
    default=DisclosureGround.CONSENT.value,
    show_default=True,
)
@click.option("--reference", default="", help="Of the order or request, where it is no consent.")
@click.option("--format", "format_", default="wav", show_default=True, help="See docs/audio.md.")
@click.option(
    "--channels",
    type=click.Choice([word.value.replace("_", "-") for word in Channels]),
    default=Channels.BOTH.value,
    show_default=True,
    help="Such as without-agent, which silences the agent.",
)
@click.option("--from", "start", type=Moment(), default=0.0, help="Such as 0:30.")
@click.option("--to", "end", type=Moment(), help="Such as 1:10.")
@click.option("--cut", "cuts", type=Span(), multiple=True, help="Silence there, such as 0:30-0:45.")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True)
@click.option("--openings", type=click.IntRange(1, 20), default=1, show_default=True)
@as_json
def give(
    sid: str,
    recipient: str,
    purpose: str,
    ground: str,
    reference: str,
    format_: str,
    channels: str,
    start: float,
    end: float | None,
    cuts: tuple[tuple[float, float], ...],
    days: int,
    openings: int,
    as_json: bool,
) -> None:
    """Make a link by which one recipient may open a recording (RE…), with a code.

    Link and code are printed once: send them by two ways, such as a mail and a call.
    """
    archive = twirec.Archive.from_env()
    made = archive.custody.disclosures.give(
        sid,
        recipient=recipient,
        purpose=purpose,
        ground=ground,
        reference=reference,
        format=format_,
        channels=channels,
        start=start,
        end=end,
        cuts=list(cuts),
        expires_in=timedelta(days=days),
        openings=openings,
        by=operator(),
    )
    until = made.disclosure.expires_at.astimezone(archive.settings.timezone)
    answer(
        as_json,
        {**_fields(made.disclosure, archive), "link": made.link, "code": made.code},
        f"{made.disclosure.id} is open until {until:%Y-%m-%d %H:%M}, {_times(openings)}.",
        f"Link: {made.link}",
        f"Code: {made.code}",
        "Send them by two ways, such as a mail and a call: whoever has both opens it. Neither is "
        "shown again.",
    )


@disclose.command()
@click.argument("disclosure_id")
@REASON
@as_json
def revoke(disclosure_id: str, reason: str, as_json: bool) -> None:
    """End a link (DI…) at once, also for who has opened it."""
    archive = twirec.Archive.from_env()
    ended = archive.custody.disclosures.revoke(disclosure_id, why=reason, by=operator())
    answer(as_json, _fields(ended, archive), f"{ended.id} opens nothing any more.")


@disclose.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@as_json
def list_(limit: int, as_json: bool) -> None:
    """List what was given to others, newest first, and how often it was opened."""
    _list(limit, as_json)


@disclose.command()
@click.argument("sid")
@as_json
def show(sid: str, as_json: bool) -> None:
    """Show who is heard in a recording (RE…), who consented to what, and what was given."""
    archive, by = twirec.Archive.from_env(), operator()
    disclosures = archive.custody.disclosures
    heard = disclosures.participants(sid, by=by)
    consents, given = disclosures.consents(sid, by=by), disclosures.of(sid, by=by)
    if as_json:
        print_json(
            {
                "participants": heard,
                "consents": consents,
                "disclosures": [_fields(each, archive) for each in given],
            }
        )
        return
    say("Heard in it, or perhaps:")
    for each in heard:
        say(f"  {each.key}{'' if each.known else ' (nobody knows who: name them)'}")
    for consent in consents:
        say()
        print_fields(_consent_fields(consent), archive.settings.timezone)
    for disclosure in given:
        say()
        print_fields(_shown(disclosure, archive), archive.settings.timezone)


def _list(limit: int, as_json: bool) -> None:
    archive = twirec.Archive.from_env()
    given = archive.custody.disclosures.list(limit=limit, by=operator())
    if as_json:
        print_json([_fields(each, archive) for each in given])
    elif not given:
        say("Nothing was given to others.")
    else:
        columns = (
            Column("given", 2),
            Column("disclosure"),
            Column("recording", 4),
            Column("recipient", folds=True),
            Column("ground", 5),
            Column("until", 3),
            Column("opened", 1),
            Column("state"),
        )
        zone, now = archive.settings.timezone, archive.now()
        rows = [
            (
                f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}",
                each.id,
                each.recording_sid,
                each.recipient,
                each.ground,
                f"{each.expires_at.astimezone(zone):%Y-%m-%d %H:%M}",
                f"{each.opened} of {each.openings}",
                each.state(now),
            )
            for each in given
        ]
        print_table(columns, rows)


def _fields(disclosure: Disclosure, archive: twirec.Archive) -> dict[str, Any]:
    """Return a disclosure for JSON, with what its link is now."""
    return {**asdict(disclosure), "state": disclosure.state(archive.now())}


def _shown(disclosure: Disclosure, archive: twirec.Archive) -> Mapping[str, object]:
    spec = disclosure.spec
    return {
        "disclosure": disclosure.id,
        "state": disclosure.state(archive.now()),
        "recipient": disclosure.recipient,
        "purpose": disclosure.purpose,
        "ground": disclosure.ground,
        "reference": disclosure.reference,
        "consents": ", ".join(map(str, disclosure.consents)),
        "copy": ", ".join(f"{name}: {said}" for name, said in spec.detail.items()) if spec else "",
        "given": disclosure.at,
        "by": disclosure.by,
        "until": disclosure.expires_at,
        "opened": f"{disclosure.opened} of {disclosure.openings}",
        "first": disclosure.first_opened_at,
        "last": disclosure.last_opened_at,
        "tried in vain": disclosure.wrong_codes or "",
        "ended": disclosure.revoked_at,
        "ended by": disclosure.revoked_by,
        "because": disclosure.revoked_why,
    }


def _consent_fields(consent: DisclosureConsent) -> Mapping[str, object]:
    return {
        "consent": consent.id,
        "of": consent.participant,
        "who is": consent.name,
        "recipient": consent.recipient,
        "purpose": consent.purpose,
        "given on": consent.given_on,
        "how": consent.how,
        "evidence": consent.evidence,
        "entered by": consent.by,
        "withdrawn": consent.withdrawn_at,
        "withdrawn by": consent.withdrawn_by,
        "because": consent.withdrawn_why,
    }


def _times(openings: int) -> str:
    return "for one opening" if openings == 1 else f"for {openings} openings"
