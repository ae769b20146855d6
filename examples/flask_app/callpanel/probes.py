"""What machines ask: whether the app lives, whether it is ready, and its figures."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import WWWAuthenticate

from callpanel.config import archive, config
from callpanel.panel.standing import seen_lately, standing_still
from twirec import Alarm, Archive, State, Stats, TwirecError

probes = Blueprint("probes", __name__)
log = logging.getLogger("callpanel")


def init_app(app: Flask) -> None:
    """Add the routes."""
    app.register_blueprint(probes)


@probes.get("/healthz")
def healthz() -> Response:
    """Say that the process answers."""
    return _said("ok\n")


@probes.get("/readyz")
def readyz() -> Response:
    """Say whether what this process serves is ready: 200, or else 503 and what is not."""
    serve = config().serve
    parts = [part for part in ("phone", "panel") if getattr(serve, part)]
    return _readiness(*parts)


@probes.get("/readyz/<any(phone, panel, worker):part>")
def readyz_part(part: str) -> Response:
    """Say whether one part of the installation is ready, as far as this process can tell."""
    if part == "panel" and not config().serve.panel:
        abort(404)
    return _readiness(part)


@probes.get("/readyz/archive")
def readyz_archive() -> Response:
    """Say what stands still: 200 if nothing does, or else 503 and what."""
    try:
        found = seen_lately()
    except TwirecError as error:
        log.error("archive: not ready: %s", error)
        return _said("not ready: archive\n", 503)
    return _said("".join(map(_line, found)) or "ready\n", 503 if found else 200)


def _readiness(*parts: str) -> Response:
    missing = [part for part in parts if not _is_ready(part)]
    if missing:
        return _said(f"not ready: {', '.join(missing)}\n", 503)
    # with 200 all the same: pages and calls are served, and no other process would do it better
    return _said("ready\n" + "".join(map(_line, standing_still())))


def _line(alarm: Alarm) -> str:
    since = f" since {alarm.since:%Y-%m-%d %H:%M:%S} UTC" if alarm.since else ""
    count = f": {alarm.count}" if alarm.count else ""
    return f"stands still: {alarm.kind}{count}{since}\n"


def _is_ready(part: str) -> bool:
    """Whether calls can be written down (phone), pages be served (panel), or a worker lives."""
    try:
        if part == "worker":
            archive().operations.check_worker()
        else:
            archive().operations.check()
        if part == "panel":
            from callpanel import tables

            tables.check()
    except (TwirecError, SQLAlchemyError, RuntimeError) as error:
        # not str(error) of SQLAlchemy: it carries the statement's parameters
        log.error(
            "%s: not ready: %s", part, type(error) if isinstance(error, SQLAlchemyError) else error
        )
        return False
    return True


@probes.get("/metrics")
def metrics() -> Response:
    """Return the figures for Prometheus, to who has the token."""
    token = config().metrics_token
    given = request.headers.get("Authorization", "")
    if not token:
        abort(404)
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(401, www_authenticate=WWWAuthenticate("bearer"))
    registry = CollectorRegistry()
    registry.register(_Figures(archive()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _said(text: str, status: int = 200) -> Response:
    return Response(text, status=status, mimetype="text/plain")


class _Figures(Collector):
    """The figures of an archive, as they are when they are asked for.

    They are read from the catalog, so that every process of the app says the same.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def collect(self) -> Iterable[Metric]:
        """Yield the figures."""
        stats, now = self._archive.operations.stats(by="callpanel"), self._archive.now()
        yield _counted("twirec_calls", "Calls, by what the ledger says.", "outcome", stats.calls)
        yield _counted(
            "twirec_not_recorded", "Calls not recorded, by reason.", "reason", stats.not_recorded
        )
        yield _counted("twirec_recordings", "Recordings, by state.", "state", stats.recordings)
        yield _counted(
            "twirec_callbacks", "Status callbacks believed, by status.", "status", stats.callbacks
        )
        yield from _single(stats, now)
        swept = GaugeMetricFamily(
            "twirec_sweep_age_seconds",
            "Seconds since the time up to which an account was swept.",
            labels=["account"],
        )
        for account, at in stats.swept.items():
            if at is not None:
                swept.add_metric([account], _age(at, now))
        yield swept


