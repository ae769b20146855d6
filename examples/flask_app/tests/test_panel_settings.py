"""The settings: every one that is missing or wrong is named, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from panel_house import settings_of

from callpanel import create_app
from twirec import SettingsError


@pytest.fixture
def right(tmp_path: Path) -> dict[str, str]:
    """Settings with which the app starts."""
    return settings_of(tmp_path)


def problems(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is wrong with settings."""
    with pytest.raises(SettingsError) as raised:
        create_app(environ)
    return raised.value.problems


def test_with_the_right_settings_it_starts(right: dict[str, str]) -> None:
    app = create_app(right)
    assert app.config["SECRET_KEY"] == right["CALLPANEL_SECRET_KEY"]


def test_all_that_is_missing_is_named_at_once() -> None:
    named = {problem.split()[0] for problem in problems({})}
    assert named == {
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWIREC_PUBLIC_URL",
        "TWIREC_BUCKET",
        "TWIREC_COMPANY",
        "TWIREC_PRIVACY_INFO",
        "TWIREC_LEGAL_BASIS",
        "TWIREC_AUDIT_KEY",
        "CALLPANEL_SECRET_KEY",
        "CALLPANEL_LINES",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLPANEL_SECRET_KEY", ""),
        ("CALLPANEL_SECRET_KEY", "   "),
        ("CALLPANEL_SECRET_KEY", "changeme"),
        ("CALLPANEL_METRICS_TOKEN", "short"),
        ("CALLPANEL_PROXIES", "one"),
        ("CALLPANEL_PROXIES", "-1"),
        ("CALLPANEL_PROXIES", "10"),
        ("CALLPANEL_SECOND_FACTOR", "admin,king"),
        ("CALLPANEL_PASSWORDS", "no"),
        ("CALLPANEL_PASSWORDS", "off"),
        ("CALLPANEL_LINES", ""),
        ("CALLPANEL_LINES", "+34911000111"),
        ("CALLPANEL_LINES", "+34911000111="),
        ("CALLPANEL_LINES", "911000111=+34911222333"),
        ("CALLPANEL_LINES", "+34 911 000 111=+34911222333"),
        ("CALLPANEL_LINES", "+34911000111=ana"),
        ("CALLPANEL_LINES", "+34911000111=client:ana,"),
        ("CALLPANEL_LINES", "+34911000111=client:ana;+34911000111=client:eva"),
        ("CALLPANEL_DATABASE_URL", "callpanel.db"),
        ("CALLPANEL_DATABASE_URL", "nothing://here"),
        ("CALLPANEL_DATABASE_URL", "postgresql://ana:s3c:ret@h:port/d"),
        ("CALLPANEL_DATABASE_URL", "oracle://ana@localhost/calls"),
        ("TWIREC_AUDIT_KEY", ""),
        ("TWIREC_TIMEZONE", "Europe/Nowhere"),
        ("TWIREC_DATABASE_URL", "nothing://here"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_else(
    right: dict[str, str], name: str, value: str
) -> None:
    found = problems({**right, name: value})
    assert [problem.split()[0] for problem in found] == [name]


OF_PROVIDER = {
    "CALLPANEL_OIDC_ISSUER": "https://login.example.com/realms/staff",
    "CALLPANEL_OIDC_CLIENT_ID": "callpanel",
    "CALLPANEL_OIDC_CLIENT_SECRET": "a secret of both",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLPANEL_OIDC_ISSUER", "http://login.example.com"),
        ("CALLPANEL_OIDC_ISSUER", "login.example.com"),
        ("CALLPANEL_OIDC_ISSUER", "https://login.example.com/?tenant=1"),
        ("CALLPANEL_OIDC_ISSUER", "https://ana:x@login.example.com"),
        ("CALLPANEL_OIDC_ISSUER", "https://login.example.com:port"),
        ("CALLPANEL_OIDC_SCOPES", "profile email"),
        ("CALLPANEL_OIDC_ACCOUNTS", "all"),
        ("CALLPANEL_OIDC_ROLES", "leads"),
        ("CALLPANEL_OIDC_ROLES", "leads=king"),
        ("CALLPANEL_OIDC_ROLES", "leads=admin;leads=agent"),
    ],
)
def test_what_is_wrong_with_the_provider_is_named(
    right: dict[str, str], name: str, value: str
) -> None:
    found = problems({**right, **OF_PROVIDER, name: value})
    assert [problem.split()[0] for problem in found] == [name]


def test_a_provider_is_named_whole(right: dict[str, str]) -> None:
    for name in OF_PROVIDER:
        others = {each: value for each, value in OF_PROVIDER.items() if each != name}
        assert problems({**right, **others})[0].startswith(f"{name} is missing")
    making = {"CALLPANEL_OIDC_ACCOUNTS": "create"}
    (problem,) = problems({**right, **OF_PROVIDER, **making})
    assert problem.startswith("CALLPANEL_OIDC_ROLES is missing")


def test_a_provider_is_read_and_its_secret_does_not_show(right: dict[str, str]) -> None:
    more = {
        "CALLPANEL_PASSWORDS": "off",
        "CALLPANEL_OIDC_ROLES": "cn=leads,dc=example=supervisor; admins = admin ;",
        "CALLPANEL_SECOND_FACTOR": " admin , supervisor,",
    }
    signing = create_app({**right, **OF_PROVIDER, **more}).config["CALLPANEL"].signing
    assert signing.provider.roles == {"cn=leads,dc=example": "supervisor", "admins": "admin"}
    assert signing.second_factor == {"admin", "supervisor"}
    assert signing.passwords is False
    assert OF_PROVIDER["CALLPANEL_OIDC_CLIENT_SECRET"] not in repr(signing)


def test_accounts_are_not_kept_in_the_catalog(right: dict[str, str]) -> None:
    found = problems({**right, "CALLPANEL_DATABASE_URL": right["TWIREC_DATABASE_URL"]})
    assert found == ("CALLPANEL_DATABASE_URL is wrong: accounts have a database of their own.",)


def test_what_is_wrong_with_both_is_one_report(right: dict[str, str]) -> None:
    found = problems({**right, "TWIREC_BUCKET": "here", "CALLPANEL_PROXIES": "many"})
    assert [problem.split()[0] for problem in found] == ["TWIREC_BUCKET", "CALLPANEL_PROXIES"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "CALLPANEL_PROXY",
            "1",
            "CALLPANEL_PROXY is not a setting: did you mean CALLPANEL_PROXIES?",
        ),
        ("TWIREC_CONSENTMODE", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
        ("CALLPANEL_METRICS_TOKEN", "", "CALLPANEL_METRICS_TOKEN is empty"),
        ("CALLPANEL_LINES", "'+34911000111=+34911222333'", "it stands in quotes"),
        ("CALLPANEL_SECRET_KEY", '"0123456789abcdef0123456789abcdef"', "it stands in quotes"),
        ("export CALLPANEL_PROXIES", "1", "write the name CALLPANEL_PROXIES alone"),
    ],
)
def test_what_was_written_in_another_way_is_named_with_the_fix(
    right: dict[str, str], name: str, value: str, said: str
) -> None:
    (problem,) = problems({**right, name: value})
    assert said in problem


def test_lines_may_have_several_targets(right: dict[str, str]) -> None:
    right["CALLPANEL_LINES"] = " +34911000111 = client:ana , sip:eva@example.com ; "
    lines = create_app(right).config["CALLPANEL"].lines
    assert lines == {"+34911000111": ("client:ana", "sip:eva@example.com")}


def test_secrets_do_not_show(right: dict[str, str]) -> None:
    shown = repr(create_app(right).config["CALLPANEL"])
    assert right["CALLPANEL_SECRET_KEY"] not in shown
    assert right["CALLPANEL_METRICS_TOKEN"] not in shown


@pytest.mark.parametrize(("proxies", "address"), [("0", "127.0.0.1"), ("1", "192.0.2.7")])
def test_a_proxy_is_believed_only_where_the_settings_say_so(
    right: dict[str, str], proxies: str, address: str
) -> None:
    app = create_app({**right, "CALLPANEL_PROXIES": proxies})
    seen: list[str | None] = []

    @app.before_request
    def noted() -> None:
        from flask import request

        seen.append(request.remote_addr)

    app.test_client().get("/healthz", headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.7"})
    assert seen == [address]
