"""What is in the wheel: the library and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that was built from what git tracks."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    made = subprocess.run(build, cwd=source, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as packed:
        return packed.namelist()


def test_the_wheel_holds_only_the_library(wheel: list[str]) -> None:
    roots = {name.split("/")[0] for name in wheel}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"twirec"}


def test_the_wheel_holds_migrations_spoken_lines_and_the_type_marker(wheel: list[str]) -> None:
    assert "twirec/py.typed" in wheel
    assert "twirec/adapters/sql/migrations/env.py" in wheel
    assert "twirec/adapters/sql/migrations/versions/0001_first_tables.py" in wheel
    lines = [name for name in wheel if name.startswith("twirec/sandbox/lines/")]
    assert len(lines) >= 2
    assert all(name.endswith(".wav") for name in lines)


def test_nothing_but_code_lines_and_the_marker_is_in_the_package(wheel: list[str]) -> None:
    others = [
        name
        for name in wheel
        if name.startswith("twirec/") and not name.endswith((".py", ".wav", "/py.typed"))
    ]
    assert others == []


def test_the_spoken_lines_are_small() -> None:
    lines = (ROOT / "twirec/sandbox/lines").glob("*.wav")
    assert 0 < sum(line.stat().st_size for line in lines) < 400_000
