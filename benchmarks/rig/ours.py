"""The same work by twirec.

    python -m benchmarks.rig.ours prepare RECORDINGS
    python -m benchmarks.rig.ours work THREADS

The settings come from the environment (`settings`). `prepare` adopts what is at Twilio; `work` does
all that is due, and checks nothing of what came of it: the rig does.
"""

from __future__ import annotations

import sys

from benchmarks.rig import ACCOUNT_SID, BUCKET, TOKEN
from benchmarks.rig.child import measured


def settings(url: str, database: str) -> dict[str, str]:
    """Return the settings that lead to the rig, and to a catalog of one's own."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWIREC_PUBLIC_URL": "https://calls.example.com",
        "TWIREC_TWILIO_API_URL": url,
        "TWIREC_BUCKET": f"gs://{BUCKET}/calls",
        "TWIREC_DATABASE_URL": database,
        "TWIREC_COMPANY": "Ejemplo S.A.",
        "TWIREC_PRIVACY_INFO": "ejemplo punto es",
        "TWIREC_LEGAL_BASIS": "contract",
        "TWIREC_AUDIT_KEY": "a key for benchmarks, as long as one has to be",
        "TWIREC_ADOPT": "all",
        "STORAGE_EMULATOR_HOST": url,
    }


def prepare(recordings: int) -> None:
    """Make the catalog, and adopt what is at Twilio."""
    from twirec import Archive

    archive = Archive.from_env()
    archive.set_up()
    adopted = archive.operations.sweep().adopted
    assert adopted == recordings, f"{adopted} were adopted of {recordings}"
    archive.close()


def work(threads: int) -> None:
    """Do all that is due."""
    import twirec.flask  # noqa: F401 - a worker beside a web process has everything imported
    from twirec import Archive

    archive = Archive.from_env()
    worker = archive.operations.worker(threads=threads)
    archive.bucket.check()  # the first look at the bucket's mark is no work on a recording
    with measured():
        worker.run_once()
    archive.close()


if __name__ == "__main__":
    {"prepare": prepare, "work": work}[sys.argv[1]](int(sys.argv[2]))
