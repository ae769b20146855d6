"""Whether web process, bucket and catalog belong together, and who else is on the account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask, Response, redirect, request

from tests.doctor.conftest import Installation, serving
from tests.factories import STARTED
from tests.strict_gcs import StrictGcs
from twirec.adapters.folder_inspect import unmounted_above
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.gcs_inspect import GcsInspector
from twirec.adapters.own_app import whose
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.doctor.identity import check_mark, check_neighbours, check_same_catalog, pings
from twirec.flask import Twirec
from twirec.model.bucket_mark import NAME, BucketMark
from twirec.model.errors import CatalogUnavailable
from twirec.model.inspection import Check, Level
from twirec.settings import Settings
from twirec.settings.places import relative_places
from twirec.testing import ENVIRONMENT, SignedPosts

OWN, OTHER = "0" * 16, "f" * 16
FOREIGN = BucketMark(OTHER, STARTED)


def own(installation: Installation) -> str:
    catalog = Catalog(installation.environ["TWIREC_DATABASE_URL"])
    try:
        return catalog.identity()
    finally:
        catalog.close()


# --- the web process --------------------------------------------------------------------------


def test_the_app_and_this_command_work_with_the_same_catalog(installation: Installation) -> None:
    result = installation.found(Check.SAME_CATALOG)
    assert (result.level, own(installation) in result.what) == (Level.OK, True)


def test_another_catalog_than_the_apps_is_failed(
    installation: Installation, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    other = Catalog(url)
    other.set_up()
    result = installation.found(Check.SAME_CATALOG, TWIREC_DATABASE_URL=url)
    assert (result.level, "TWIREC_DATABASE_URL" in result.fix) == (Level.FAILED, True)
    assert other.identity() in result.what
    assert own(installation) in result.what
    other.close()


@pytest.mark.parametrize("said", ["", "unavailable"])
def test_an_app_whose_catalog_is_down_is_failed(said: str) -> None:
    result = check_same_catalog(OWN, said)
    assert (result.level, "unrecorded" in result.what) == (Level.FAILED, True)


def test_anybody_may_ask_which_catalog_it_is(installation: Installation) -> None:
    assert whose(f"{installation.url}/twirec/ping") == own(installation)


# --- the bucket -------------------------------------------------------------------------------


def test_a_bucket_of_ours_is_ok(installation: Installation, tmp_path: Path) -> None:
    result = installation.found(Check.MARK)
    assert (result.level, str(tmp_path / "bucket") in result.what) == (Level.OK, True)


def test_a_mark_that_is_missing_or_anothers_is_failed(
    installation: Installation, tmp_path: Path
) -> None:
    mark = tmp_path / "bucket" / NAME
    mark.write_bytes(FOREIGN.content)
    result = installation.found(Check.MARK)
    assert (result.level, OTHER in result.what) == (Level.FAILED, True)
    mark.unlink()
    result = installation.found(Check.MARK)
    assert (result.level, "mounted" in result.fix) == (Level.FAILED, True)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "marked", "level"),
    [
        (None, False, Level.UNKNOWN),
        (None, True, Level.FAILED),
        (b"", True, Level.FAILED),
        (FOREIGN.content, False, Level.FAILED),
        (BucketMark(OWN, FOREIGN.at).content, True, Level.OK),
    ],
)
def test_a_mark_is_judged(content: bytes | None, marked: bool, level: Level) -> None:
    assert check_mark("/calls", content, OWN, marked).level is level


def test_another_catalog_beside_ours_is_named(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "bucket" / "staging").mkdir()
    (tmp_path / "bucket" / "staging" / NAME).write_bytes(FOREIGN.content)
    (tmp_path / NAME).write_bytes(FOREIGN.content)
    found = [one for one in installation.examine() if one.check is Check.INSTALLATIONS]
    warned = [one.what for one in found if one.level is Level.WARNING]
    assert [OTHER in what for what in warned] == [True, True]
    assert any(f"{tmp_path}/bucket/staging," in what for what in warned)


def test_of_marks_beside_ours_only_readable_ones_of_others_are_named() -> None:
    marks = {"a": FOREIGN.content, "b": b"", "c": BucketMark(OWN, FOREIGN.at).content}
    (found,) = check_neighbours(OWN, marks)
    assert (found.level, OTHER in found.what) == (Level.WARNING, True)


def test_marks_of_a_bucket_at_google_are_found_above_it_and_right_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with StrictGcs("calls") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        for prefix in ("", "a/b", "a/b/c", "a/b/c/d", "a/b/recordings", "z"):
            bucket = GcsBucket("calls", prefix)
            bucket.put(
                NAME,
                [FOREIGN.content],
                content_type="application/json",
                labels={},
                custom_time=FOREIGN.at,
                finish=dict,
            )
            bucket.close()
        inspector = GcsInspector("calls")
        found = inspector.marks_around("a/b")
        inspector.close()
    named = ("gs://calls", "gs://calls/a/b", "gs://calls/a/b/c")
    assert found == dict.fromkeys(named, FOREIGN.content)


def test_a_folder_whose_disk_is_not_mounted_is_known_by_fstab(tmp_path: Path) -> None:
    disk = tmp_path / "my disk"
    table = tmp_path / "fstab"
    escaped = str(disk).replace(" ", "\\040")
    table.write_text(
        f"# {tmp_path} x y\n\nUUID=1 / ext4 defaults 0 1\nUUID=2 {escaped} ext4 x 0 2\n"
    )
    assert unmounted_above(disk / "calls", table) == disk
    assert unmounted_above(tmp_path / "elsewhere", table) is None
    assert unmounted_above(disk, tmp_path / "none") is None


# --- other installations ----------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path) -> Iterator[str]:
    """Another installation's app; its address."""
    archive = Archive.from_env(
        {**ENVIRONMENT, "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/second.db"}
    )
    archive.set_up()
    archive.catalog.take_identity(OTHER)
    app = Flask(__name__)
    Twirec(app, archive)
    with serving(app) as host:
        yield f"http://{host}"
    archive.close()


