"""What is deployed: the wheel of the panel holds all that it needs, and no tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that was built from what git tracks."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=APP, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (APP / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((APP / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    made = subprocess.run(build, cwd=source, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as packed:
        return set(packed.namelist())


@pytest.mark.parametrize("kind", ["templates", "static", "translations", "migrations"])
def test_whatever_the_app_reads_is_in_the_wheel(wheel: set[str], kind: str) -> None:
    read = {
        path.relative_to(APP).as_posix()
        for path in (APP / "callpanel" / kind).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".po"}
    }
    assert len(read) > 0
    assert read - wheel == set()


def test_the_wheel_holds_only_the_app(wheel: set[str]) -> None:
    roots = {name.split("/")[0] for name in wheel}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"callpanel"}
