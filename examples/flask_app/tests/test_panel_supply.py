"""What is deployed is pinned: the lock file has all that is required, and the SBOM all of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

APP = Path(__file__).parents[1]
ROOT = APP.parents[1]
LOCK = APP / "requirements.lock"
OURS = {"twirec", "callpanel"}
PYTHONS = ("3.11", "3.12", "3.13")

sys.path.insert(0, str(APP))
from supply import KNOWN, NOT_REACHED, NOTHING_KNOWN, judge, sbom  # noqa: E402


def pins() -> dict[str, Requirement]:
    """What the lock file pins, by name."""
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition("--hash")[0] for line in text.splitlines() if re.match(r"\w", line)]
    return {
        canonicalize_name(pin.name): pin for line in lines if (pin := Requirement(line.strip()))
    }


def version(pin: Requirement) -> str:
    (exact,) = pin.specifier
    assert exact.operator == "=="
    return exact.version


def required() -> list[Requirement]:
    """What setup.cfg and pyproject.toml require, with all extras that are deployed."""
    library, app = ConfigParser(), tomllib.loads((APP / "pyproject.toml").read_text("utf-8"))
    library.read(ROOT / "setup.cfg")
    extras = library["options.extras_require"]
    deployed = re.fullmatch(r"twirec\[(.*)\]", extras["all"].strip())
    assert deployed
    lines = [
        *library["options"]["install_requires"].split("\n"),
        *(line for extra in deployed[1].split(",") for line in extras[extra].split("\n")),
        *app["project"]["dependencies"],
    ]
    return [Requirement(line) for line in lines if line.strip()]


def beneath(pin: Requirement, extras: set[str]) -> Iterator[Requirement]:
    """What a locked package requires itself, if the one that is installed here is that version."""
    try:
        installed = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return
    if installed.version == version(pin):
        for line in installed.requires or ():
            needed = Requirement(line)
            if any(applies(needed, python, extras) for python in PYTHONS):
                yield needed


def applies(needed: Requirement, python: str, extras: set[str]) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return needed.marker is None or any(
        needed.marker.evaluate({**environment, "extra": extra}) for extra in {"", *extras}
    )


def missing(pinned: dict[str, Requirement], wanted: list[Requirement]) -> list[str]:
    """Return what is wanted and not there, or not in an allowed version."""
    wrong: set[str] = set()
    seen: set[str] = set()
    while wanted:
        needed = wanted.pop()
        name = canonicalize_name(needed.name)
        if str(needed) in seen or name in OURS:
            continue
        seen.add(str(needed))
        if name not in pinned or not needed.specifier.contains(version(pinned[name])):
            wrong.add(str(needed))
        else:
            wanted.extend(beneath(pinned[name], needed.extras))
    return sorted(wrong)


def test_the_lock_file_has_whatever_is_required() -> None:
    assert missing(pins(), required()) == []


def test_what_is_missing_or_too_old_is_found() -> None:
    pinned = pins()
    del pinned["gunicorn"]
    pinned["sqlalchemy"] = Requirement("SQLAlchemy==1.4")
    assert {"gunicorn>=23.0", "sqlalchemy>=2.0.30"} <= set(missing(pinned, required()))


def test_what_is_missing_beneath_is_found() -> None:
    flask = metadata.distribution("flask")
    needed = {canonicalize_name(each.name): each for each in map(Requirement, flask.requires or ())}
    pinned = {"flask": Requirement(f"flask=={flask.version}")}
    found = {Requirement(line).name.lower() for line in missing(pinned, [Requirement("flask")])}
    assert "werkzeug" in found
    assert found <= set(needed)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_supported_python_gets_what_it_needs(python: str) -> None:
    pinned = pins()
    for needed in required():
        if canonicalize_name(needed.name) not in OURS and applies(needed, python, set()):
            assert applies(pinned[canonicalize_name(needed.name)], python, set()), needed


def test_every_version_has_hashes_and_no_index_is_named() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert OURS & set(pins()) == set()
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)
    for line in text.replace("\\\n", " ").splitlines():
        if re.match(r"\w", line):
            assert "--hash=sha256:" in line


def test_the_bill_of_materials_lists_what_is_locked_and_keeps_to_its_schema(tmp_path: Path) -> None:
    # Not above: they take two seconds, in each process that looks for tests.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    sbom(tmp_path / "sbom.json", check=False)
    bill = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "callpanel"
    listed = {component["purl"]: component for component in bill["components"]}
    locked = {f"pkg:pypi/{name}@{version(pin)}" for name, pin in pins().items()}
    (own,) = set(listed) - locked
    assert own.startswith("pkg:pypi/twirec@")
    assert locked - set(listed) == set()
    for purl in locked:
        (source,) = listed[purl]["externalReferences"]
        assert source["hashes"]
        del source["hashes"][1:]  # one of each will do: a thousand more take three seconds
    # And so will one package of each form: `make sbom` looks at every one of them.
    forms = {tuple(sorted(component)): component for component in bill["components"]}
    bill["components"] = list(forms.values())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


FINE = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {
    "name": "urllib3",
    "version": "1.0",
    "vulns": [
        {"id": "PYSEC-2023-1", "fix_versions": ["1.1", "2.0"]},
        {"id": "X-2", "fix_versions": []},
    ],
}
UNSEEN = {"name": "rich", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([FINE], NOTHING_KNOWN, ["Nothing is known against the 1 packages."]),
        (
            [FINE, BAD],
            KNOWN,
            ["urllib3 1.0: PYSEC-2023-1, mended in 1.1, 2.0", "urllib3 1.0: X-2"],
        ),
        ([UNSEEN], NOT_REACHED, ["The audit's data could not be reached for 1 of 1 packages."]),
        (
            [FINE, UNSEEN],
            NOT_REACHED,
            ["The audit's data could not be reached for 1 of 2 packages: rich."],
        ),
    ],
)
def test_an_audit_that_saw_nothing_is_not_taken_for_one_that_found_nothing(
    packages: list[object], status: int, said: list[str]
) -> None:
    assert judge(json.dumps({"dependencies": packages, "fixes": []})) == (status, said)


def test_an_audit_that_broke_off_says_so() -> None:
    status, said = judge("")
    assert status == NOT_REACHED
    assert said == ["The audit could not reach its data, so that nothing was looked up."]


def test_what_is_known_goes_before_what_could_not_be_seen() -> None:
    status, said = judge(json.dumps({"dependencies": [BAD, UNSEEN]}))
    assert (status, len(said)) == (KNOWN, 3)


def test_another_word_is_explained() -> None:
    run = subprocess.run(
        [sys.executable, APP / "supply.py", "buy"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, "supply.py lock" in run.stderr) == (1, True)
