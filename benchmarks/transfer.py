"""Time and memory of a transfer, beside what people write by hand.

    python -m benchmarks.transfer

The stand-in for Twilio serves the media and the tests' strict server for Google Cloud Storage takes
it, both in processes of their own (fake-gcs-server takes time by the square of a large upload's
size, and would be all that is measured). Each measurement is a fresh process with everything of
twirec imported. "By hand" downloads the whole recording, decrypts it if need be and uploads it,
without checking anything, as most integrations do. Exits 1 when memory passes the limits that
twirec promises.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twirec.model.encryption import Encryption
    from twirec.model.vendor import VendorRecording

MB = 1_000_000
ONE_AT_A_TIME = 130
"""MiB at the most, whatever the size."""
MANY_THREADS = 220
"""MiB at the most, with 32 threads."""


@dataclass(frozen=True)
class Load:
    """What one process has to move."""

    recordings: int
    megabytes: float
    threads: int
    encrypted: bool = False

    @property
    def title(self) -> str:
        kind = ", encrypted" if self.encrypted else ""
        return f"{self.recordings} x {self.megabytes:g} MB, {self.threads} threads{kind}"


LOADS = (
    Load(1, 5, 1),
    Load(1, 50, 1),
    Load(1, 460, 1),
    Load(1, 460, 1, encrypted=True),
    Load(64, 5.8, 32),
)


def main() -> int:
    """Measure every load both ways, print a table, and check the limits."""
    from rich.console import Console
    from rich.table import Table

    columns = ("load", "way", "seconds", "peak MiB", "time / by hand", "memory / by hand")
    table = Table(*columns, title="Transfer from Twilio's stand-in to a bucket")
    wrong: list[str] = []
    for load in LOADS:
        by_hand, ours = (measure(load, way) for way in ("by hand", "twirec"))
        table.add_row(load.title, "by hand", *cells(by_hand), "1.00", "1.00")
        ratios = [f"{ours[key] / by_hand[key]:.2f}" for key in ("seconds", "mib")]
        table.add_row("", "twirec", *cells(ours), *ratios, end_section=True)
        limit = MANY_THREADS if load.threads > 1 else ONE_AT_A_TIME
        if ours["mib"] > limit:
            wrong.append(f"{load.title}: {ours['mib']:.0f} MiB, the limit is {limit}")
    Console(width=120).print(table)
    print("\n".join(wrong) or "All loads are within the limits.")
    return 1 if wrong else 0


def cells(figures: dict[str, float]) -> list[str]:
    return [f"{figures['seconds']:.2f}", f"{figures['mib']:.0f}"]


def measure(load: Load, way: str) -> dict[str, float]:
    """Run one load in one way in processes of their own, and return seconds and peak MiB."""
    with (
        tempfile.TemporaryDirectory() as folder,
        helper("vendor", load) as vendor,
        helper("bucket", load) as bucket,
    ):
        environ = {"TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db", **vendor, **bucket}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.transfer", way, json.dumps(asdict(load))],
            env={**os.environ, **environ},
            check=True,
            capture_output=True,
            text=True,
        )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def helper(role: str, load: Load) -> Iterator[dict[str, str]]:
    """Run a server in a process of its own, and yield the settings that lead to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.transfer", role, json.dumps(asdict(load))],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()  # the end of its input tells it to end


def keep() -> None:
    """Be the bucket, and say how to reach it, until told to end."""
    from tests.strict_gcs import StrictGcs

    with StrictGcs("bench") as server:
        print(json.dumps({"STORAGE_EMULATOR_HOST": server.url}), flush=True)
        sys.stdin.read()


def serve(load: Load) -> None:
    """Hold recordings as Twilio would, and say how to reach them, until told to end."""
    from tests.encrypting import key_pair, key_settings
    from twirec.sandbox import Sandbox
    from twirec.testing import ENVIRONMENT

    how = key_pair().encryption() if load.encrypted else None
    with Sandbox(encrypt=lambda sid: how) as sandbox:
        sandbox.number("+34911000111", voice_url=f"{ENVIRONMENT['TWIREC_PUBLIC_URL']}/voice")
        for _ in range(load.recordings):
            sandbox.add_recording(size=round(load.megabytes * MB) // 4 * 4)
        environ = {
            **ENVIRONMENT,
            **(key_settings(1) if load.encrypted else {}),
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWIREC_BUCKET": "gs://bench/calls",
        }
        del environ["TWIREC_DATABASE_URL"]
        print(json.dumps(environ), flush=True)
        sys.stdin.read()


def with_twirec(load: Load) -> float:
    """Transfer everything the vendor holds, and return the seconds."""
    import twirec.flask  # noqa: F401 - a worker beside a web process has everything imported
    from twirec import Archive

    archive = Archive.from_env()
    archive.set_up()
    assert archive.operations.sweep().adopted == load.recordings
    begun = time.perf_counter()
    archive.operations.worker(threads=load.threads).run_once()
    seconds = time.perf_counter() - begun
    stored = list(archive.bucket.list("recordings/"))
    assert len(stored) == load.recordings, "not every recording was moved"
    archive.close()
    return seconds


def by_hand(load: Load) -> float:
    """The same without twirec: download whole, upload whole, delete."""
    import requests
    from google.cloud import storage

    import twirec.flask  # noqa: F401 - the same imports, so that only the work differs
    from twirec import Archive

    archive = Archive.from_env()
    account = archive.settings.account_sid
    auth = archive.settings.credentials[account]
    held = list(archive.vendor.recordings(account))
    assert len(held) == load.recordings
    bucket = storage.Client(project="bench").bucket("bench")
    base = f"{archive.settings.api_url}/2010-04-01/Accounts/{account}/Recordings"

    def move(found: VendorRecording) -> None:
        how = found.encryption
        params = {} if how else {"RequestedChannels": "2"}
        media = requests.get(f"{base}/{found.sid}.wav", params=params, auth=auth, timeout=60)
        audio = decrypted_whole(media.content, how) if how else media.content
        bucket.blob(f"{found.sid}.wav").upload_from_string(audio, content_type="audio/x-wav")
        requests.delete(f"{base}/{found.sid}.json", auth=auth, timeout=60)

    begun = time.perf_counter()
    with ThreadPoolExecutor(load.threads) as pool:
        list(pool.map(move, held))
    return time.perf_counter() - begun


def decrypted_whole(body: bytes, encryption: Encryption) -> bytes:
    """Decrypt as the library's first example does."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = os.environ[f"PEM_{encryption.public_key_sid}"].encode()
    key = load_pem_private_key(pem, password=None)
    oaep = OAEP(MGF1(SHA256()), SHA256(), label=None)
    cek = key.decrypt(b64decode(encryption.encrypted_cek), oaep)
    return AESGCM(cek).decrypt(b64decode(encryption.iv), body, None)


def peak_mib() -> float:
    """The most memory this process ever held, in MiB (VmHWM of proc(5))."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    way, load = sys.argv[1], Load(**json.loads(sys.argv[2]))
    if way == "vendor":
        serve(load)
    elif way == "bucket":
        keep()
    else:
        seconds = with_twirec(load) if way == "twirec" else by_hand(load)
        print(json.dumps({"seconds": seconds, "mib": peak_mib()}))
