"""Finding calls and looking at one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import IO, Any

import click

import twirec
from twirec.cli.case import show_case
from twirec.cli.output import (
    answer,
    as_json,
    counted,
    or_not_known,
    print_calls,
    print_fields,
    print_json,
    print_sentences,
    record_fields,
    say,
)
from twirec.cli.waveform import sound_fields, sound_lines, sound_of
from twirec.model.announcements import Announcement
from twirec.model.call_state import call_state
from twirec.model.custody import OrderKind
from twirec.model.errors import NotFound
from twirec.model.numbers import MOST_NAMED, NumbersReport
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason, Role
from twirec.model.waveform import Waveform
from twirec.settings.operating_user import operator

SHOWN = 20
"""How many rows of a file are named; `--json` names more."""

DECIDE = "you: twirec accept, twirec give-up, or twirec work --retry"


def _as_typed(words: Sequence[str]) -> str:
    """Return words as a sentence; behind a word, such as `note` or `said:`, several have quotes.

    A shell takes them away. Where they mean nothing, a search minds no quotes.
    """
    return " ".join(
        _quoted(word, behind=before.isalpha() or before.endswith(":"))
        for before, word in zip(("", *words), words, strict=False)
    )


def _quoted(word: str, *, behind: bool) -> str:
    if " " not in word or '"' in word:
        return word
    name, colon, value = word.partition(":")
    if colon and " " in value and name.replace(" ", "").isalpha():
        return f'{name}:"{value}"'
    return f'"{word}"' if behind else word


@click.command()
@click.argument("text", nargs=-1)
@click.option("--number", help="The customer's number as you would type it, or its last digits.")
@click.option("--since", help="Call time from: 2026-11-03 or '2026-11-03 16:30'.")
@click.option("--until", help="Call time up to; a date alone includes that day.")
@click.option("--around", help="About when; see --within.")
@click.option("--within", default=30, show_default=True, help="Minutes around --around.")
@click.option("--direction", type=click.Choice([d.value for d in Direction]))
@click.option("--own-number", help="The company's number, or its last digits.")
@click.option("--forwarded-from", help="The whole number of whose phone forwarded the call.")
@click.option("--min-seconds", type=int, help="Of a recording.")
@click.option("--max-seconds", type=int, help="Of a recording.")
@click.option("--state", type=click.Choice([s.value for s in State]), help="Of a recording.")
@click.option("--outcome", type=click.Choice([o.value for o in Outcome]), help="Of the ledger.")
@click.option("--not-recorded", is_flag=True, help="Only calls that were not recorded.")
@click.option("--reason", type=click.Choice([r.value for r in Reason]), help="Why not recorded.")
@click.option("--consent", type=click.Choice([c.value for c in ConsentOutcome]))
@click.option("--case", help="Case number.")
@click.option("--note", help="Part of a note.")
@click.option("--agent", help="Whose leg it has: a number, client:NAME, or the name alone.")
@click.option("--said", help="Words that were said, by what a machine heard: best first.")
@click.option("--said-by", type=click.Choice([r.value for r in Role]), help="Who said them.")
@click.option("--sid", help="Of the call, or of one of its recordings.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", help="The next page: what the page before says.")
@click.option("--oldest-first", is_flag=True, help="The oldest calls first; on each page.")
@as_json
def search(
    text: tuple[str, ...],
    direction: str | None,
    state: str | None,
    outcome: str | None,
    reason: str | None,
    consent: str | None,
    as_json: bool,
    **query: Any,
) -> None:
    """Find calls, newest first, by what you say of number and time, and by options.

    The key of a customer's case (R-7KM-482-4) finds the case, with its calls and recordings.
    By words that were said (said:"twelve months"), best first, each with its sentence.
    """
    if query["not_recorded"] and outcome not in {None, Outcome.NOT_RECORDED}:
        raise click.UsageError("--not-recorded and --outcome contradict each other; give one.")
    archive = twirec.Archive.from_env()
    if twirec.looks_like_key(" ".join(text)):
        show_case(" ".join(text), as_json)
        return
    page = archive.calls.search(
        _as_typed(text) or None,
        direction=direction,
        state=state,
        outcome=outcome,
        reason=reason,
        consent=consent,
        by=operator(),
        **query,
    )
    if as_json:
        calls = [record_fields(record, archive.now()) for record in page.calls]
        counted = {"count": page.count, "exact": page.exact}
        turned = {"next": page.next, "previous": page.previous, "first": page.first}
        sentences = [asdict(sentence) for sentence in page.sentences]
        print_json({**counted, **turned, "calls": calls, "sentences": sentences})
    elif page.sentences:
        print_sentences(page, archive.settings.timezone)
        say("A machine heard this; the sound decides.")
    elif page.calls:
        print_calls(page.calls, archive.settings.timezone, archive.now())
        if page.next:
            more = "" if page.exact else " or more"
            say(f"Matching calls: {page.count:,}{more}; the next page: --after {page.next}")
    else:
        say("No call matches.")


@click.command()
@click.argument("sid")
@click.option("--note", help="What to remember of the call.")
@click.option("--case", help="The number of the dispute or file; '' takes it away.")
@click.option("--customer", help="The customer's number, of a call whose number is not known.")
@click.option("--own", help="The company's number, where it is not known.")
@click.option(
    "--direction", type=click.Choice([d.value for d in Direction]), help="Where it is not known."
)
@click.option("--reason", help="Where the numbers are from; it is on the audit log.")
@as_json
def annotate(
    sid: str,
    note: str | None,
    case: str | None,
    customer: str | None,
    own: str | None,
    direction: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Add a note to a call (CA… or RE…), set its case number, or add numbers nobody knew."""
    added = any(value is not None for value in (customer, own, direction))
    if added and not reason:
        raise click.UsageError("Say with --reason where the numbers are from.")
    if reason and not added:
        raise click.UsageError("--reason is for --customer, --own and --direction; give one.")
    archive = twirec.Archive.from_env()
    if added:
        record = archive.calls.add_numbers(
            sid,
            customer=customer,
            own=own,
            direction=direction,
            why=reason or "",
            by=operator(),
        )
    if note is not None or case is not None or not added:
        record = archive.calls.annotate(sid, note=note, case=case, by=operator())
    answer(as_json, record_fields(record, archive.now()), f"{record.call.call_sid}: written down.")


