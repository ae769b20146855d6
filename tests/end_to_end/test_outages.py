"""What is down, full, locked, forbidden or wrong for long: a clear reason, and nothing lost."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import uuid
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.site import CALLER, CUSTOMER, OWN_NUMBER, Site
from tests.factories import SEEING
from tests.servers import StrictGcs
from tests.strict_gcs.faults import Fault as BucketFault
from twirec.catalog import waiting
from twirec.doctor.results import Level
from twirec.doctor.vendor import check_clock
from twirec.model.errors import CatalogUnavailable, LookedAtNothing, TwirecError
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Direction, Outcome, Reason
from twirec.sandbox import ALWAYS, Endpoint, Fault, Faults

FOREVER = 1_000_000


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses inside one try be short; those between tries are on the movable clock."""
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.01)


def check_nothing_lost(site: Site) -> None:
    """Every recording that there ever was is in the bucket, once, and nowhere else."""
    held = site.sandbox.recordings
    assert held
    assert site.at_vendor() == []
    assert len(site.stored()) == len(held)
    for at_vendor in held:
        recording = site.archive.catalog.recordings.get(at_vendor.sid)
        assert (recording.state, recording.last_error) == (State.RELEASED, "")
        kept = hashlib.sha256(site.bytes_of(recording)).hexdigest()
        assert kept == site.sandbox.sha256(at_vendor.sid)


def sweep_and_work(site: Site) -> None:
    site.archive.operations.sweep()
    site.work_on()


def test_a_full_disk(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    held = site.record()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        site.work_on()
        (parked,) = site.archive.operations.parked()
        assert parked.sid == held.sid
        assert "full" in parked.last_error
        assert (site.stored(), site.at_vendor()) == ([], [held.sid])
    sweep_and_work(site)
    check_nothing_lost(site)


@pytest.mark.about_sqlite("it locks the file")
def test_a_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.25)
    with Site(tmp_path, f"file://{tmp_path}/bucket").running() as site:
        recorded = site.call()
        with closing(sqlite3.connect(tmp_path / "catalog.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(CatalogUnavailable, match="locked"):
                site.archive.operations.worker().run_once()
            unrecorded = site.call()
            told = site.sandbox.add_recording(seconds=3.0)
            reply = site.sandbox.callbacks.post_status(told, f"{site.url}/twirec/status")
            assert reply.status == 500
        sweep_and_work(site)
        check_nothing_lost(site)
        assert site.archive.calls.get(recorded).call.outcome is Outcome.RECORDED
        line = site.archive.calls.get(unrecorded).call
        assert (line.outcome, line.reason) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)


def test_an_agents_call_while_the_catalog_is_down_has_the_customers_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.call()

    def down(*_: object, **__: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    with monkeypatch.context() as outage:
        outage.setattr(site.archive.catalog.ledger, "open_call", down)
        sid = site.dial_out(CALLER)
    assert site.archive.operations.sweep().lines_written == 1
    (found,) = site.archive.calls.search(number=CUSTOMER, direction=Direction.OUT).calls
    assert (found.call.call_sid, found.call.own_number) == (sid, OWN_NUMBER)
    assert (found.call.direction, found.call.reason) == (Direction.OUT, Reason.CATALOG_DOWN)
    sweep_and_work(site)
    check_nothing_lost(site)


def test_a_forbidden_bucket(
    strict_server: StrictGcs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", strict_server.url)
    with Site(tmp_path, f"gs://recordings/{uuid.uuid4()}").running() as site:
        held = site.record()
        strict_server.faults.add(BucketFault(on="multipart", times=FOREVER, status=403))
        try:
            site.work_on()
        finally:
            strict_server.faults.clear()
        (parked,) = site.archive.operations.parked()
        assert parked.last_error.startswith("BucketRefused")
        assert "403" in parked.last_error
        assert (site.stored(), site.at_vendor()) == ([], [held.sid])
        sweep_and_work(site)
        check_nothing_lost(site)


def test_a_clock_that_is_an_hour_fast(site: Site) -> None:
    """A consent that seems to come after the recording began proves nothing: an admin decides."""
    site.skip(timedelta(hours=1))
    sid = site.call()
    site.work_on()
    assert check_clock(datetime.now(UTC), site.now()).level is Level.FAILED
    site.skip(timedelta(hours=-1))
    sweep_and_work(site)
    check_nothing_lost(site)
    (recording,) = site.archive.calls.get(sid, **SEEING).recordings
    assert recording.custody is Custody.QUARANTINED
    site.archive.custody.admit(recording.sid, ground="told; the clock was an hour fast", by="ana")
    assert site.archive.calls.get(sid).recordings[0].custody is Custody.ACTIVE


def test_a_clock_that_is_an_hour_slow(site: Site) -> None:
    site.skip(timedelta(hours=-1))
    untold = site.call(faults=Faults(callbacks_lost=("in-progress", "completed", "call")))
    site.work_on()
    with suppress(LookedAtNothing):
        site.archive.operations.sweep()
    assert check_clock(datetime.now(UTC), site.now()).level is Level.FAILED
    site.skip(timedelta(hours=1))
    sweep_and_work(site)
    check_nothing_lost(site)
    assert site.archive.calls.get(untold).recordings[0].custody is Custody.ACTIVE


def test_a_vendor_that_is_down_for_a_day(site: Site) -> None:
    known = site.call()
    (recording,) = site.archive.calls.get(known).recordings
    down = {Fault.UNAVAILABLE: ALWAYS}
    site.sandbox.faults = Faults(**{str(endpoint): down for endpoint in Endpoint})  # type: ignore[arg-type]
    for _ in range(3):
        site.work_on()
        (parked,) = site.archive.operations.parked()
        assert parked.last_error.startswith("VendorUnavailable")
        with pytest.raises(TwirecError, match="503"):
            site.archive.operations.sweep()
        site.skip(timedelta(hours=8))
    assert site.stored() == []
    site.sandbox.faults = Faults()
    sweep_and_work(site)
    check_nothing_lost(site)
    assert [kept.sid for kept in site.archive.calls.get(known).recordings] == [recording.sid]
