"""Packages are made, and accepted by tools that know nothing of this library."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.evidence.conftest import ANA, SOUND, Make, checked, write
from tests.factories import call_sid, recording_sid
from tests.house import AT_VENDOR, House, with_settings
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.evidence.manifest import utc
from twirec.model.access import Actor
from twirec.model.cards import CardCut, CardCutState
from twirec.model.claims import CheckLevel
from twirec.model.errors import CustodyRefused, InvalidQuery, SealUnusable, TimeStampUnavailable
from twirec.model.transcript import Transcript
from twirec.sandbox.authority import Authority

SID = recording_sid()
WAV = f"{SID}.wav"


def tool(name: str) -> str:
    """Return a program of the machine; without it the test is skipped, but not in CI."""
    if shutil.which(name) is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"there is no {name}")
    return name


def run(folder: Path, command: str) -> str:
    """Run a command as an expert types it; return what it says."""
    tool(command.partition(" ")[0])
    done = subprocess.run(
        ["sh", "-e", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def printed(pdf: Path) -> list[str]:
    """Return the commands that the pages print, without the breaks of lines."""
    text = run(pdf.parent, f"pdftotext -layout {pdf.name} -")
    begins = ("unzip", "openssl", "sha256sum", "pdfsig", "pdfdetach", "sum=", "grep")
    found: list[str] = []
    for line in (each.strip() for each in text.splitlines()):
        if line.startswith(begins):
            found.append(line)
        elif found and found[-1].startswith("openssl") and line.startswith(("META", "-", "..")):
            found[-1] += f" {line}"
    return found


def test_a_container_is_accepted_by_openssl(
    make: Make, authority: Authority, tmp_path: Path
) -> None:
    package = write(tmp_path, "case.asice", make("asice", language="en"))
    for name in ("ca.pem", "tsa.pem"):
        write(tmp_path, name, authority.root.read_bytes())
    run(tmp_path, f"unzip -q {package.name} -d evidence")
    inside = tmp_path / "evidence"
    commands = [each for each in printed(inside / "report.pdf") if not each.startswith("unzip")]
    assert len(commands) == 5
    said = run(inside, "\n".join(commands))
    assert "Verification successful" in said
    assert "Verification: OK" in said
    assert said.count(".json: OK") == 4
    assert f"{WAV}: OK" in said
    assert said.splitlines().count("sealed") == 1
    assert (inside / WAV).read_bytes() == SOUND
    first = zipfile.ZipFile(package).infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


def test_a_pdf_is_accepted_by_poppler(make: Make, tmp_path: Path) -> None:
    package = write(tmp_path, "case.pdf", make("pdf", language="es"))
    said = run(tmp_path, f"pdfsig {package.name}")
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Signature Validation: Signature is Valid." in said
    assert "Ejemplo S. L." in said
    run(tmp_path, f"pdfdetach -saveall {package.name}")
    assert (tmp_path / WAV).read_bytes() == SOUND
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    (recording,) = manifest["recordings"]
    assert recording["sha256"] == hashlib.sha256(SOUND).hexdigest()
    assert [each["outcome"] for each in recording["consents"]] == ["granted"]
    chain = [step["what"] for step in recording["custody_chain"]]
    assert chain[0] == "call_began"
    assert {"announcement_sent", "consent", "recording_began", "vendor_said", "listen"} <= {*chain}
    numbers = [step["entry"]["seq"] for step in recording["custody_chain"] if "entry" in step]
    assert numbers == sorted(set(numbers))
    assert "ana" not in json.dumps(recording["custody_chain"])
    assert b"/pdfaid" in package.read_bytes() or b"pdfaid:part" in package.read_bytes()
    pages = run(tmp_path, f"pdftotext -layout {package.name} -")
    for words in ("Qué no prueba", "Cadena de custodia", "Tecla pulsada", "+34600111222"):
        assert words in pages


@pytest.mark.parametrize("form", ["pdf", "asice"])
def test_an_untouched_package_holds(made: Make, authority: Authority, form: str) -> None:
    package = made(form)
    found = checked(package, authority)
    assert found.holds, found.claims
    known = {each.name for each in found.claims if each.level is CheckLevel.HOLDS}
    assert {"seal", "signer", "time", WAV, SID, "manifest.json", "consent"} - known <= {
        "manifest.json" if form == "pdf" else ""
    }
    unknown = [each.name for each in found.claims if each.level is CheckLevel.UNKNOWN]
    assert unknown == ["audit log"]


def test_what_a_machine_heard_is_in_it_marked_and_checked(
    make: Make, sealed_house: House, authority: Authority, tmp_path: Path
) -> None:
    archive, name = sealed_house.archive, f"{SID}-transcript-by-machine.json"
    archive.transcripts.request(SID, by=ANA)
    archive.jobs.do("transcript", SID)
    transcript = archive.transcripts.get(SID, by=ANA)
    assert transcript.sentences
    (tmp_path / "pdf").mkdir()
    pdf = write(tmp_path / "pdf", "case.pdf", make("pdf", language="es"))
    container = make("asice", language="en")
    with zipfile.ZipFile(io.BytesIO(container)) as package:
        files = {each: package.read(each) for each in package.namelist()}
    run(pdf.parent, f"pdfdetach -saveall {pdf.name}")
    report = write(tmp_path, "report.pdf", files["report.pdf"])
    for found, pages, marks in (
        (pdf.parent.joinpath(name).read_bytes(), pdf, ("Esto lo escribió una máquina", "prueba")),
        (files[name], report, ("A machine wrote this down", "no proof")),
    ):
        assert Transcript.from_json(found) == transcript
        assert json.loads(found)["made_by"] == "machine"
        text = " ".join(run(pages.parent, f"pdftotext -layout {pages.name} -").split())
        for words in (*marks, *(each.text for each in transcript.sentences)):
            assert words in text, words
    for manifest in (pdf.parent.joinpath("manifest.json").read_bytes(), files["manifest.json"]):
        said = json.loads(manifest)["recordings"][0]["transcript"]
        assert (said["file"], said["made_by"]) == (name, "machine")
        assert said["of_sha256"] == hashlib.sha256(SOUND).hexdigest()
    assert checked(pdf.read_bytes(), authority).holds
    assert checked(container, authority).holds
    # a word of it is changed, or it is taken out
    for changed in (files[name].replace(b"baja", b"alta"), None):
        parts = {**files, name: changed}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            for each, data in parts.items():
                if data is not None:
                    package.writestr(each, data)
        broken = checked(packed.getvalue(), authority)
        assert not broken.holds
        assert name in {each.name for each in broken.claims if each.level is CheckLevel.BROKEN}


def test_it_says_that_what_is_heard_was_cut_and_its_own_sound_was_not(
    make: Make, sealed_house: House, authority: Authority, tmp_path: Path
) -> None:
    archive, quiet = sealed_house.archive, SOUND[:44] + bytes(len(SOUND) - 44)
    name = f"derivatives/2026/11/23/20261123T101500Z_{SID}_0123456789abcdef.wav"
    at, sha256 = archive.now(), hashlib.sha256(quiet).hexdigest()
    stored = sealed_house.bucket.put(
        name, [quiet], content_type="audio/x-wav", labels={}, custom_time=at, finish=dict
    )
    cut = CardCut(SID, at, "0" * 64, (), CardCutState.CUT, object_name=name, made_at=at)
    cut = dataclasses.replace(cut, made_cuts=((61.0, 75.5), (80.0, 82.25)))
    cut = dataclasses.replace(cut, size=stored.size, crc32c=stored.crc32c, own_sha256=sha256)
    with archive.catalog.database.write() as connection:
        connection.execute(insert(card_cuts), to_row(cut, card_cuts))
    archive.transcripts.request(SID, by=ANA)
    archive.jobs.do("transcript", SID)
    container = make("asice", language="es")
    with zipfile.ZipFile(io.BytesIO(container)) as package:
        files = {each: package.read(each) for each in package.namelist()}
    assert files[WAV] == SOUND
    (said,) = json.loads(files["manifest.json"])["recordings"]
    assert said["sha256"] == hashlib.sha256(SOUND).hexdigest()
    assert said["transcript"]["of_sha256"] == sha256
    assert said["card_numbers_cut"] == {
        "copy_sha256": sha256,
        "made_at": utc(at),
        "silent": [[61.0, 75.5], [80.0, 82.25]],
        "file_is": "as recorded",
        "speech_and_transcript_are_of": "the copy",
        "original_sha256": "0" * 64,
        "original_destroyed_at": None,
    }
    report = write(tmp_path, "report.pdf", files["report.pdf"])
    text = " ".join(run(tmp_path, f"pdftotext -layout {report.name} -").split())
    assert "no es esa copia, sino la grabación tal como se hizo, íntegra." in text
    assert sha256 in text
    assert "1:01-1:16, 1:20-1:22" in text
    assert checked(container, authority).holds


@pytest.mark.parametrize("again", [False, True])
def test_a_package_says_that_the_original_is_destroyed_and_its_sound_is_the_copy(
    sealed_house: House, make: Make, tmp_path: Path, again: bool
) -> None:
    archive, at = sealed_house.archive, sealed_house.archive.now()
    cut = CardCut(SID, at, "0" * 64, (), CardCutState.CUT, made_at=at, replaced_at=at)
    cut = dataclasses.replace(cut, made_cuts=((61.0, 75.5),))
    if again:  # more was found in it since then
        cut = dataclasses.replace(cut, object_name="derivatives/x.wav", own_sha256="1" * 64)
    with archive.catalog.database.write() as connection:
        connection.execute(insert(card_cuts), to_row(cut, card_cuts))
    container = make("asice", language="es")
    assert checked(container).holds
    with zipfile.ZipFile(io.BytesIO(container)) as package:
        files = {each: package.read(each) for each in package.namelist()}
    (said,) = json.loads(files["manifest.json"])["recordings"]
    assert said["card_numbers_cut"] == {
        "copy_sha256": "1" * 64 if again else hashlib.sha256(files[WAV]).hexdigest(),
        "made_at": utc(at),
        "silent": [[61.0, 75.5]],
        "file_is": "an earlier copy" if again else "the copy",
        "speech_and_transcript_are_of": "the copy",
        "original_sha256": "0" * 64,
        "original_destroyed_at": utc(at),
    }
    report = write(tmp_path, "report.pdf", files["report.pdf"])
    text = " ".join(run(tmp_path, f"pdftotext -layout {report.name} -").split())
    assert "destruyó la grabación tal como se hizo" in text
    assert "no es esa copia" not in text
    assert ("El sonido de este paquete es la copia anterior." in text) is again
    assert "la grabación tal como se archivó" not in text


def test_without_anybody_trusted_who_sealed_it_is_not_known(made: Make) -> None:
    found = checked(made("asice"))
    unknown = {each.name for each in found.claims if each.level is CheckLevel.UNKNOWN}
    assert found.holds
    assert {"signer", "time"} <= unknown


def test_without_an_authority_the_time_is_not_known(
    sealed_house: House, authority: Authority
) -> None:
    archive = with_settings(sealed_house.archive, tsa_url="")
    for form in ("pdf", "asice"):
        with archive.custody.evidence(SID, form=form, by=ANA) as stream:
            found = checked(b"".join(stream), authority)
        assert found.holds
        assert [each.level for each in found.claims if each.name == "time"] == [CheckLevel.UNKNOWN]


def test_what_is_missing_is_said(sealed_house: House, authority: Authority) -> None:
    archive = sealed_house.archive
    for changes, words in (
        ({"seal": ""}, "TWIREC_SEAL is missing"),
        ({"seal": "/nowhere/seal.p12"}, "cannot be read"),
        ({"seal": "env:NOTHING"}, "variable NOTHING"),
        ({"seal_password": "another"}, "TWIREC_SEAL_PASSWORD"),
    ):
        with pytest.raises(SealUnusable, match=words):
            with_settings(archive, **changes).custody.evidence(SID, by=ANA)
    with pytest.raises(InvalidQuery, match="give a recording"):
        archive.custody.evidence(by=ANA)
    with pytest.raises(InvalidQuery, match="choose pdf, asice"):
        archive.custody.evidence(SID, form="docx", by=ANA)
    with pytest.raises(CustodyRefused):
        archive.custody.evidence(SID, by=Actor("aurora", "auditor"))
    outcomes = [entry.outcome.value for entry in archive.audit.log(action="evidence")]
    assert outcomes == ["denied", *["failed"] * 4]


def test_an_authority_that_is_away_is_said_and_entered(
    sealed_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.time_stamping.FIRST_PAUSE", 0.0)
    archive = with_settings(sealed_house.archive, tsa_url="http://127.0.0.1:9/")
    with pytest.raises(TimeStampUnavailable, match="did not answer"):
        archive.custody.evidence(SID, by=ANA)
    outcomes = [entry.outcome.value for entry in archive.audit.log(action="evidence")]
    assert outcomes == ["failed", "tried"]


def test_a_case_is_all_its_recordings(sealed_house: House, authority: Authority) -> None:
    archive = sealed_house.archive
    archive.calls.annotate(SID, case="R-7KD", by=ANA)
    with archive.custody.evidence(case="R-7KD", form="asice", by=ANA) as stream:
        assert stream.file_name == "evidence_R-7KD.asice"
        package = b"".join(stream)
    assert checked(package, authority).holds
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(package)).read("manifest.json"))
    assert manifest["case_number"] == "R-7KD"
    assert [each["recording_sid"] for each in manifest["recordings"]] == [SID]


def test_nothing_in_it_is_of_a_blocked_recording_of_the_same_call(
    make: Make, sealed_house: House
) -> None:
    other, call = recording_sid(2), call_sid(2)
    at_vendor = dataclasses.replace(AT_VENDOR, sid=other, call_sid=call)
    sealed_house.vendor.add_recording(at_vendor, SOUND)
    sealed_house.tell(recording_sid=other, call_sid=call)
    sealed_house.work()
    sealed_house.archive.custody.block(other, reason="asked to be erased", by=ANA)
    with zipfile.ZipFile(io.BytesIO(make("asice"))) as package:
        texts = [package.read(name) for name in package.namelist() if name.endswith(".json")]
    assert any(b'"listen"' in text for text in texts)
    assert [text for text in texts if other.encode() in text or b'"block"' in text] == []
