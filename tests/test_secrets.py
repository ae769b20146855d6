"""No secret is in what Python says of our objects: help, repr, errors."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import pkgutil
import pydoc
import traceback
from collections.abc import Iterator
from types import ModuleType

import pytest

import callpanel
import twirec
from tests.encrypting import key_pair
from twirec.archive import Archive
from twirec.model.errors import SettingsError
from twirec.settings import NAMES
from twirec.testing import ACCOUNT_SID, ENVIRONMENT

WORD = "s3cret"

SECRETS = {
    "TWILIO_AUTH_TOKEN": f"{WORD} token",
    "TWILIO_API_KEY": "SK1",
    "TWILIO_API_SECRET": f"{WORD} of the key",
    "TWIREC_TWILIO_AUTH_TOKENS": f"{ACCOUNT_SID}={WORD}1,{WORD}2",
    "TWIREC_TWILIO_SHARED_KEYS": f"{ACCOUNT_SID}=webhooks_sharedkey_1:{WORD}",
    "TWIREC_DATABASE_URL": f"postgresql://ana:{WORD}@127.0.0.1:1/twirec",
    "TWIREC_CELERY_BROKER": f"redis://:{WORD}@127.0.0.1:1/0",
    "TWIREC_NOTIFY_URL": f"https://hooks.example.com/{WORD}",
    "TWIREC_NOTIFY_SECRET": WORD * 6,
    "TWIREC_AUDIT_KEY": WORD * 6,
    "TWIREC_SEAL_PASSWORD": WORD,
    "TWIREC_TSA_URL": f"https://ana:{WORD}@tsa.example.com/",
    "TWIREC_SMTP_URL": f"smtps://ana:{WORD}@mail.example.com",
    "TWIREC_DECRYPTION_KEYS": f"{key_pair().sid}=env:PEM",
}
ENVIRON = {**ENVIRONMENT, **SECRETS, "PEM": key_pair().pem()}


def test_every_secret_is_among_them() -> None:
    assert {name for name, known in NAMES.items() if known.secret} <= set(SECRETS)


def modules() -> Iterator[ModuleType]:
    for package in (twirec, callpanel):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and ".migrations." not in found.name:
                yield importlib.import_module(found.name)


def functions(module: ModuleType) -> Iterator[tuple[str, object]]:
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__:
            for inner, member in vars(value).items():
                yield f"{name}.{inner}", inspect.unwrap(getattr(member, "__func__", member))
        elif inspect.isfunction(value):
            yield name, inspect.unwrap(value)


def test_no_environment_is_a_default_argument() -> None:
    looked_at = 0
    for module in modules():
        for name, function in functions(module):
            if inspect.isfunction(function):
                looked_at += 1
                defaults = [
                    *(function.__defaults__ or ()),
                    *(function.__kwdefaults__ or {}).values(),
                ]
                assert all(value is not os.environ for value in defaults), (module, name)
    assert looked_at > 1000


def test_help_prints_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", SECRETS["TWILIO_AUTH_TOKEN"])
    for value in map(vars(twirec).get, twirec.__all__):
        assert isinstance(value, str) or WORD not in pydoc.render_doc(value)


def everything(archive: Archive) -> Iterator[object]:
    """Yield the archive and what it holds, three levels deep."""
    level: list[object] = [archive, archive.vendor, archive.bucket, archive.operations.worker()]
    seen: set[int] = set()
    for _ in range(3):
        yield from level
        seen |= set(map(id, level))
        level = [
            inner
            for each in level
            for inner in _parts(each)
            if id(inner) not in seen and type(inner).__module__.startswith("twirec")
        ]


def _parts(value: object) -> list[object]:
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return list(vars(value).values()) if hasattr(value, "__dict__") else []


def test_no_object_shows_a_secret() -> None:
    archive = Archive.from_env(ENVIRON)
    shown = [f"{each!r} {each}" for each in everything(archive)]
    assert len(shown) > 15
    assert [text for text in shown if WORD in text or "PRIVATE KEY" in text] == []
    archive.close()


def test_no_error_shows_a_secret() -> None:
    wrong = {**ENVIRON, "TWIREC_COUNTRY": "Spain", "TWIREC_TWILIO_AUTH_TOKENS": f"AC={WORD}"}
    wrong |= {"TWIREC_DATABASE_URL": f"postgresql+psycopg://ana:{WORD}", "TWIREC_AUDIT_KEY": WORD}
    wrong |= {"TWIREC_NOTIFY_URL": f"http://{WORD}.example", "TWIREC_DECRYPTION_KEYS": WORD}
    with pytest.raises(SettingsError) as raised:
        Archive.from_env(wrong)
    assert len(raised.value.problems) == 6
    assert WORD not in "".join(traceback.format_exception(raised.value))


def test_an_error_of_the_database_shows_no_password() -> None:
    archive = Archive.from_env(ENVIRON)
    with pytest.raises(twirec.CatalogError) as raised:
        archive.set_up()
    assert WORD not in "".join(traceback.format_exception(raised.value))
    archive.close()