def _single(stats: Stats, now: datetime) -> Iterable[Metric]:
    transferred = sum(stats.recordings.get(state, 0) for state in (State.ARCHIVED, State.RELEASED))
    for name, text, value in (
        ("twirec_transfers", "Recordings in the bucket.", transferred),
        ("twirec_bucket_bytes", "Bytes of originals in the bucket.", stats.size),
        ("twirec_recorded_seconds", "Seconds recorded.", stats.seconds),
        ("twirec_waiting", "Recordings that are not yet done with.", stats.waiting),
        (
            "twirec_oldest_waiting_age_seconds",
            "Seconds since the oldest of them was recorded; 0 if none waits.",
            _age(stats.oldest_waiting, now) if stats.oldest_waiting else 0,
        ),
        (
            "twirec_worker_age_seconds",
            "Seconds since a worker last said that it lives; -1 if none ever did.",
            _age(stats.worker_seen, now) if stats.worker_seen else -1,
        ),
        (
            "twirec_bucket_away",
            "1 if the bucket did not answer the workers when they last asked; 0 if it did.",
            int(
                bool(
                    stats.bucket_failed
                    and not (stats.bucket_seen and stats.bucket_seen >= stats.bucket_failed)
                )
            ),
        ),
        ("twirec_not_ours", "Recordings of other apps, left alone.", stats.not_ours),
        (
            "twirec_kept_at_vendor",
            "Archived recordings that stay at Twilio.",
            stats.kept_for_trial + stats.kept_at_vendor,
        ),
        (
            "twirec_audit_broken",
            "1 if the audit log, or a history beside it, was changed by other means; 0 if not.",
            int(bool(stats.audit_problem)),
        ),
        (
            "twirec_audit_age_seconds",
            "Seconds since the audit log was last verified to its end; -1 if it never was.",
            _age(stats.audit_verified, now) if stats.audit_verified else -1,
        ),
        (
            "twirec_anchor_age_seconds",
            "Seconds since the audit log was last anchored in the bucket; -1 if it never was.",
            _age(stats.anchored_at, now) if stats.anchored_at else -1,
        ),
        (
            "twirec_anchor_unstamped_seconds",
            "Seconds for which anchors wait for the authority of time; 0 if none does.",
            _age(stats.unstamped_since, now) if stats.unstamped_since else 0,
        ),
        (
            "twirec_access_requests_overdue",
            "Access requests whose term is over.",
            stats.access_requests_overdue,
        ),
        ("twirec_cases_overdue", "Cases of customers whose term is over.", stats.cases_overdue),
        ("twirec_mails_waiting", "Receipts of cases to be sent.", stats.mails_waiting),
        (
            "twirec_mails_waiting_seconds",
            "Seconds since the oldest receipt that waits was to be sent; 0 if none waits.",
            _age(stats.mails_waiting_since, now) if stats.mails_waiting_since else 0,
        ),
        ("twirec_mails_failed", "Receipts that could not be sent.", stats.mails_failed),
        ("twirec_card_numbers", "Card numbers of which nobody decided.", stats.card_numbers),
        (
            "twirec_retention_age_seconds",
            "Seconds since the oldest of what waits to be looked at by the rules of retention; 0 "
            "if nothing waits.",
            _age(stats.retention_late, now) if stats.retention_late else 0,
        ),
        ("twirec_differences", "Objects that are not what was put there.", stats.differences),
        ("twirec_parked", "Recordings of which trying again ended.", stats.parked),
        ("twirec_undecided", "Those of them that wait for a decision.", stats.undecided),
        ("twirec_given_up", "Recordings that somebody gave up.", stats.given_up),
        ("twirec_events_waiting", "Events not taken yet.", stats.events_waiting),
        ("twirec_events_parked", "Events parked.", stats.events_parked),
    ):
        yield GaugeMetricFamily(name, text, value=value)


def _counted(name: str, text: str, label: str, counts: Mapping[Any, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for word, count in sorted(counts.items()):
        family.add_metric([str(word)], count)
    return family


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
