"""Whether what is said can be written down here, and whether callers are told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime

from twirec.adapters.whisper import Whisper
from twirec.calls.policy import decide_all, scopes_of
from twirec.calls.wordings import says_transcribed
from twirec.catalog import Catalog
from twirec.doctor.results import failed, ok, warning
from twirec.model.errors import ModelUnusable, SpeechToolsMissing
from twirec.model.inspection import Check, CheckResult
from twirec.model.policy import PolicyChange
from twirec.model.transcript import changed
from twirec.settings import Settings


def transcript_results(settings: Settings, now: datetime) -> Iterator[CheckResult]:
    """Check the model, and the wordings of the calls of which transcripts are made."""
    with closing(Catalog(settings.database_url)) as catalog:
        made = catalog.transcripts.models()
        history = catalog.policy.history()
    if not settings.transcripts and not made:
        yield ok(Check.TRANSCRIPTS, "No transcripts are made: TWIREC_TRANSCRIPTS is off.")
        return
    yield check_model(Whisper(settings.transcript_model, settings.transcript_threads), made)
    yield from check_wordings(settings, history, now)


def check_model(model: Whisper, made: Mapping[str, int]) -> CheckResult:
    """Check that a model can be loaded, and made what there is.

    Args:
        model: which one.
        made: how many transcripts were made by which, by its SHA-256.
    """
    try:
        facts = model.load()
    except (ModelUnusable, SpeechToolsMissing) as error:
        return failed(Check.TRANSCRIPTS, str(error), "Until then no transcript is made.")
    if said := changed(made, facts):
        return warning(Check.TRANSCRIPTS, said, "Let `twirec work` run; or set the model back.")
    return ok(Check.TRANSCRIPTS, f"The model {facts.model} hears what is said.")


def check_wordings(
    settings: Settings, history: Sequence[PolicyChange], now: datetime
) -> Iterator[CheckResult]:
    """Check that callers are told, where transcripts are made of their calls.

    Args:
        settings: of which calls they are made, and what is said.
        history: of the policy.
        now: UTC.
    """
    scopes = scopes_of(list(history))
    decisions = decide_all(list(history), scopes, at=now, default=settings.policy)
    silent = {
        decision.policy.language
        for (number, direction), decision in zip(scopes, decisions, strict=True)
        if decision.policy.on and settings.transcripts.covers(number, direction)
    }
    if settings.transcripts and settings.policy.on:
        silent.add(settings.language)
    for language in sorted(silent):
        wording = settings.wordings.get(language)
        if wording is None or says_transcribed(wording.notice, language):
            continue
        yield warning(
            Check.TRANSCRIPTS,
            f"Transcripts are made of calls whose announcement in {language} does not say so.",
            "Say in its notice that what is said may be transcribed by a machine: "
            "TWIREC_ANNOUNCEMENTS.",
        )