@click.command("add-numbers")
@click.argument("export", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--reason", required=True, help="Where the file is from; it is on the audit log.")
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@as_json
def add_numbers(export: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Add numbers to calls whose number is not known, from a file (`-`: standard input).

    The file is a day of Twilio's Bulk Export of calls, or CSV with a line of headings: sid, from,
    to, direction, or sid, customer_number, own_number, direction. A number that is known stays.
    Exit status 1 if a row cannot be read.
    """
    archive = twirec.Archive.from_env()
    with _opened(export) as file:
        report = archive.calls.add_numbers_from(file, why=reason, by=operator(), dry_run=dry_run)
    answer(as_json, report, *_figures(report))
    if report.unread:
        raise click.exceptions.Exit(1)


def _opened(name: str) -> IO[bytes]:
    try:
        return click.open_file(name, "rb")
    except OSError as error:
        raise click.FileError(name, error.strerror) from error


def _figures(report: NumbersReport) -> Iterator[str]:
    would = "would get" if report.dry_run else "got"
    lines = counted(report.added, "line")
    yield f"{counted(report.rows, 'row')}: {lines} {would} the numbers."
    if report.left_alone:
        yield f"  left alone, as the number is known: {report.left_alone:,}"
    if report.legs:
        yield f"  legs that other calls dialled: {report.legs:,}"
    if report.not_found:
        yield f"  without a line here: {report.not_found:,}"
        yield from _some(list(report.not_found_sids), report.not_found)
    if report.unread:
        yield f"  cannot be read: {report.unread:,}"
        said = [f"row {row}: {why}" for row, why in report.unread_rows.items()]
        yield from _some(said, report.unread)
    if report.labels_waiting:
        yield f"  labels that wait for `twirec sweep --full`: {report.labels_waiting:,}"
    yield f"Calls still without a number: {report.still_not_known:,}."


def _some(said: Sequence[str], count: int) -> Iterator[str]:
    yield from (f"    {each}" for each in said[:SHOWN])
    if count > SHOWN:
        yield f"    and {count - SHOWN:,} more; --json names {MOST_NAMED:,}"


@click.command()
@click.argument("sid")
@as_json
def show(sid: str, as_json: bool) -> None:
    """Show a call by its SID (CA…) or that of its recording (RE…)."""
    archive = twirec.Archive.from_env()
    try:
        record = archive.calls.get(sid, by=operator())
    except NotFound:
        if not sid.startswith("RE"):
            raise
        _show_alone(archive, sid, as_json)
        return
    wordings = {
        consent.announcement: archive.policy.announcement(consent.announcement)
        for consent in record.consents
    }
    if as_json:
        played = {hash_: asdict(wording) for hash_, wording in wordings.items()}
        sounds = [_with_sound(archive, recording) for recording in record.recordings]
        fields = record_fields(record, archive.now())
        print_json({**fields, "recordings": sounds, "announcements": played})
        return
    zone = archive.settings.timezone
    _print_call(record, zone, archive.now())
    for hash_, wording in wordings.items():
        _print_wording(hash_, wording, zone)
    for recording in record.recordings:
        _print_recording(archive, recording)
    for pause in record.pauses:
        span = {"silent from": pause.paused_at, "to": pause.resumed_at, "by": pause.by}
        _lines({**span, "in": pause.recording_sid}, zone)


def _show_alone(archive: twirec.Archive, sid: str, as_json: bool) -> None:
    """Show a recording whose call nobody knows (any more)."""
    recording = archive.recordings.get(sid, by=operator())
    if as_json:
        print_json({"recordings": [_with_sound(archive, recording)]})
    else:
        _print_recording(archive, recording)


def _with_sound(archive: twirec.Archive, recording: Recording) -> dict[str, Any]:
    sound = sound_of(archive, recording)
    fields = sound_fields(sound) if isinstance(sound, Waveform) else None
    return {**asdict(recording), "sound": fields}


def _print_call(record: CallRecord, zone: tzinfo, now: datetime) -> None:
    call = record.call
    _lines(
        {
            "call": call.call_sid,
            "direction": or_not_known(call.direction),
            "customer": or_not_known(call.customer_number),
            "came as": call.customer_address,
            "own number": or_not_known(call.own_number),
            "reached as": call.own_address,
            "said": ", ".join(call.facts),
            "started": call.started_at,
            "ended": call.ended_at,
            "now": call_state(record, now),
            "outcome": call.outcome,
            "reason": call.reason,
            "detail": call.detail,
            "legal basis": call.legal_basis,
            "case": call.case_number,
        },
        zone,
    )
    for consent in record.consents:
        said = f"{consent.outcome} by {consent.method} {consent.key}".strip()
        known = ", ".join(f"entry {entry}" for entry in consent.agents)
        _lines({"consent": said, "given": consent.at, "agents": known}, zone)
    for leg in record.legs:
        _lines({"leg": leg.leg_sid, "agent": leg.agent}, zone)
    for note in record.notes:
        text = note.text or f"case number: {note.case_number or 'none'}"
        where = {} if note.second is None else {"at": f"{note.second:g} s of {note.recording_sid}"}
        _lines({"note": text, **where, "written": note.at, "by": note.by}, zone)


def _print_wording(hash_: str, wording: Announcement, zone: tzinfo) -> None:
    """Print what was played, and the text whose SHA-256 is its hash."""
    fields = {
        "announcement": hash_,
        "language": wording.language,
        "said by": wording.voice or "own audio",
        "wording": wording.text,
        "question": wording.question,
        "hashed": wording.content,
    }
    _lines(fields, zone)


def _print_recording(archive: twirec.Archive, recording: Recording) -> None:
    channels = ", ".join(recording.channel_map)
    left_alone = archive.recordings.left_alone(recording.sid, by=operator())
    sound = sound_of(archive, recording)
    heard = sound_lines(sound) if isinstance(sound, Waveform) else [sound]
    _lines(
        {
            "recording": recording.sid,
            "state": recording.state,
            "at Twilio": _kept(archive, recording),
            "custody": recording.custody,
            "legal ground": recording.legal_ground,
            "recorded from": recording.started_at,
            "seconds": recording.duration,
            "channels": f"{recording.channels} ({channels})" if channels else recording.channels,
            "object": recording.object_name,
            "size": recording.size,
            "sha256": recording.sha256,
            "due": None if left_alone else recording.due_at,
            "last error": recording.last_error,
            "waits for": DECIDE if recording.undecided else "",
            **_decided(archive, recording),
            "sound": "\n".join(heard),
        },
        archive.settings.timezone,
    )


def _kept(archive: twirec.Archive, recording: Recording) -> str:
    """Return why Twilio's copy stays where it is; empty where it does not."""
    if not recording.kept:
        held = archive.recordings.left_alone(recording.sid, by=operator())
        return "left alone, as it is not proven to be ours (TWIREC_ADOPT)" if held else ""
    if recording.keep_at_vendor:
        return "kept there until somebody says otherwise"
    return "kept there for a trial (TWIREC_KEEP_AT_TWILIO)"


def _decided(archive: twirec.Archive, recording: Recording) -> dict[str, str]:
    """Return what somebody decided of what could not be copied as it is."""
    accepted = recording.accepted
    if accepted:
        said = f"{accepted.by}: {accepted.why}"
        return {"accepted by": said, "despite": accepted.despite}
    if not recording.given_up:
        return {}
    orders = archive.custody.orders(recording.sid, by=operator())
    order = [each for each in orders if each.kind is OrderKind.GIVE_UP][-1]
    return {"given up by": f"{order.by}: {order.why}"}


def _lines(fields: Mapping[str, object], zone: tzinfo) -> None:
    print_fields(fields, zone)
    say()
