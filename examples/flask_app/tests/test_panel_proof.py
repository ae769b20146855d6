"""Packages that are checked by upload, and months that are closed."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from panel_house import PLAIN, Browser, recording_sid, settings_of

from callpanel import checking
from callpanel.panel import proof
from twirec import Archive
from twirec.evidence import container
from twirec.sandbox.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "Ejemplo S. L.")


@pytest.fixture
def environ(folder: Path, authority: Authority) -> dict[str, str]:
    return {**settings_of(folder), **authority.settings()}


def upload(
    browser: Browser, package: bytes, trust: bytes = b"", name: str = "case.asice"
) -> object:
    fields: dict[str, object] = {"package": (io.BytesIO(package), name)}
    if trust:
        fields["trust"] = (io.BytesIO(trust), "ca.pem")
    return browser.post("/proof/check", fields)


def test_a_package_is_checked_as_the_command_does(
    supervisor: Browser, archive: Archive, authority: Authority
) -> None:
    page = supervisor.get("/proof").text
    assert "Check a package" in page
    assert "Close the month" not in page
    with archive.custody.evidence(
        recording_sid(PLAIN), form="asice", by="ana", purpose="claim"
    ) as stream:
        package = b"".join(stream)
    root = Path(authority.root).read_bytes()
    said = upload(supervisor, package, root, "<b>case</b>.asice")
    assert said.status_code == 200
    assert "Nothing is broken" in said.text
    assert "The certificate of Ejemplo S. L. is trusted." in said.text
    assert "&lt;b&gt;case&lt;/b&gt;.asice" in said.text
    data = bytearray(package)
    data[data.index(b"manifest.json") + 60] ^= 255
    supervisor.post("/language", {"language": "es"})
    said = upload(supervisor, bytes(data))
    assert said.status_code == 200
    assert "No se sostiene" in said.text
    assert "manifest.json se cambió." in said.text
    said = upload(supervisor, b"PK\x03\x04")
    assert said.status_code == 400
    assert "No es ningún paquete ni acta" in said.text


def test_what_is_too_large_is_refused_before_it_is_read(
    supervisor: Browser, agent: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "LARGEST", 200_000)
    assert upload(supervisor, b"x" * 150_000).status_code == 400
    assert upload(supervisor, b"x" * 250_000).status_code == 413
    assert upload(agent, b"x" * 150_000).status_code == 413  # as any form of theirs


def test_a_package_that_unpacks_without_end_ends(
    supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SECONDS", 0.01)
    assert upload(supervisor, b"PK\x03\x04").status_code == 400


def test_what_a_check_says_is_bounded_as_its_memory_is(tmp_path: Path) -> None:
    package = tmp_path / "package"
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("mimetype", container.MIMETYPE)
        file.writestr(container.LIST, f'<a xmlns="{container.ASIC}"/>')
        file.writestr(container.SIGNATURE, b"")
        for number in range(8_000):  # none is on the list: a sentence about each
            file.writestr(f"{number:0250}", b"")
    assert checking.check(package, None, "en") is None


def test_a_month_is_closed_and_its_statement_given(
    admin: Browser, auditor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "now", lambda: datetime(2026, 12, 2, 9, tzinfo=UTC))
    monkeypatch.setitem(archive.__dict__, "vendor", Listing(archive))
    assert admin.post("/proof/months", {"month": "2026-12"}).status_code == 400
    assert "cannot be closed" in admin.post("/proof/months", {"month": "2026-12"}).text
    assert admin.post("/proof/months", {"month": "2026-11"}).status_code == 302
    (statement,) = archive.custody.months.list(by="ana")
    page = auditor.get("/proof").text
    assert statement.id in page
    given = auditor.get(f"/proof/months/{statement.id}.pdf")
    assert given.status_code == 200
    assert given.data.startswith(b"%PDF")
    checked = upload(auditor, given.data, name=f"{statement.id}.pdf")
    assert "Nothing is broken" in checked.text


class Listing:
    """Twilio, which lists every call that the ledger has in November."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.accounts = (archive.settings.account_sid,)

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> object:
        from twirec.model.vendor import VendorCall

        lines = self._archive.catalog.months.lines(since, until, after=None, limit=500)
        return (
            VendorCall(sid, account, "", "", "inbound", "completed", started_at=at, ended_at=at)
            for at, account, sid in lines
            if account == account_sid
        )

    def recordings(self, account_sid: str, **_: object) -> object:
        return iter(())

    def call(self, account_sid: str, sid: str) -> object:
        from twirec.model.errors import NotAtVendor

        raise NotAtVendor(sid)

    def close(self) -> None:
        """Nothing is open."""
