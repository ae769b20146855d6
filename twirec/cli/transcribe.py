"""What is said in a recording, in writing."""

from __future__ import annotations

import json

import click

import twirec
from twirec.cli.convert import purposed
from twirec.cli.output import as_json, print_json, say
from twirec.model.clock import clock
from twirec.model.hints import TRANSCRIPT
from twirec.model.transcript import Sentence, Transcript
from twirec.settings.operating_user import operator


@click.command()
@click.argument("sid", required=False)
@click.option("--since", help="Instead of a recording: all from then on, such as 2026-11-03.")
@click.option("--until", help="Up to then; a day alone is included.")
@click.option("--later", is_flag=True, help="Leave it to the workers, and print nothing of it.")
@purposed
@as_json
def transcribe(
    sid: str | None,
    since: str | None,
    until: str | None,
    later: bool,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Write down what is said in a recording (RE…), and print it; or ask for many.

    A machine writes it, which errs: the sound decides. One that is there is printed as it is.
    """
    if (sid is None) == (since is None):
        raise click.UsageError("Give a recording, RE…, or --since.")
    if since is None and until is not None:
        raise click.UsageError("--until goes with --since.")
    archive = twirec.Archive.from_env()
    if sid is None:
        count = archive.transcripts.request_all(since or "", until, by=operator())
        if as_json:
            print_json({"asked_for": count})
        else:
            say(f"{count} transcripts are asked for; workers make them, see `twirec stats`.")
        return
    kept = archive.transcripts.request(sid, by=operator())
    if not later and kept.due_at is not None:
        archive.jobs.do(TRANSCRIPT, sid)
        kept = archive.transcripts.of(sid, by=operator()) or kept
    if later or kept.object_name is None:
        why = kept.last_error or archive.transcripts.warning()
        if not later and why:
            raise click.ClickException(f"{sid} has no transcript yet: {why}")
        state = {"sid": sid, "state": kept.state}
        print_json(state) if as_json else say(f"The transcript of {sid} is {kept.state}.")
        return
    transcript = archive.transcripts.get(sid, by=operator(), purpose=purpose)
    if as_json:
        print_json(json.loads(transcript.as_json()))
        return
    _print(transcript)


def _print(transcript: Transcript) -> None:
    say(f"Written by a machine ({transcript.model}), which errs: the sound decides.")
    for each in transcript.sentences:
        say(f"{clock(each.starts):>8}  {_side(each):<9} {each.text}")
    if not transcript.sentences:
        say("Nobody says anything in it.")


def _side(sentence: Sentence) -> str:
    return sentence.side.value if sentence.side else "somebody"
