"""What the doctor sees of private keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from twirec.adapters.disk import FileFacts
from twirec.doctor.private_keys import check_private_key, private_key_results
from twirec.model.inspection import CheckResult, Level

SID = "CR" + "0" * 32


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "the key.pem"
    path.write_text("secret")
    return path


def looked(table: str = "", google: str = "") -> list[CheckResult]:
    environ = {"TWIREC_DECRYPTION_KEYS": table, "GOOGLE_APPLICATION_CREDENTIALS": google}
    return list(private_key_results(environ))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660, 0o777])
@pytest.mark.parametrize("setting", ["table", "google"])
def test_a_key_that_others_may_read_is_named_with_what_ends_it(
    key: Path, mode: int, setting: str
) -> None:
    key.chmod(mode)
    given = {setting: f"{SID}={key}" if setting == "table" else str(key)}
    (result,) = looked(**given)
    assert result.level is Level.WARNING
    assert str(key) in result.what
    assert "secret" not in result.what
    assert os.system(result.fix) == 0  # noqa: S605 - it is to be run as it stands
    assert [one.level for one in looked(**given)] == [Level.OK]


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_that_only_its_owner_may_read_is_well(key: Path, mode: int) -> None:
    key.chmod(mode)
    (result,) = looked(f"{SID}={key}; CR{'1' * 32}=env:OTHER", str(key))
    assert result.level is Level.OK


@pytest.mark.parametrize(
    "table", ["", f"{SID}=env:KEY", f"{SID}=/not/there.pem", "-----BEGIN PRIVATE KEY-----\0", "=;="]
)
def test_what_is_no_file_is_not_shown(table: str) -> None:
    assert looked(table) == []


def test_a_key_of_somebody_else_is_to_become_ours() -> None:
    result = check_private_key("NAME", Path("/etc/key.pem"), FileFacts(0o640, 0), 1000)
    assert result.fix == "chown 1000 /etc/key.pem && chmod 600 /etc/key.pem"
