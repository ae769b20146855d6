"""The register of informed agents, on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Twirec


@pytest.fixture(autouse=True)
def set_up(twirec: Twirec) -> None:
    assert twirec("init").exit_code == 0


def test_an_agent_is_registered_and_shown(twirec: Twirec) -> None:
    said = twirec("inform", "911 222 333", "--on", "2026-03-02", "--reference", "contract, annex 4")
    assert said.output == "Entry 1: +34911222333, informed on 2026-03-02.\n"
    (entry,) = json.loads(twirec("agents", "--json").output)
    assert (entry["agent"], entry["informed_on"]) == ("+34911222333", "2026-03-02")
    assert entry["by"].startswith("os:")
    assert "contract, annex 4" in twirec("agents").output


def test_an_empty_register_says_how_to_fill_it(twirec: Twirec) -> None:
    assert "twirec inform" in twirec("agents").output


def test_somebody_without_an_address_cannot_be_registered(twirec: Twirec) -> None:
    refused = twirec("inform", "ana", "--on", "2026-03-02", "--reference", "annex")
    assert refused.exit_code == 2
    assert "agent: give a number, client:NAME or sip:ADDRESS." in refused.output
