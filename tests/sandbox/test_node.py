"""The official Node library drives the sandbox, too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox import official
from tests.sandbox.conftest import CUSTOMER, OWN
from twirec.sandbox import Party, Sandbox

DRIVE = Path(__file__).with_name("node") / "drive.js"


def test_the_official_node_library_drives_it(sandbox: Sandbox) -> None:
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None or not official.VOICES.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "the Node library is not installed: apt-get install nodejs npm, make node"
        )
    recordings = [sandbox.add_recording().sid for _ in range(5)]
    sandbox.number(OWN, voice_url="http://127.0.0.1:9/voice")
    sandbox.party(CUSTOMER, Party(answers_after=0))
    driven = subprocess.run(
        [node, str(DRIVE), OWN, CUSTOMER],
        env={
            **os.environ,
            "NODE_PATH": str(official.NODE / "node_modules"),
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert driven.returncode == 0, driven.stderr
    told = json.loads(driven.stdout)
    assert told["recordings"] == recordings[::-1]
    (call,) = [call for call in sandbox.calls if call.sid == told["call"]]
    call.wait(120)
    assert (call.status, told["direction"], told["channels"]) == ("completed", "outbound-api", 2)
    status, message = told["refused"]
    assert (status, "the sandbox does not do GET" in message) == (501, True)
