"""What is in the wheel, the library and nothing else; and in the source distribution, all of it."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FONTS = ("DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "LICENSE")
"""Of letters and evidence, which look the same on any machine."""
OFFICIAL = "twirec/sandbox/official.json"


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """The files that git tracks."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tracked: list[str]) -> Path:
    """The folder with both, the wheel made from the source distribution."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    made = subprocess.run(build, cwd=source, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> list[str]:
    """The names in the wheel."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as packed:
        return packed.namelist()


def test_the_source_distribution_is_whole(built: Path, tracked: list[str]) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert set(tracked) - names == set()
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_page_of_a_package_index_has_no_link_that_leads_nowhere(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        metadata = email.message_from_bytes(packed.read(name))
    page = str(metadata.get_payload())
    assert "twirec demo" in page
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert [target for target in targets if not target.startswith("https://")] == []
    assert metadata.get_all("Project-URL") is None  # it has no home yet, and names none


def test_the_demo_works_from_the_wheel_in_an_empty_folder(built: Path, tmp_path: Path) -> None:
    """Played once, some ten seconds: it is what the README begins with."""
    library, empty = tmp_path / "library", tmp_path / "empty"
    empty.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    install += ["--no-compile"]  # what is imported is compiled then
    subprocess.run([*install, "--target", library, next(built.glob("*.whl"))], check=True)
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TWIREC_", "TWILIO_"))
    }
    environ["PYTHONPATH"] = str(library)

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=empty,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("-c", "import twirec; print(twirec.__file__)").startswith(str(library))
    told = json.loads(run("-m", "twirec", "demo", "--json"))
    assert (len(told["calls"]), told["left_at_vendor"], told["wrong"]) == (7, [], [])
    assert [path.name for path in empty.iterdir()] == [".demo"]
    found = json.loads(run("-m", "twirec", "--env-file", ".demo/env", "search", "--json"))
    assert found["count"] == 7


def test_the_wheel_holds_only_the_library(wheel: list[str]) -> None:
    roots = {name.split("/")[0] for name in wheel}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"twirec"}


def test_the_wheel_holds_migrations_spoken_lines_and_the_type_marker(wheel: list[str]) -> None:
    assert "twirec/py.typed" in wheel
    assert "twirec/catalog/migrations/env.py" in wheel
    assert "twirec/catalog/migrations/versions/0001_first_tables.py" in wheel
    lines = [name for name in wheel if name.startswith("twirec/sandbox/lines/")]
    assert len(lines) >= 2
    assert all(name.endswith(".wav") for name in lines)
    assert OFFICIAL in wheel


def test_nothing_but_code_lines_and_the_marker_is_in_the_package(wheel: list[str]) -> None:
    others = [
        name
        for name in wheel
        if name.startswith("twirec/") and not name.endswith((".py", ".wav", "/py.typed"))
    ]
    assert sorted(others) == [
        *(f"twirec/custody/fonts/{name}" for name in FONTS),
        "twirec/evidence/claims.toml",
        "twirec/evidence/months.toml",
        "twirec/evidence/words.toml",
        "twirec/flask/templates/twirec/disclosed.html",
        OFFICIAL,
    ]


def test_the_spoken_lines_are_small() -> None:
    lines = (ROOT / "twirec/sandbox/lines").glob("*.wav")
    assert 0 < sum(line.stat().st_size for line in lines) < 400_000
