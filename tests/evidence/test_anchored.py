"""Anchors of the audit log with their time stamps: in packages, and in proofs of one entry."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.evidence.conftest import Make, checked, write
from tests.evidence.test_evidence import run
from tests.evidence.test_tampering import Files, broken, opened, packed, said
from tests.house import House, with_settings
from twirec.archive import Archive
from twirec.cli import main
from twirec.journal.anchors import ANCHORS
from twirec.model.claims import CheckLevel
from twirec.model.errors import TimeStampUnavailable
from twirec.sandbox.authority import Authority


@pytest.fixture
def anchored(sealed_house: House) -> House:
    """The house, its log anchored and time-stamped."""
    for _ in range(3):  # what a package of a recording does not show
        sealed_house.archive.audit.record("sign_in", by="ana")
    assert sealed_house.archive.audit.anchor()
    (known,) = sealed_house.archive.audit.anchors()
    assert known.stamped_at
    return sealed_house


def levels(package: bytes, authority: Authority | None) -> dict[str, CheckLevel]:
    return {each.name: each.level for each in checked(package, authority).claims}


def test_a_package_shows_that_its_entries_were_anchored(
    anchored: House, make: Make, authority: Authority, tmp_path: Path
) -> None:
    package = make("asice", language="en")
    found = checked(package, authority)
    assert found.holds, found.claims
    texts = [each.said for each in found.claims if each.name in ("audit log", "anchor")]
    assert "are on the log of" in texts[0]
    assert "that was anchored on 2026-11-24" in texts[0]
    assert "says that it was there at" in texts[1]
    without = levels(package, None)
    assert (without["audit log"], without["anchor"]) == (CheckLevel.HOLDS, CheckLevel.UNKNOWN)
    files = opened(package)
    assert len(files["anchor.json"]) < 600
    for name in ("anchor.json", "anchor.tst"):
        write(tmp_path, name, files[name])
    write(tmp_path, "tsa.pem", authority.root.read_bytes())
    command = "openssl ts -verify -data anchor.json -in anchor.tst -token_in -CAfile tsa.pem"
    assert "Verification: OK" in run(tmp_path, command)
    pdf = make("pdf", language="es")
    assert levels(pdf, authority)["audit log"] is CheckLevel.HOLDS
    pages = run(tmp_path, f"pdftotext -layout {write(tmp_path, 'case.pdf', pdf).name} -")
    for words in ("se ancló el 2026-11-24", "SHA-256 del ancla", "-data anchor.json"):
        assert words in pages


def in_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Files], None]:
    def changed(files: Files) -> None:
        manifest = json.loads(files["manifest.json"])
        change(manifest)
        files["manifest.json"] = json.dumps(manifest).encode()

    return changed


def an_entry(manifest: dict[str, Any]) -> dict[str, Any]:
    chain = manifest["recordings"][0]["custody_chain"]
    step: dict[str, Any] = next(each for each in chain if "entry" in each)
    return step


CHANGES: dict[str, Callable[[Files], None]] = {
    "the hash of an entry": in_manifest(
        lambda each: an_entry(each)["entry"].update(hash="ab" * 32)
    ),
    "an entry taken out": in_manifest(lambda each: an_entry(each).pop("entry")),
    "the anchor's root": in_manifest(
        lambda each: each["audit_anchor"]["anchor"].update(root="0" * 64)
    ),
    "a node": in_manifest(
        lambda each: each["audit_anchor"]["nodes"].update(
            dict.fromkeys(each["audit_anchor"]["nodes"], "A" * 43 + "=")
        )
    ),
    "the anchor": lambda files: files.update({"anchor.json": files["anchor.json"] + b" "}),
}  # fmt: skip


def test_what_is_changed_of_an_anchor_in_a_package_is_found(
    anchored: House, make: Make, authority: Authority
) -> None:
    files = opened(make("asice"))
    for name, change in CHANGES.items():
        changed = dict(files)
        change(changed)
        found = checked(packed(changed), authority)
        assert {"audit log", "manifest.json"} & broken(found), name
        assert "anchored" in said(found) or "is not one of" in said(found), (name, said(found))
    other = dict(files)
    anchored.time += timedelta(days=1)
    anchored.archive.audit.anchor()
    (second,) = (each.name for each in anchored.bucket.list(ANCHORS) if each.name.endswith("2.tst"))
    other["anchor.tst"] = b"".join(anchored.bucket.open_range(second))
    assert "anchor" in broken(checked(packed(other), authority))


def test_an_authority_that_is_away_delays_the_stamp_and_not_the_anchor(
    sealed_house: House, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: object, query: bytes) -> bytes:
        raise TimeStampUnavailable("The time-stamping authority does not answer.")

    archive, ask = sealed_house.archive, "twirec.adapters.time_stamping.TimeStampAuthority.ask"
    with monkeypatch.context() as while_away:
        while_away.setattr(ask, away)
        archive._periodic._keeper.daily()
        assert [each.stamped_at for each in archive.audit.anchors()] == [None]
        begun = archive.audit.anchors()[0].at
        sealed_house.time += timedelta(days=1, hours=1)
        archive._periodic._keeper.daily()
        assert archive.operations.stats().unstamped_since == begun
        assert with_settings(archive, tsa_url="").operations.stats().unstamped_since is None
    archive._periodic._keeper.daily()  # it is not time to ask again
    assert archive.operations.stats().unstamped_since == begun
    sealed_house.time += timedelta(minutes=10)
    archive._periodic._keeper.daily()
    first, second = archive.audit.anchors()
    assert first.stamped_at is None
    assert second.stamped_at
    assert archive.operations.stats().unstamped_since is None
    assert archive.audit.prove(1).anchor.anchor == 2  # the first that somebody vouches for


def test_stamps_are_verified_with_the_log(
    anchored: House, authority: Authority, stranger: Authority
) -> None:
    def time(archive: Archive, *trusted: Authority) -> tuple[CheckLevel, str]:
        verdict = archive.audit.verify(trusted=[der(each) for each in trusted])
        (claim,) = (each for each in verdict.claims if each.name == "time")
        assert verdict.whole is (claim.level is not CheckLevel.BROKEN)
        return claim.level, claim.said

    assert time(anchored.archive, authority)[0] is CheckLevel.HOLDS
    assert time(anchored.archive)[0] is CheckLevel.UNKNOWN
    assert "does not come from anybody who is trusted" in time(anchored.archive, stranger)[1]
    (name,) = (each.name for each in anchored.bucket.list(ANCHORS) if each.name.endswith("tst"))
    stored, _ = anchored.bucket._objects[name]
    anchored.bucket._objects[name] = (dataclasses.replace(stored, size=4), b"nope")
    level, text = time(anchored.archive, authority)
    assert (level, text.startswith("Anchor 1: ")) == (CheckLevel.BROKEN, True)


def der(authority: Authority) -> bytes:
    import ssl

    return ssl.PEM_cert_to_DER_cert(authority.root.read_text())


# --- proofs, from the command line ---------------------------------------------------------------


def test_a_proof_is_checked_by_others(
    anchored: House,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Archive, "from_env", lambda: anchored.archive)
    run_cli = CliRunner().invoke
    anchored.time += timedelta(days=1)
    assert run_cli(main, ["audit", "--anchor"]).output.startswith("Anchor 2 has")
    made = run_cli(main, ["audit", "--prove", "1", "-o", "proof.json"])
    assert made.exit_code == 0, made.output
    write(tmp_path, "tsa.pem", authority.root.read_bytes())
    check, check_stamp = made.output.splitlines()[-2:]
    assert run(tmp_path, check).strip() == "True"
    assert "Verification: OK" in run(tmp_path, check_stamp)
    grown = run_cli(main, ["audit", "--consistent", "1", "2", "-o", "grown.json"])
    assert run(tmp_path, grown.output.splitlines()[-2]).strip() == "True"
    for file, words in (("proof.json", "Entry 1 ("), ("grown.json", "are the first of the")):
        verified = run_cli(main, ["verify", file, "--trust", str(authority.root)], env={})
        assert verified.exit_code == 0, verified.output
        assert words in verified.output
        assert "says that it was there at" in verified.output
        proof = json.loads((tmp_path / file).read_text())
        for forged in (
            {**proof, "path": proof["path"][:-4] + "AAA="},
            {**proof, "path": proof["path"] + "AAAA"},
            {**proof, "anchor": {**proof["anchor"], "entries": 10**30}},
            {**proof, "anchor": {**proof["anchor"], "root": "0" * 64}},
            {**proof, "anchor": {**proof["anchor"], "at": "yesterday"}},
            {**proof, "stamp": "AAAA"},
            {**proof, "anchor": None},
        ):
            (tmp_path / "forged.json").write_text(json.dumps(forged))
            assert run_cli(main, ["verify", "forged.json"], env={}).exit_code == 1, forged
    listed = run_cli(main, ["audit", "--anchors", "--json"])
    assert [each["anchor"] for each in json.loads(listed.output)] == [1, 2]
    verified = run_cli(main, ["audit", "--verify", "--trust", "tsa.pem"])
    assert verified.exit_code == 0, verified.output
    assert "ok It is what 2 anchors in the bucket say" in " ".join(verified.output.split())
    for words in (
        ["--prove", "1"],
        ["-o", "x.json"],
        ["--verify", "--anchor"],
        ["--trust", "tsa.pem"],
        ["--prove", "1", "-o", "proof.json"],
        ["--prove", "999", "-o", "x.json"],
    ):
        assert run_cli(main, ["audit", *words]).exit_code in (1, 2), words
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("data", [b"{}", b"{", b'{"proof": "x"}', b'{"proof":[' * 50_000])
def test_json_that_is_no_proof_is_none(data: bytes, tmp_path: Path) -> None:
    file = write(tmp_path, "proof.json", data)
    result = CliRunner().invoke(main, ["verify", str(file)], env={})
    assert result.exit_code == 1
    assert "no proof of an audit log" in " ".join(result.output.split())
