"""Where the app sends a browser: only ever to pages of its own."""

from __future__ import annotations

import pytest
from panel_house import (
    PASSWORD,
    Browser,
    House,
    Template,
)

from callpanel.roles import Role

HOSTILE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\x00/evil.example",
    "/\u2028/evil.example",
    "http:evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ":evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "//[",
    "http://[",
    "//evil.example@localhost/",
    "",
]
"""What leads elsewhere, in some browser or other."""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_redirect_leads_to_no_other_host(client: Browser, hostile: str) -> None:
    client.read_token()
    form = {"name": "ana", "password": PASSWORD}
    answer = client.post("/sign-in", form, query_string={"next": hostile})
    if "\0" in hostile:  # no character that anything of ours has
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("own", ["/calls", "/users/%C3%A9", "/calls/CA1?after=//x", "/.//x"])
def test_a_redirect_leads_to_the_page_that_was_wanted(client: Browser, own: str) -> None:
    client.read_token()
    form = {"name": "ana", "password": PASSWORD}
    answer = client.post("/sign-in", form, query_string={"next": own})
    assert (answer.status_code, answer.headers["Location"]) == (302, own)


@pytest.mark.parametrize("hostile", [*HOSTILE, "https://localhost.evil.example/calls"])
def test_a_change_of_language_leads_to_no_other_host(
    read_only: House, template: Template, hostile: str
) -> None:
    admin = Browser(read_only.app, template.passes[Role.ADMIN])
    # over https Flask-WTF lets no other page through; over http it looks at none
    admin.client.set_cookie("__Host-callpanel", admin.cookie(), domain="localhost")
    referrer = {"HTTP_REFERER": hostile.encode("latin-1", "ignore").decode("latin-1")}
    form = {"language": "es", "csrf_token": admin.token}
    path, base = "/language", "http://localhost"
    answer = admin.client.post(path, base, data=form, environ_overrides=referrer)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_a_change_of_language_leads_back(admin: Browser) -> None:
    headers = {"Referer": "https://localhost/calls?after=x"}
    answer = admin.post("/language", {"language": "es"}, headers=headers)
    assert answer.headers["Location"] == "/calls?after=x"
    assert '<html lang="es">' in admin.get("/users").text
    admin.post("/language", {"language": "tlh"}, headers=headers)
    assert '<html lang="es">' in admin.get("/users").text


def test_who_is_not_signed_in_comes_back_to_the_page_they_asked_for(client: Browser) -> None:
    answer = client.get("/calls?after=abc")
    assert answer.headers["Location"] == "/sign-in?next=/calls?after%3Dabc"
    form = {"name": "ana", "password": PASSWORD}
    client.read_token()
    again = client.post(answer.headers["Location"], form)
    assert again.headers["Location"] == "/calls?after=abc"
