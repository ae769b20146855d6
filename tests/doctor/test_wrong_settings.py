"""Settings as people get them wrong: the doctor names each, and the fix."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from urllib3.util import connection

from tests.doctor.conftest import Installation, installed
from tests.encrypting import key_pair
from twirec.model.inspection import Check, CheckResult, Level
from twirec.sandbox import Sandbox

SID = "AC" + "5a" * 16
"""The sandbox's account."""

OTHER, KEY, SECRET = "AC" + "1" * 32, "SK" + "5a" * 16, "5ec2e7" * 5
KEY_SID = key_pair().sid
LONG = "x" * 32
CLOSED = "http://127.0.0.1:9"  # the port of `discard`, which nobody serves
Changes = Mapping[str, str | None]

# A row: what is wrong, the settings that are, the check that fails, and words of what it says and
# of the fix. `{port}` is the app's, and in `{folder}` is a file that holds nothing but words.
ROWS: list[tuple[str, Changes, Check, tuple[str, ...]]] = [
    # --- where the app is ------------------------------------------------------------------------
    (
        "http",
        {"TWIREC_PUBLIC_URL": "http://calls.example.com"},
        Check.SETTINGS,
        ("TWIREC_PUBLIC_URL is wrong", "https://calls.example.com"),
    ),
    (
        "no scheme",
        {"TWIREC_PUBLIC_URL": "calls.example.com"},
        Check.SETTINGS,
        ("TWIREC_PUBLIC_URL is wrong", "https://calls.example.com"),
    ),
    (
        "two addresses",
        {"TWIREC_PUBLIC_URL": "https://a.example.com,https://b.example.com"},
        Check.SETTINGS,
        ("TWIREC_PUBLIC_URL is wrong", "give one address"),
    ),
    (
        "a port that is none",
        {"TWIREC_PUBLIC_URL": "https://calls.example.com:80a"},
        Check.SETTINGS,
        ("TWIREC_PUBLIC_URL is wrong", "ort"),
    ),
    (
        "a query",
        {"TWIREC_PUBLIC_URL": "https://calls.example.com/?line=1"},
        Check.SETTINGS,
        ("TWIREC_PUBLIC_URL is wrong", "without query"),
    ),
    (
        "localhost",
        {"TWIREC_PUBLIC_URL": "http://localhost:5000", "TWIREC_TWILIO_API_URL": None},
        Check.PUBLIC_URL,
        ("TWIREC_PUBLIC_URL is http://localhost:5000", "tunnel"),
    ),
    (
        "a private address",
        {"TWIREC_PUBLIC_URL": "https://192.168.1.20", "TWIREC_TWILIO_API_URL": None},
        Check.PUBLIC_URL,
        ("TWIREC_PUBLIC_URL is https://192.168.1.20", "tunnel"),
    ),
    (
        "a name of the network",
        {"TWIREC_PUBLIC_URL": "https://calls.lan", "TWIREC_TWILIO_API_URL": None},
        Check.PUBLIC_URL,
        ("TWIREC_PUBLIC_URL is https://calls.lan", "tunnel"),
    ),
    (
        "the path of a view",
        {"TWIREC_PUBLIC_URL": "http://127.0.0.1:{port}/voice"},
        Check.PUBLIC_URL,
        ("/voice/twirec/ping answered 404", "without that of a view such as /voice"),
    ),
    (
        "nobody serves it",
        {"TWIREC_PUBLIC_URL": CLOSED},
        Check.PUBLIC_URL,
        ("Nothing answers under", "the connection was refused", "correct TWIREC_PUBLIC_URL"),
    ),
    (
        "https where there is none",
        {"TWIREC_PUBLIC_URL": "https://127.0.0.1:{port}"},
        Check.PUBLIC_URL,
        ("speaks no TLS", "correct TWIREC_PUBLIC_URL"),
    ),
    (
        "another name than the app's",
        {"TWIREC_PUBLIC_URL": "http://localhost:{port}"},
        Check.PUBLIC_URL,
        ("answered 403", "the same TWIREC_PUBLIC_URL and tokens"),
    ),
    # --- Twilio ----------------------------------------------------------------------------------
    (
        "an account's SID cut off",
        {"TWILIO_ACCOUNT_SID": "AC123"},
        Check.SETTINGS,
        ("TWILIO_ACCOUNT_SID is wrong", "AC and 32 hex digits"),
    ),
    (
        "an API key as the account",
        {"TWILIO_ACCOUNT_SID": KEY},
        Check.SETTINGS,
        ("TWILIO_ACCOUNT_SID is wrong", "TWILIO_API_KEY"),
    ),
    (
        "no account",
        {"TWILIO_ACCOUNT_SID": None},
        Check.SETTINGS,
        ("TWILIO_ACCOUNT_SID is missing", "AC…"),
    ),
    (
        "no token",
        {"TWILIO_AUTH_TOKEN": None},
        Check.SETTINGS,
        ("TWILIO_AUTH_TOKEN is missing", "proves that a request is Twilio's"),
    ),
    (
        "another account",
        {"TWILIO_ACCOUNT_SID": OTHER},
        Check.CREDENTIALS,
        (f"The auth token of {OTHER} does not open the account", "Copy account SID and auth token"),
    ),
    (
        "another account's token",
        {"TWILIO_AUTH_TOKEN": "0" * 32},
        Check.CREDENTIALS,
        (f"The auth token of {SID} does not open the account", "Copy account SID and auth token"),
    ),
    (
        "the secret of an API key as the token",
        {"TWILIO_AUTH_TOKEN": SECRET},
        Check.CREDENTIALS,
        (f"The auth token of {SID} does not open the account", "Copy account SID and auth token"),
    ),
    (
        "half an API key",
        {"TWILIO_API_KEY": KEY},
        Check.SETTINGS,
        ("TWILIO_API_KEY and TWILIO_API_SECRET", "give both"),
    ),
    (
        "another account's API key",
        {"TWILIO_API_KEY": "SK" + "2" * 32, "TWILIO_API_SECRET": "of another account"},
        Check.API_KEY,
        ("TWILIO_API_KEY and TWILIO_API_SECRET do not open", "key of that account and region, SK…"),
    ),
    (
        "key and secret swapped",
        {"TWILIO_API_KEY": SECRET, "TWILIO_API_SECRET": KEY},
        Check.API_KEY,
        ("TWILIO_API_KEY and TWILIO_API_SECRET do not open", "SK…, with its own secret"),
    ),
    (
        "a list of tokens without accounts",
        {"TWIREC_TWILIO_AUTH_TOKENS": "0123456789abcdef"},
        Check.SETTINGS,
        ("TWIREC_TWILIO_AUTH_TOKENS is wrong", "AC…=token1,token2"),
    ),
    (
        "a token that was replaced",
        {"TWIREC_TWILIO_AUTH_TOKENS": f"{SID}=the old one"},
        Check.TOKENS,
        ("Token 2", "Remove it from TWIREC_TWILIO_AUTH_TOKENS"),
    ),
    (
        "a region without its edge",
        {"TWILIO_REGION": "ie1", "TWIREC_TWILIO_API_URL": None},
        Check.SETTINGS,
        ("TWILIO_REGION and TWILIO_EDGE", "go together"),
    ),
    (
        "region and edge swapped",
        {"TWILIO_REGION": "dublin", "TWILIO_EDGE": "ie1", "TWIREC_TWILIO_API_URL": None},
        Check.SETTINGS,
        ("TWILIO_REGION is wrong", "dublin is an edge"),
    ),
    (
        "another host by http",
        {"TWIREC_TWILIO_API_URL": "http://api.example.com"},
        Check.SETTINGS,
        ("TWIREC_TWILIO_API_URL is wrong", "https://"),
    ),
    (
        "another host that is not there",
        {"TWIREC_TWILIO_API_URL": CLOSED},
        Check.CREDENTIALS,
        ("Twilio did not answer", "Let this machine reach Twilio"),
    ),
    # --- the bucket ------------------------------------------------------------------------------
    (
        "a bucket's bare name",
        {"TWIREC_BUCKET": "recordings"},
        Check.SETTINGS,
        ("TWIREC_BUCKET is wrong", "gs://bucket/prefix or file:///folder"),
    ),
    (
        "another maker's bucket",
        {"TWIREC_BUCKET": "s3://recordings"},
        Check.SETTINGS,
        ("TWIREC_BUCKET is wrong", "gs://bucket/prefix or file:///folder"),
    ),
    (
        "a folder with two slashes",
        {"TWIREC_BUCKET": "file://data/recordings"},
        Check.SETTINGS,
        ("TWIREC_BUCKET is wrong", "file:///folder"),
    ),
    (
        "a file instead of a folder",
        {"TWIREC_BUCKET": "file://{folder}/words.txt"},
        Check.BUCKET,
        ("words.txt nothing can be written", "correct TWIREC_BUCKET"),
    ),
    (
        "credentials that are not there",
        {"TWIREC_BUCKET": "gs://calls", "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"},
        Check.BUCKET,
        ("/nowhere/key.json", "GOOGLE_APPLICATION_CREDENTIALS"),
    ),
    (
        "credentials that are no key",
        {
            "TWIREC_BUCKET": "gs://calls",
            "GOOGLE_APPLICATION_CREDENTIALS": "{folder}/words.txt",
        },
        Check.BUCKET,
        ("words.txt", "GOOGLE_APPLICATION_CREDENTIALS"),
    ),
    # --- the catalog -----------------------------------------------------------------------------
    (
        "a path instead of a URL",
        {"TWIREC_DATABASE_URL": "twirec.db"},
        Check.SETTINGS,
        ("TWIREC_DATABASE_URL is wrong: it is no URL", "sqlite:///"),
    ),
    (
        "SQLite with two slashes",
        {"TWIREC_DATABASE_URL": "sqlite://twirec.db"},
        Check.SETTINGS,
        ("TWIREC_DATABASE_URL is wrong", "three slashes"),
    ),
    (
        "PostgreSQL as others write it",
        {"TWIREC_DATABASE_URL": "postgres://user:hidden@db/twirec"},
        Check.SETTINGS,
        ("TWIREC_DATABASE_URL is wrong", "postgresql+psycopg://"),
    ),
    (
        "another maker's database",
        {"TWIREC_DATABASE_URL": "mysql://user:hidden@db/twirec"},
        Check.SETTINGS,
        ("TWIREC_DATABASE_URL is wrong", "not on mysql"),
    ),
    (
        "a database that is not there",
        {"TWIREC_DATABASE_URL": "postgresql+psycopg://user:hidden@127.0.0.1:9/twirec"},
        Check.DATABASE,
        ("onnection refused", "TWIREC_DATABASE_URL"),
    ),
    (
        "a catalog that nobody made",
        {"TWIREC_DATABASE_URL": "sqlite:///{folder}/none.db"},
        Check.DATABASE,
        ("There is no catalog at", "twirec init"),
    ),
    # --- what callers hear, and by what right ----------------------------------------------------
    (
        "nobody who records",
        {"TWIREC_COMPANY": None},
        Check.SETTINGS,
        ("TWIREC_COMPANY is missing", "who records; callers hear it"),
    ),
    (
        "nowhere to learn more",
        {"TWIREC_PRIVACY_INFO": None},
        Check.SETTINGS,
        ("TWIREC_PRIVACY_INFO is missing", "where callers learn more"),
    ),
    (
        "no legal basis",
        {"TWIREC_LEGAL_BASIS": None},
        Check.SETTINGS,
        ("TWIREC_LEGAL_BASIS is missing", "legitimate_interest"),
    ),
    (
        "a legal basis as people write it",
        {"TWIREC_LEGAL_BASIS": "legitimate interest"},
        Check.SETTINGS,
        ("TWIREC_LEGAL_BASIS is wrong", "legitimate_interest"),
    ),
    (
        "consent that is not asked for",
        {"TWIREC_LEGAL_BASIS": "consent"},
        Check.SETTINGS,
        ("TWIREC_CONSENT_MODE and TWIREC_LEGAL_BASIS", "choose opt_in or opt_in_or_hang_up"),
    ),
    (
        "a mode mistyped",
        {"TWIREC_CONSENT_MODE": "optin"},
        Check.SETTINGS,
        ("TWIREC_CONSENT_MODE is wrong", "opt_in"),
    ),
    (
        "a name mistyped",
        {"TWIREC_CONSENTMODE": "opt_in"},
        Check.SETTINGS,
        ("TWIREC_CONSENTMODE", "did you mean TWIREC_CONSENT_MODE?"),
    ),
    (
        "a language as of a machine",
        {"TWIREC_LANGUAGE": "es_ES"},
        Check.SETTINGS,
        ("TWIREC_LANGUAGE is wrong: there are", "Did you mean es-ES?"),
    ),
    (
        "a language without a voice",
        {"TWIREC_LANGUAGE": "eu-ES"},
        Check.SETTINGS,
        ("TWIREC_LANGUAGE is wrong", "TWIREC_ANNOUNCEMENTS"),
    ),
    (
        "announcements that are not there",
        {"TWIREC_ANNOUNCEMENTS": "/nowhere/words.toml"},
        Check.SETTINGS,
        ("TWIREC_ANNOUNCEMENTS is wrong", "/nowhere/words.toml cannot be read"),
    ),
    (
        "announcements that are no TOML",
        {"TWIREC_ANNOUNCEMENTS": "{folder}/words.txt"},
        Check.SETTINGS,
        ("TWIREC_ANNOUNCEMENTS is wrong", "not TOML"),
    ),
    (
        "agents mistyped",
        {"TWIREC_UNINFORMED_AGENTS": "never"},
        Check.SETTINGS,
        ("TWIREC_UNINFORMED_AGENTS is wrong", "do_not_record"),
    ),
    # --- the rest --------------------------------------------------------------------------------
    (
        "a country's name",
        {"TWIREC_COUNTRY": "Spain"},
        Check.SETTINGS,
        ("TWIREC_COUNTRY is wrong", "such as ES"),
    ),
    (
        "a time zone mistyped",
        {"TWIREC_TIMEZONE": "Europe/Madird"},
        Check.SETTINGS,
        ("TWIREC_TIMEZONE is wrong", "Europe/Madrid"),
    ),
    (
        "a value in quotes",
        {"TWIREC_TIMEZONE": '"Europe/Madrid"'},
        Check.SETTINGS,
        ("TWIREC_TIMEZONE is wrong", "quotes"),
    ),
    (
        "a sweep before the last",
        {"TWIREC_SWEEP_EVERY": "-5"},
        Check.SETTINGS,
        ("TWIREC_SWEEP_EVERY is wrong", "whole minutes"),
    ),
    (
        "a sweep with its unit",
        {"TWIREC_SWEEP_EVERY": "15m"},
        Check.SETTINGS,
        ("TWIREC_SWEEP_EVERY is wrong", "whole minutes"),
    ),
    (
        "a short audit key",
        {"TWIREC_AUDIT_KEY": "secret"},
        Check.SETTINGS,
        ("TWIREC_AUDIT_KEY is wrong", "openssl rand -hex 32"),
    ),
    (
        "a webhook by http",
        {"TWIREC_NOTIFY_URL": "http://hooks.example.com", "TWIREC_NOTIFY_SECRET": LONG},
        Check.SETTINGS,
        ("TWIREC_NOTIFY_URL is wrong", "https://"),
    ),
    (
        "a webhook without a secret",
        {"TWIREC_NOTIFY_URL": "https://hooks.example.com"},
        Check.SETTINGS,
        ("TWIREC_NOTIFY_URL and TWIREC_NOTIFY_SECRET", "give both"),
    ),
    (
        "a private key that is not there",
        {"TWIREC_DECRYPTION_KEYS": f"{KEY_SID}=/nowhere/key.pem"},
        Check.SETTINGS,
        ("TWIREC_DECRYPTION_KEYS", f"{KEY_SID}: the file cannot be read"),
    ),
    (
        "a private key that is none",
        {"TWIREC_DECRYPTION_KEYS": f"{KEY_SID}={{folder}}/words.txt"},
        Check.SETTINGS,
        ("TWIREC_DECRYPTION_KEYS", "not a private key in PEM"),
    ),
    (
        "an ffmpeg that is not there",
        {"TWIREC_FFMPEG": "/nowhere/ffmpeg"},
        Check.SETTINGS,
        ("TWIREC_FFMPEG is wrong", "the whole path of a program"),
    ),
    (
        "an ffmpeg without its path",
        {"TWIREC_FFMPEG": "ffmpeg"},
        Check.SETTINGS,
        ("TWIREC_FFMPEG is wrong", "the whole path of a program"),
    ),
    (
        "a copy in a format that there is not",
        {"TWIREC_LISTENING_COPY": "wma"},
        Check.SETTINGS,
        ("TWIREC_LISTENING_COPY is wrong", "opus"),
    ),
    (
        "numbers to take over without the word",
        {"TWIREC_ADOPT": "+34911000111"},
        Check.SETTINGS,
        ("TWIREC_ADOPT is wrong", "numbers:+34911000111"),
    ),
    (
        "a yes in words",
        {"TWIREC_KEEP_AT_TWILIO": "true"},
        Check.SETTINGS,
        ("TWIREC_KEEP_AT_TWILIO is wrong", "write 1 for yes"),
    ),
    (
        "a shared key without its account",
        {"TWIREC_TWILIO_SHARED_KEYS": "webhooks_sharedkey_1:hidden"},
        Check.SETTINGS,
        ("TWIREC_TWILIO_SHARED_KEYS is wrong", "AC…=webhooks_sharedkey_…:secret"),
    ),
    (
        "a setting that is empty",
        {"TWIREC_COUNTRY": ""},
        Check.SETTINGS,
        ("TWIREC_COUNTRY is empty", "take it out"),
    ),
    (
        "a folder that is another one in every directory",
        {"TWIREC_BUCKET": "file:calls"},
        Check.PLACES,
        ("TWIREC_BUCKET", "file:///"),
    ),
    (
        "the sandbox's clock with Twilio's own",
        {"TWIREC_CLOCK_SPEED": "20", "TWIREC_TWILIO_API_URL": "https://127.0.0.2:9"},
        Check.SETTINGS,
        ("TWIREC_CLOCK_SPEED is only for the sandbox", "TWIREC_TWILIO_API_URL"),
    ),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with Sandbox(speed=50) as sandbox, installed(folder, sandbox) as installation:
        yield installation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "words.txt").write_text("these are words, and nothing else\n")
    return folder


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing leave this machine, nor wait before it tries again."""
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.0)
    connect = connection.create_connection

    def connect_here(address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
        if address[0] not in {"127.0.0.1", "localhost"}:
            raise OSError(f"{address[0]} is another machine")
        return connect(address, *rest, **options)

    monkeypatch.setattr(connection, "create_connection", connect_here)


def examined(house: Installation, folder: Path, changes: Changes) -> list[CheckResult]:
    given = {"port": house.url.rpartition(":")[2], "folder": str(folder)}
    filled = {name: value and value.format(**given) for name, value in changes.items()}
    return house.examine(**filled)


OF_A_FILE = pytest.mark.about_sqlite("there is no file")


@pytest.mark.parametrize(
    ("changes", "check", "words"),
    [
        pytest.param(*row, marks=OF_A_FILE if name == "a catalog that nobody made" else (), id=name)
        for name, *row in ROWS
    ],
)
def test_a_wrong_setting_is_named_with_its_fix(
    house: Installation,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    changes: Changes,
    check: Check,
    words: tuple[str, ...],
) -> None:
    caplog.set_level(logging.DEBUG)
    if key := changes.get("GOOGLE_APPLICATION_CREDENTIALS"):  # Google's library reads it by itself
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", key.format(folder=folder))
    results = examined(house, folder, changes)
    wrong = [one for one in results if one.check is check and one.level is not Level.OK]
    told = [f"{one.what} {one.fix}" for one in wrong]
    assert any(all(word in each for word in words) for each in told), told
    assert all(one.fix for one in results if one.level in {Level.FAILED, Level.WARNING})
    for secret in ("hidden", SECRET, house.sandbox.auth_token):
        assert secret not in str(results) + caplog.text


def test_there_are_forty_and_more() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS) >= 40


@pytest.mark.about_sqlite("the settings are those of another file")
def test_what_is_right_is_not_called_wrong(house: Installation, folder: Path) -> None:
    """The same spelt otherwise, as people write it."""
    spelt = {
        "TWIREC_PUBLIC_URL": f"{house.url}/",
        "TWIREC_TWILIO_API_URL": f"{house.sandbox.url}/",
        "TWILIO_API_KEY": house.sandbox.api_key,
        "TWILIO_API_SECRET": house.sandbox.api_secret,
        "TWIREC_SWEEP_EVERY": "0",
        "TWIREC_TIMEZONE": "UTC",
    }
    assert [one for one in house.examine(**spelt) if one.level is not Level.OK] == []
