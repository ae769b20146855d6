"""What Twilio and Google ask for, with where and when each price was read.

List prices in US dollars, without tax, discounts, committed use and free allowances, for
`europe-west1` (Belgium) or a region of the same price, as far as the page says; Cloud SQL is
`us-central1`. Whoever changes one changes its date, and runs `python -m benchmarks.growth`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """So much for one of a unit."""

    usd: float
    unit: str
    source: str
    read: str


GCS = "https://cloud.google.com/storage/pricing"
RUN = "https://cloud.google.com/run/pricing"
SQL = "https://cloud.google.com/sql/pricing"

PRICES = {
    "Twilio, recording": Price(
        0.0025,
        "minute",
        "https://www.twilio.com/en-us/voice/pricing",
        "2026, by others who quote it",
    ),
    "Twilio, a recording that stays": Price(
        0.0005,
        "minute and month",
        "https://support.twilio.com/hc/en-us/articles/223183228-How-Does-Twilio-s-Pricing-Work",
        "undated copy, 2026-11-30",
    ),
    "Cloud Storage, Standard": Price(0.000027397 * 730, "GiB and month", GCS, "2026-09-20"),
    "Cloud Storage, Archive": Price(0.000001644 * 730, "GiB and month", GCS, "2026-09-20"),
    "Cloud Storage, operations of class A": Price(0.005 / 1000, "operation", GCS, "2026-09-20"),
    "Cloud Run, CPU of an instance": Price(
        0.000018, "vCPU second", RUN, "undated copy, 2026-11-30"
    ),
    "Cloud Run, memory of an instance": Price(
        0.000002, "GiB second", RUN, "undated copy, 2026-11-30"
    ),
    "Cloud Run, CPU of requests": Price(0.000024, "vCPU second", RUN, "undated copy, 2026-11-30"),
    "Cloud Run, memory of requests": Price(
        0.0000025, "GiB second", RUN, "undated copy, 2026-11-30"
    ),
    "Cloud Run, requests": Price(0.40 / 1e6, "request", RUN, "undated copy, 2026-11-30"),
    "Cloud SQL, CPU": Price(0.0413, "vCPU hour", SQL, "2026-05, by others who quote it"),
    "Cloud SQL, memory": Price(0.007, "GiB hour", SQL, "2026-05, by others who quote it"),
    "Cloud SQL, SSD": Price(0.17, "GiB and month", SQL, "2026, by others who quote it"),
    "Cloud Tasks": Price(
        0.40 / 1e6,
        "operation",
        "https://cloud.google.com/tasks/docs/pricing",
        "undated copy, 2026-11-30",
    ),
    "Cloud Scheduler": Price(
        0.10,
        "job and month",
        "https://cloud.google.com/scheduler/pricing",
        "undated copy, 2026-11-30",
    ),
    "Secret Manager": Price(
        0.06,
        "version and month",
        "https://cloud.google.com/secret-manager/pricing",
        "undated copy, 2026-11-30",
    ),
}
