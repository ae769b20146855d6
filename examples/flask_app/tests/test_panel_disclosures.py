"""What recipients open, where the panel is a service of its own, and what staff see of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from panel_house import PLAIN, Browser, Template, make_app, recording_sid

from twirec import Archive


@pytest.mark.parametrize("serve", ["phone", "panel", "both"])
def test_each_service_serves_recipients(
    environ: Mapping[str, str], archive: Archive, template: Template, serve: str
) -> None:
    client = make_app({**environ, "CALLPANEL_SERVE": serve}, archive).test_client()
    link = f"/twirec/disclosed/{template.given['secret']}"
    assert client.get(link).status_code == 200
    opened = client.post(link, data={"code": template.given["code"]}, follow_redirects=True)
    assert (opened.status_code, opened.data) == (200, template.wav)
    assert client.get(link).status_code == 404


def test_link_and_code_are_shown_once(admin: Browser) -> None:
    form = {
        "recipient": "Juzgado 7",
        "purpose": "autos 7/2026",
        "ground": "court_order",
        "reference": "auto 7/2026",
        "channels": "both",
        "format": "wav",
        "days": "7",
        "openings": "1",
    }
    path = f"/disclosures/{recording_sid(PLAIN)}"
    answer = admin.post(path, form)
    assert answer.text.count("/twirec/disclosed/") == 1
    assert "/twirec/disclosed/" not in admin.get(path).text
    assert "Juzgado 7" in admin.get("/disclosures").text
    refused = admin.post(path, {**form, "ground": "consent"})
    assert refused.status_code == 403
    assert "has not consented" in refused.text
    assert admin.post(path, {**form, "cuts": "0:02-0:01"}).status_code == 400
    assert admin.post(path, {**form, "cuts": "9:00-9:01"}).status_code == 400
