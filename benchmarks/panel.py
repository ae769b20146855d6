"""What each page of the panel takes on the server, at 100,000 and a million calls.

    python -m benchmarks.panel [--quick] [--calls CALLS …] [--in FOLDER]

Plants the calls in a SQLite file (`benchmarks/planted.py`), signs in as an admin, and asks the app
for each page as a browser does, without a network or a server beside it. A page in the middle is
one among all pages of the list of calls. The CPU is that of the page alone, whatever else the
machine does.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from benchmarks import planted
from benchmarks.report import Figure, publish
from callpanel import accounts, tables
from callpanel.factory import create_app
from callpanel.roles import Role
from twirec.archive import Archive
from twirec.testing import ENVIRONMENT

MUST, AIM = 200, 100
TIMES = 40
PASSWORD = "a long password of the benchmark"  # noqa: S105 - of a catalog that is gone a minute later
METRICS_TOKEN = "a token of the benchmark, long enough"  # noqa: S105
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


def pages(archive: Archive, count: int) -> Mapping[str, str]:
    """Return the address of each page."""
    middle = archive.calls.search(
        until=planted.FIRST + planted.SPAN / 2, limit=25, by="bench", repeated=True
    )
    return {
        "calls": "/calls",
        "calls, a page in the middle": f"/calls?after={middle.next}",
        "calls, oldest first": "/calls?order=oldest",
        "calls, the newest rows": "/calls/newest",
        "who is on the phone": "/now/calls",
        "a call": f"/calls/CA{count // 2:032x}",
        "recording": "/recording",
        "retention": "/retention",
        "access requests": "/requests",
        "disclosures": "/disclosures",
        "approvals": "/approvals",
        "erasures": "/erasures",
        "cases": "/cases",
        "proof": "/proof",
        "health": "/health",
        "audit log": "/audit",
        "accounts": "/users",
        "account": "/account",
        "metrics": "/metrics",
    }


def signed_in(archive: Archive, folder: Path) -> FlaskClient:
    """Return the browser of an admin."""
    environ = {
        **ENVIRONMENT,
        "TWIREC_DATABASE_URL": archive.settings.database_url,
        "CALLPANEL_SECRET_KEY": "a secret key of the benchmark, long enough",
        "CALLPANEL_LINES": "+34911000111=+34911222333",
        "CALLPANEL_DATABASE_URL": f"sqlite:///{folder}/callpanel.db",
        "CALLPANEL_METRICS_TOKEN": METRICS_TOKEN,
    }
    app = create_app(environ, archive=archive)
    app.config.update(PREFERRED_URL_SCHEME="https", PROPAGATE_EXCEPTIONS=True)
    with app.app_context():
        tables.set_up()
        accounts.add("ana", PASSWORD, Role.ADMIN, "")
        accounts.keep()
    browser = app.test_client()
    site = {"base_url": "https://localhost"}
    found = TOKEN.search(browser.get("/sign-in", **site).text)
    assert found is not None
    form = {"csrf_token": found[1], "name": "ana", "password": PASSWORD}
    answer = browser.post("/sign-in", data=form, headers={"Referer": "https://localhost/"}, **site)
    assert answer.status_code == 302
    return browser


def measured(browser: FlaskClient, path: str) -> tuple[float, float, float]:
    """Return the milliseconds of the median, of 95 of 100, and of CPU of the median."""
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"} if path == "/metrics" else {}
    taken: list[float] = []
    used: list[float] = []
    for _ in range(TIMES + 3):
        begun, cpu = time.perf_counter(), time.thread_time()
        answer: Any = browser.get(path, base_url="https://localhost", headers=headers)
        assert answer.status_code == 200, (path, answer.status_code)
        assert answer.data
        taken.append(1000 * (time.perf_counter() - begun))
        used.append(1000 * (time.thread_time() - cpu))
    taken, used = sorted(taken[3:]), sorted(used[3:])
    return taken[TIMES // 2], taken[int(TIMES * 0.95) - 1], used[TIMES // 2]


def figures(count: int, folder: Path | None) -> Iterator[Figure]:
    """Measure each page at one size."""
    with planted.catalog("sqlite", count, folder) as archive:
        file = archive.catalog.database.file
        assert file is not None
        browser = signed_in(archive, file.parent)
        for page, path in pages(archive, count).items():
            median, slowest, cpu = measured(browser, path)
            note = f"median {median:.1f} ms, of it {cpu:.1f} ms of CPU"
            name = f"{page}, {count:,} calls, 95 of 100 within"
            yield Figure(name, slowest, "ms", MUST, AIM, note=note)


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a minute; nothing is kept")
    parser.add_argument("--calls", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--in", dest="folder", type=Path, metavar="FOLDER")
    given = parser.parse_args()
    counts = [20_000] if given.quick else given.calls
    found = [figure for count in counts for figure in figures(count, given.folder)]
    return publish("panel", found, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())
