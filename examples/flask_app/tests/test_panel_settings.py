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