def test_a_number_that_leads_to_another_installation_is_named(
    installation: Installation, other: str
) -> None:
    assert installation.found(Check.INSTALLATIONS).level is Level.OK
    installation.number("+34911000222", voice_url=f"{other}/voice")
    result = installation.found(Check.INSTALLATIONS)
    assert (result.level, other in result.what) == (Level.WARNING, True)
    assert OTHER in result.what


@pytest.mark.parametrize(
    "answer",
    [
        ("", 200),
        ("<html>", 200),
        ("[]", 200),
        ('{"catalog": 7}', 200),
        ('{"catalog": "+34911000111"}', 200),
        ("", 500),
        None,
    ],
)
def test_who_does_not_say_it_is_no_installation_and_no_failure(
    answer: tuple[str, int] | None,
) -> None:
    app = Flask(__name__)
    seen = []

    @app.get("/twirec/ping")
    def ping() -> Response | tuple[str, int]:
        seen.append(dict(request.headers))
        return answer or redirect("/elsewhere")  # type: ignore[return-value]

    with ExitStack() as stack:
        host = stack.enter_context(serving(app))
        assert whose(f"http://{host}/twirec/ping") is None
    assert not {"Authorization", "X-Twilio-Signature", "Cookie"} & seen[0].keys()
    assert whose(f"http://{host}/twirec/ping") is None  # nobody is there any more


def test_only_https_or_this_machine_is_asked_and_not_many() -> None:
    assert pings(["https://a.example/calls/voice"]) == [
        "https://a.example/twirec/ping",
        "https://a.example/calls/twirec/ping",
    ]
    assert pings(["https://a.example/voice", "https://a.example/voice2"]) == [
        "https://a.example/twirec/ping"
    ]
    assert pings(["http://a.example/voice", "", "ftp://x/y", "https://u:p@a.example/voice"]) == []
    assert pings(["http://127.0.0.1:8000/voice"]) == ["http://127.0.0.1:8000/twirec/ping"]
    assert len(pings(f"https://a{number}.example/voice" for number in range(99))) == 8


# --- what ping says ---------------------------------------------------------------------------


def test_ping_says_so_when_the_catalog_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": "sqlite://"})
    archive.set_up()
    app = Flask(__name__)
    Twirec(app, archive)
    client = app.test_client()
    asked = []

    def down() -> str:
        asked.append(1)
        raise CatalogUnavailable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(archive.catalog, "identity", down)
        answer = client.get("/twirec/ping")
        assert (answer.status_code, json.loads(answer.data)) == (503, {"catalog": None})
        assert (
            SignedPosts(app, archive.settings)("/twirec/ping", {}).headers["Twirec-Catalog"]
            == "unavailable"
        )
    own = {"catalog": archive.catalog.identity()}
    assert json.loads(client.get("/twirec/ping").data) == own
    monkeypatch.setattr(archive.catalog, "identity", down)
    asked.clear()
    assert json.loads(client.get("/twirec/ping").data) == own
    assert asked == []  # who need not sign asks the catalog once
    assert client.post("/twirec/ping").status_code == 403
    archive.close()


# --- relative paths ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("database", "bucket", "named"),
    [
        ("", "file:calls", ["TWIREC_DATABASE_URL", "TWIREC_BUCKET"]),
        ("sqlite:///my.db?timeout=1", "file:///calls", ["TWIREC_DATABASE_URL"]),
        ("sqlite:////var/my.db", "file:/calls", []),
        ("sqlite://", "gs://calls/a", []),
        ("sqlite:///:memory:", "gs://calls", []),
    ],
)
def test_a_relative_path_is_named_with_what_it_stands_for_here(
    database: str,
    bucket: str,
    named: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {**ENVIRONMENT, "TWIREC_BUCKET": bucket}
    if database:
        environ["TWIREC_DATABASE_URL"] = database
    else:
        environ.pop("TWIREC_DATABASE_URL", None)
    settings = Settings.from_env(environ)
    found = list(relative_places(settings))
    assert [name for name, _, _ in found] == named
    assert all(str(tmp_path) in path and f"//{tmp_path}" in url for _, path, url in found)


def test_a_relative_path_is_a_warning_of_the_doctor_and_of_the_log_once(
    installation: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    changes = {"TWIREC_BUCKET": "file:bucket"}
    result = installation.found(Check.PLACES, **changes)
    assert (result.level, str(tmp_path) in result.what) == (Level.WARNING, True)
    assert result.fix == f"Write TWIREC_BUCKET=file://{tmp_path}/bucket"
    assert installation.found(Check.PLACES).level is Level.OK
    caplog.clear()
    for _ in range(2):
        Archive.from_env({**installation.environ, **changes}).close()
    (logged,) = [one for one in caplog.messages if "relative" in one]
    assert str(tmp_path) in logged
