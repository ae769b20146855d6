"""The web app of an installation of tests, whose processes can be killed at each step."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

import twirec.adapters.google_tokens
from tests.queues.keys import KEY_ID
from tests.queues.mortal import mortal_archives
from twirec.archive import Archive
from twirec.flask import Twirec

mortal_archives()
if file := os.environ.get("TEST_CERT"):
    certs = {KEY_ID: Path(file).read_text()}
    twirec.adapters.google_tokens.fetch_certs = lambda: (certs, 3600.0)

app = Flask(__name__)
Twirec(app, Archive.from_env())
