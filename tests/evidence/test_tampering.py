"""Whatever is changed of a package is found, and named."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.evidence.conftest import Make, checked
from tests.factories import recording_sid
from twirec.custody.zipping import SUMS
from twirec.evidence.container import LIST, SIGNATURE, STAMP, STAMPED
from twirec.evidence.month_claims import _rows
from twirec.evidence.opened import Files as Opened
from twirec.evidence.opened import TooLarge
from twirec.evidence.seal import Key, Seal
from twirec.model.claims import CheckLevel
from twirec.model.errors import NoEvidence
from twirec.model.evidence import EvidenceCheck
from twirec.sandbox.authority import Authority

SID = recording_sid()
WAV = f"{SID}.wav"

Files = dict[str, bytes]


def opened(package: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(files: Files, *more: tuple[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for name, data in [*files.items(), *more]:
            file.writestr(name, data)
    return written.getvalue()


def broken(found: EvidenceCheck) -> set[str]:
    return {each.name for each in found.claims if each.level is CheckLevel.BROKEN}


def said(found: EvidenceCheck) -> str:
    return " ".join(each.said for each in found.claims if each.level is CheckLevel.BROKEN)


def in_manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Files], None]:
    def changed(files: Files) -> None:
        manifest = json.loads(files["manifest.json"])
        change(manifest["recordings"][0])
        files["manifest.json"] = json.dumps(manifest).encode()

    return changed


def a_byte(name: str) -> Callable[[Files], None]:
    def changed(files: Files) -> None:
        data = bytearray(files[name])
        data[len(data) // 2] ^= 1
        files[name] = bytes(data)

    return changed


def chain(change: Callable[[list[object]], object]) -> Callable[[Files], None]:
    return in_manifest(lambda recording: change(recording["custody_chain"]))  # type: ignore[arg-type]


def wording(files: Files) -> str:
    return next(name for name in files if name.startswith("announcement-"))


CHANGES: dict[str, tuple[Callable[[Files], None], set[str]]] = {
    "a byte of the audio": (a_byte(WAV), {WAV, SID}),
    "a number in the manifest": (
        in_manifest(lambda each: each["call"].update(customer_number="+34600999999")),  # type: ignore[attr-defined]
        {"manifest.json"},
    ),
    "the wording": (lambda files: a_byte(wording(files))(files), {"announcement"}),
    "a line of custody changed": (
        chain(lambda steps: steps[0].update(what="erase")),  # type: ignore[attr-defined]
        {"manifest.json"},
    ),
    "a line of custody taken out": (chain(lambda steps: steps.pop(0)), {"manifest.json"}),
    "lines of custody in another order": (chain(lambda steps: steps.reverse()), {"manifest.json"}),
    "the pages": (a_byte("report.pdf"), {"report.pdf"}),
    "the list": (a_byte(LIST), {"seal"}),
    "the signature": (a_byte(SIGNATURE), {SIGNATURE}),
    "no signature": (lambda files: files.pop(SIGNATURE), {"seal"}),  # type: ignore[dict-item]
    "no recording": (lambda files: files.pop(WAV), {WAV}),  # type: ignore[dict-item]
    "no list of the time stamp": (lambda files: files.pop(STAMPED), {"time"}),  # type: ignore[dict-item]
    "the time stamp of another file": (
        lambda files: files.update({STAMPED: files[LIST]}),
        {"time"},
    ),
    "another file": (lambda files: files.update({"letter.txt": b"Dear judge"}), {"letter.txt"}),
    "the sums": (a_byte(SUMS), {SUMS}),
    "no mimetype": (lambda files: files.pop("mimetype"), {"mimetype"}),  # type: ignore[dict-item]
    "a time stamp that is none": (lambda files: files.update({STAMP: b"soon"}), {"time"}),
}


def test_each_change_of_a_container_is_named(made: Make, authority: Authority) -> None:
    whole = opened(made("asice"))
    assert broken(checked(packed(whole), authority)) == set()
    for name, (change, expected) in CHANGES.items():
        files = dict(whole)
        change(files)
        found = checked(packed(files), authority)
        assert not found.holds, name
        named = {each.split("-")[0] if "announcement" in each else each for each in broken(found)}
        assert expected <= named, (name, broken(found))


def test_what_is_too_large_is_not_read_and_named(
    made: Make, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = opened(made("asice"))
    package, name = packed(whole), wording(whole)
    for place, file in (
        ("claims.LARGEST_WORDING", name),
        ("claims.LARGEST", "manifest.json"),
        ("checked_container.SMALL", LIST),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"twirec.evidence.{place}", 100)
            found = checked(package, authority)
        assert file in broken(found), place
        assert f"{file} is larger than 0.0001 MB, and is not read." in said(found)
    monkeypatch.setattr("twirec.evidence.month_claims.LONGEST_LINE", 10)
    listed = Opened({"calls.csv": lambda: io.BytesIO(b"a,b\n" + b"x" * 11)})
    with pytest.raises(TooLarge, match=r"calls\.csv has more than 10 bytes"):
        list(_rows(listed, "calls.csv"))


def test_a_doubled_member_is_named(made: Make, authority: Authority) -> None:
    whole = opened(made("asice"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        package = packed(whole, (WAV, b"RIFF"))
    assert f"{WAV} is in the container twice" in said(checked(package, authority))


def test_a_seal_of_another_key_is_named(
    made: Make, authority: Authority, stranger: Authority
) -> None:
    files = opened(made("asice"))
    key = Key(stranger.seal.read_bytes(), stranger.password)
    files[SIGNATURE] = Seal(key).cms(files[LIST])
    for name in (STAMPED, STAMP):
        files.pop(name)
    found = checked(packed(files), authority)
    assert broken(found) == {"signer"}
    assert "Somebody else" in said(found)


def test_each_change_of_a_pdf_is_named(
    made: Make, authority: Authority, stranger: Authority
) -> None:
    whole = made("pdf")
    cut = whole[: len(whole) // 3] + b"\x00" * 8 + whole[len(whole) // 3 + 8 :]
    assert not holds(cut, authority)
    added = io.BytesIO(whole)
    writer = IncrementalPdfFileWriter(added)
    writer.root["/Lang"] = writer.root["/PageMode"] = writer.root.raw_get("/Type")
    writer.update_root()
    writer.write_in_place()
    assert "pages" in broken(checked(added.getvalue(), authority))
    key = Key(stranger.seal.read_bytes(), stranger.password)
    resealed = Seal(key).pdf(unsealed(whole), reason="another")
    found = checked(resealed, authority)
    assert "signer" in broken(found)
    assert "Somebody else" in said(found)


def holds(package: bytes, authority: Authority) -> bool:
    try:
        return checked(package, authority).holds
    except NoEvidence:
        return False


def unsealed(package: bytes) -> bytes:
    """Return a PDF as it was before it was sealed: what follows was appended."""
    end = package.index(b"%%EOF") + len(b"%%EOF")
    return package[:end] + b"\n"


def test_what_is_no_package_is_said() -> None:
    for data in (b"", b"hello", b"PK\x03\x04 and no more", b"%PDF-1.7 and no more"):
        with pytest.raises(NoEvidence):
            checked(data)


def test_a_pdf_without_a_seal_does_not_hold(made: Make, authority: Authority) -> None:
    found = checked(unsealed(made("pdf")), authority)
    assert "seal" in broken(found)
    assert "not sealed" in said(found)
