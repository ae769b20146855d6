"""Answering an access request on the command line, step by step."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.custody.asking import ANA, add_call
from tests.factories import recording_sid
from twirec import Archive


@pytest.fixture
def asked(sandboxed: dict[str, str]) -> None:
    """A call of somebody who asks."""
    archive = Archive.from_env(sandboxed)
    archive.set_up()
    add_call(archive, 1)
    archive.close()


@pytest.mark.usefixtures("asked")
def test_a_request_is_answered(twirec: Twirec, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        result = twirec("access-request", *words)
        assert result.exit_code == 0, result.output
        return result.output

    assert run("list") == "No request is open.\n"
    assert "AR-1: to be answered by" in run("open", ANA, "--name", "Ana", "--language", "en")
    early = twirec("access-request", "pack", "AR-1", "-o", str(tmp_path / "early.zip"))
    assert (early.exit_code, "proved who they are" in early.output) == (2, True)
    assert run("identify", "AR-1", "--how", "identity card") == "AR-1: written down.\n"
    shown = run("show", "AR-1")
    for said in (ANA, "identity card", recording_sid(1), "recordings that are given: 1."):
        assert said in shown
    assert "by" in run("extend", "AR-1", "--months", "1", "--reason", "many calls")
    run("decide", "AR-1", "whole", "--reason", "the agent agreed")
    file = tmp_path / "answer.zip"
    run("pack", "AR-1", "-o", str(file))
    with zipfile.ZipFile(file) as packed:
        assert json.loads(packed.read("answer.json"))["calls"][0]["you"] == "customer"
    assert run("deliver", "AR-1", "--to", "Ana", "--how", "by hand") == "AR-1: answered.\n"
    listed = json.loads(run("list", "--all", "--json"))
    assert [(each["key"], each["state"]) for each in listed["requests"]] == [("AR-1", "answered")]
    late = twirec("access-request", "open", ANA, "--name", "Ana", "--received", "2020-01-31")
    assert late.output.startswith("AR-2: to be answered by 2020-02-29.")
    overdue = twirec("access-request")
    assert (overdue.exit_code, "OVERDUE" in overdue.output) == (1, True)
    assert "1 request overdue: answer at once." in overdue.output
    assert "1 OVERDUE" in twirec("stats").output
    assert run("refuse", "AR-2", "--reason", "not proven").startswith("AR-2: refused.")
