"""`twirec evidence` and `twirec verify`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.evidence.conftest import Make, write
from twirec.cli import main
from twirec.sandbox.authority import Authority


def verify(*words: object) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, words)], env={})


def test_a_package_is_verified_without_settings(
    made: Make, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    package = write(tmp_path, "case.asice", made("asice"))
    result = verify(package, "--trust", authority.root)
    assert result.exit_code == 0, result.output
    assert result.output.endswith("Nothing is broken.\n")
    assert "ok  The certificate of Ejemplo S. L. is trusted." in result.output
    found = json.loads(verify(package, "--trust", authority.root, "--json").output)
    assert found["holds"] is True
    assert {"code": "signer_trusted", "about": {"who": "Ejemplo S. L."}}.items() <= next(
        each for each in found["claims"] if each["name"] == "signer"
    ).items()
    spanish = verify(package, "--trust", authority.root, "--language", "es").output
    assert "bien  El certificado de Ejemplo S. L. es de confianza." in spanish
    assert spanish.endswith("No hay nada roto.\n")
    lonely = verify(package)  # nobody is trusted, which claims say, and no log
    assert lonely.exit_code == 0
    assert "Traceback" not in lonely.output + lonely.stderr
    data = bytearray(package.read_bytes())
    at = data.index(b"manifest.json") + 60
    data[at] ^= 255
    result = verify(write(tmp_path, "bad.asice", bytes(data)))
    assert result.exit_code == 1
    assert "BROKEN  manifest.json was changed." in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.asice", "case.asice"]


def test_what_cannot_be_verified_is_one_sentence(tmp_path: Path, authority: Authority) -> None:
    letter = write(tmp_path, "letter.txt", b"Dear judge")
    for words, said in (
        ((letter,), "neither a PDF nor an ASiC-E container"),
        ((tmp_path / "nothing.pdf",), "nothing.pdf cannot be read (No such file or directory)"),
        ((letter, "--trust", letter), "holds no certificate in PEM"),
        ((letter, "--trust", tmp_path / "none.pem"), "none.pem cannot be read"),
    ):
        result = verify(*words)
        assert result.exit_code in (1, 2)
        assert said in " ".join(result.output.split()), result.output
