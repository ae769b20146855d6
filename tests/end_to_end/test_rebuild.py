"""The database is lost, and made anew from the bucket: what search says before and after."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.end_to_end.site import SPEED, Site
from tests.end_to_end.test_modes import behaves
from tests.end_to_end.test_pausing import recorded_call
from tests.erasing import destroy
from tests.factories import SEEING
from twirec.archive import Archive
from twirec.model.records import CallRecord
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, Outcome, Reason

ON_BUCKETS = pytest.mark.parametrize("any_site", ["folder", "strict-gcs"], indirect=True)


def play_calls_of_all_kinds(site: Site) -> dict[str, str]:
    """Return the SIDs of calls, by what came of each; all is transferred and nothing erased."""
    site.archive.policy.change(by="ana", why="advice", mode=ConsentMode.OPT_OUT)
    sids = {
        "recorded": site.call(),
        "refused": site.call(caller=behaves(ConsentMode.OPT_OUT, "2")),
        "hung up": site.call(caller=behaves(ConsentMode.OPT_OUT, "hangs up during")),
        "erased": site.call(),
    }
    paused = recorded_call(site)
    time.sleep(5 / SPEED)
    site.archive.recordings.pause(paused.sid, by="ana")
    site.archive.recordings.resume(paused.sid, by="ana")
    paused.wait(timeout=120)
    sids["paused"] = paused.sid
    foreign = site.sandbox.add_recording(seconds=2.0)  # no call of ours asked for it
    site.archive.operations.sweep()
    sids["foreign"] = foreign.sid
    site.work_on()
    site.archive.calls.annotate(sids["recorded"], by="ana", note="complains", case="7")
    return sids


def lose_the_database(site: Site, folder: Path) -> Archive:
    """Delete the catalog, and return an archive with a new one, in a database of its own."""
    site.archive.close()
    for file in folder.glob("catalog.db*"):
        file.unlink()
    site.catalog = "new.db"
    site.archive = site.open_archive()
    return site.archive


def calls(archive: Archive) -> tuple[CallRecord, ...]:
    return archive.calls.search(**SEEING).calls


def erase(site: Site, call: str) -> str:
    (recording,) = site.archive.calls.get(call).recordings
    destroy(site.archive, recording.sid, "request 7")
    site.work_on()
    return recording.sid


@ON_BUCKETS
def test_search_says_the_same_before_and_after_and_nothing_erased_comes_back(
    any_site: Site, tmp_path: Path
) -> None:
    site = any_site
    sids = play_calls_of_all_kinds(site)
    erased = erase(site, sids["erased"])
    site.archive.audit.record("sign_in", by="ana")
    assert site.archive.journal.write().problems == {}
    before, not_recorded = calls(site.archive), site.archive.calls.search(not_recorded=True)
    history, log = site.archive.catalog.policy.history(), site.archive.audit.log()
    foreign = site.archive.catalog.recordings.get(sids["foreign"])
    objects = site.stored()

    archive = lose_the_database(site, tmp_path)
    report = archive.journal.rebuild(by="ana")
    assert report.problems == {}
    assert calls(archive) == before
    assert archive.calls.search(not_recorded=True) == not_recorded
    assert {record.call.reason for record in not_recorded.calls} == {
        Reason.REFUSED,
        Reason.HUNG_UP,
    }
    assert {record.call.call_sid for record in before} >= {
        sids[kind] for kind in ("recorded", "refused", "hung up", "erased", "paused")
    }
    assert archive.calls.get(sids["paused"]).pauses
    assert archive.calls.get(sids["recorded"]).notes
    assert archive.catalog.recordings.get(sids["foreign"]) == foreign
    assert foreign.custody is Custody.QUARANTINED
    assert archive.catalog.recordings.get(erased).state is State.ERASED
    assert archive.catalog.policy.history() == history
    assert archive.audit.log()[1:] == log
    assert archive.audit.verify(archive.journal.audit_head()).whole

    assert archive.operations.sweep(full=True).problems == {}
    site.work_on()
    assert calls(archive) == before
    assert site.stored() == objects
    assert site.at_vendor() == []
    assert archive.catalog.recordings.get(erased).state is State.ERASED
    assert archive.journal.write().problems == {}


@ON_BUCKETS
def test_what_came_after_the_last_journal_is_found_by_its_labels_and_by_the_sweep(
    any_site: Site, tmp_path: Path
) -> None:
    site = any_site
    journalled = site.call()
    site.work_on()
    site.archive.journal.write()
    erased = erase(site, journalled)
    later = site.call()
    site.work_on()
    (recording,) = site.archive.calls.get(later).recordings
    consents = site.archive.calls.get(later).consents

    archive = lose_the_database(site, tmp_path)
    assert archive.journal.rebuild(by="ana").from_labels == 1
    assert archive.operations.sweep(full=True).problems == {}
    site.work_on()
    record = archive.calls.get(later)
    assert (record.call.outcome, record.consents) == (Outcome.RECORDED, consents)
    assert [(each.sid, each.state, each.custody) for each in record.recordings] == [
        (recording.sid, State.RELEASED, Custody.ACTIVE)
    ]
    assert record.recordings[0].channel_map == recording.channel_map
    assert archive.catalog.recordings.get(erased).state is State.ERASED
    assert len(site.stored()) == 1
    assert site.at_vendor() == []


def test_the_journal_of_a_site_is_lines_of_json_without_what_was_erased(site: Site) -> None:
    call = site.call()
    site.work_on()
    site.archive.journal.write()
    (recording,) = site.archive.calls.get(call).recordings
    erase(site, call)
    (stored,) = site.archive.bucket.list("journal/")
    text = b"".join(site.archive.bucket.open_range(stored.name)).decode()
    assert recording.sha256 not in text
    assert recording.sid in [
        json.loads(line)["row"]["sid"]
        for line in text.splitlines()
        if json.loads(line).get("table") == "recordings"
    ]
