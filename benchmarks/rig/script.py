"""The script that people write instead, from the tutorials of Twilio and Google.

    python -m benchmarks.rig.script URL THREADS

It downloads a recording whole, uploads it, and deletes it at Twilio. Nothing is checked, nothing is
written down, and what fails is tried again by whoever notices.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import requests
from google.auth.credentials import AnonymousCredentials  # type: ignore[import-untyped]
from google.cloud import storage  # type: ignore[import-untyped]
from twilio.rest import Client

from benchmarks.rig import ACCOUNT_SID, BUCKET, TOKEN
from benchmarks.rig.child import measured


def main(url: str, threads: int) -> None:
    os.environ["STORAGE_EMULATOR_HOST"] = url
    twilio = Client(ACCOUNT_SID, TOKEN)
    twilio.api.base_url = url
    client = storage.Client(project="p", credentials=AnonymousCredentials())
    bucket = client.bucket(BUCKET)
    recordings = requests.get(f"{url}/_recordings", timeout=60).json()
    base = f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings"

    def move(recording: dict[str, str]) -> None:
        sid = recording["sid"]
        body = requests.get(f"{base}/{sid}.wav", auth=(ACCOUNT_SID, TOKEN), timeout=600).content
        bucket.blob(f"script/{sid}.wav").upload_from_string(body, content_type="audio/x-wav")
        twilio.recordings(sid).delete()

    with measured(), ThreadPoolExecutor(threads) as pool:
        list(pool.map(move, recordings))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
