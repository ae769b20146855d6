"""What the shipped units and the image forbid themselves."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

APP = Path(__file__).parents[1]
UNITS = sorted((APP / "deploy").glob("twirec-*.service"))
DOCKERFILE = (APP / "Dockerfile").read_text(encoding="utf-8")

# https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
HARDENED = [
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "PrivateMounts=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RemoveIPC=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "SystemCallErrorNumber=EPERM",
    "UMask=0077",
]


@pytest.fixture(scope="module")
def analyze() -> str:
    """systemd's own judge of units, which needs no running systemd."""
    program = shutil.which("systemd-analyze")
    if program is None:
        reason = "this test needs systemd-analyze: apt-get install systemd"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return program


def test_there_are_four_units_and_two_for_celery() -> None:
    assert [unit.stem for unit in UNITS] == [
        *("twirec-beat", "twirec-celery"),
        *("twirec-init", "twirec-panel", "twirec-phone", "twirec-worker"),
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_unit_forbids_itself_the_same(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    assert [line for line in HARDENED if line not in lines] == []
    assert "User=twirec" in lines


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_each_unit_well_protected(unit: Path, analyze: str) -> None:
    judged = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-300:] + judged.stderr  # 7.1 of 10 before: 71


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_each_line(unit: Path, analyze: str, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    text = re.sub(r"/opt/twirec/bin/\w+", "/bin/true", text)  # a program has to be there
    for socket in unit.parent.glob("*.socket"):
        shutil.copy(socket, tmp_path)
    (tmp_path / unit.name).write_text(text, encoding="utf-8")
    read = subprocess.run(
        [analyze, "verify", "--man=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_the_image_installs_what_is_locked_and_runs_without_root() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    assert len(stages) == 3
    assert "--require-hashes" in stages[1]
    assert "--no-deps /src /src/examples/flask_app" in stages[1]
    assert [stage.split()[0] for stage in stages[1:]] == ["${PYTHON_IMAGE}"] * 2
    assert re.search(r"^USER 10001$", stages[2], re.MULTILINE)
    assert "/healthz" in stages[2]
    pinned = r"^ARG PYTHON_IMAGE=python:3\.12\.\d+-slim-\w+@sha256:[0-9a-f]{64}$"
    assert re.search(pinned, stages[0], re.MULTILINE)
    for install in re.findall(r"pip install .*", DOCKERFILE):
        assert "--no-cache-dir" in install
