"""A sealed package from the page of a call."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from panel_house import (
    PLAIN,
    Browser,
    Template,
    call_sid,
    make_app,
    open_archive,
    recording_sid,
    settings_of,
)

from callpanel.roles import Role
from twirec import Archive, check_evidence
from twirec.sandbox.authority import Authority

PATH = f"/recordings/{recording_sid(PLAIN)}/evidence"
PAGE = f"/calls/{call_sid(PLAIN)}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "Ejemplo S. L.")


@pytest.fixture
def environ(folder: Path, authority: Authority) -> dict[str, str]:
    return {**settings_of(folder), **authority.settings()}


def test_a_package_is_given_in_both_forms(supervisor: Browser, archive: Archive) -> None:
    page = supervisor.get(PAGE).text
    assert f'action="{PATH}"' in page
    for form, begins in (("pdf", b"%PDF"), ("asice", b"PK")):
        response = supervisor.post(PATH, {"form": form})
        assert response.status_code == 200
        assert response.headers["Content-Disposition"].endswith(f".{form}")
        assert response.data.startswith(begins)
        assert check_evidence(io.BytesIO(response.data)).holds
    entries = archive.audit.log(action="evidence")
    assert [entry.detail["purpose"] for entry in entries] == ["claim"] * 4
    assert supervisor.post(PATH, {"form": "docx"}).status_code == 400


def test_who_may_not_download_gets_none(auditor: Browser, agent: Browser) -> None:
    for browser in (auditor, agent):
        assert browser.post(PATH, {"form": "pdf"}).status_code == 403
    assert f'action="{PATH}"' not in auditor.get(PAGE).text


def test_a_seal_that_cannot_be_used_is_said(
    environ: dict[str, str], authority: Authority, template: Template
) -> None:
    broken: Mapping[str, str] = {**environ, "TWIREC_SEAL_PASSWORD": "another"}
    archive = open_archive(broken)
    browser = Browser(make_app(broken, archive), template.passes[Role.ADMIN])
    assert browser.post(PATH, {"form": "pdf"}).status_code == 302
    assert "There is no seal, or it cannot be used" in browser.get(PAGE).text
    archive.close()


def test_without_a_seal_it_is_not_offered(folder: Path, template: Template) -> None:
    plain = settings_of(folder)
    archive = open_archive(plain)
    browser = Browser(make_app(plain, archive), template.passes[Role.ADMIN])
    assert "Evidence for others" not in browser.get(PAGE).text
    archive.close()
