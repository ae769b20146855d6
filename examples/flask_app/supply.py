"""What is deployed beside the two packages of this repository: pinned, listed, and looked up.

    python examples/flask_app/supply.py lock    # requirements.lock: every version, with its hashes
    python examples/flask_app/supply.py sbom    # build/sbom.cdx.json: the same as CycloneDX
    python examples/flask_app/supply.py audit   # what is known against these versions

`make lock`, `make sbom` and `make audit` do the same, from the top of the repository.

Exit status: 0 done, and nothing is known; 1 failed, or something is known; 3 the audit could not
reach its data, so that nothing can be said of some or all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from twirec.version import __version__

APP = Path(__file__).resolve().parent
ROOT = APP.parents[1]
LOCK = APP / "requirements.lock"
SBOM = ROOT / "build" / "sbom.cdx.json"

NOTHING_KNOWN, KNOWN, NOT_REACHED = 0, 1, 3


def lock() -> None:
    """Write the newest versions that setup.cfg and pyproject.toml allow into the lock file.

    It is one file for all that we support (Python 3.11 and newer, by markers), so for the image's
    Python too. The packages of this repository are not in it: they have no hash before they are
    built. https://docs.astral.sh/uv/pip/compile/
    """
    LOCK.unlink(missing_ok=True)  # or what it says would be kept
    ours = (word for name in ("twirec", "callpanel") for word in ("--no-emit-package", name))
    _run(
        *("uv", "pip", "compile", "--quiet", "-", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--custom-compile-command", "make lock", *ours),
        *("--output-file", str(LOCK)),
        given=f"-e {ROOT}[all]\n-e {APP}\n",
    )


def sbom(file: Path = SBOM, *, check: bool = True) -> None:
    """Write the bill of materials.

    The same lock file gives the same bytes. https://cyclonedx-bom-tool.readthedocs.io/

    Args:
        file: where to.
        check: whether to compare it with CycloneDX's schema, which takes some seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    _run(
        *(sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible"),
        *("--pyproject", str(APP / "pyproject.toml"), "--mc-type", "application"),
        "--validate" if check else "--no-validate",
        *("--output-format", "JSON", "--output-file", str(file), "-"),
        given=f"twirec=={__version__}\n{LOCK.read_text(encoding='utf-8')}",
    )


def audit() -> int:
    """Say what is known against the versions of the lock file, and return the exit status.

    https://github.com/pypa/pip-audit
    """
    run = subprocess.run(  # noqa: S603 - our own words
        [
            *(sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"),
            *("--progress-spinner", "off", "--format", "json", "--requirement", str(LOCK)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    status, sentences = judge(run.stdout)
    sys.stdout.write("".join(f"{sentence}\n" for sentence in sentences))
    return status


def judge(answer: str) -> tuple[int, list[str]]:
    """Return the exit status for what pip-audit found, and the sentences to say.

    It ends with 0 when its source knew none of the packages, and with 1 both when it found
    something and when it could ask nobody: only what it wrote tells them apart.

    Args:
        answer: what it wrote as JSON; nothing, if it broke off.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except ValueError:
        return NOT_REACHED, ["The audit could not reach its data, so that nothing was looked up."]
    known = [
        f"{package['name']} {package['version']}: {found['id']}"
        + (f", mended in {', '.join(found['fix_versions'])}" if found["fix_versions"] else "")
        for package in packages
        for found in package.get("vulns", ())
    ]
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    if unseen:
        share = f"{len(unseen)} of {len(packages)} packages"
        named = "" if len(unseen) == len(packages) else f": {', '.join(unseen)}"
        known.append(f"The audit's data could not be reached for {share}{named}.")
        return (KNOWN if len(known) > 1 else NOT_REACHED), known
    if known:
        return KNOWN, known
    return NOTHING_KNOWN, [f"Nothing is known against the {len(packages)} packages."]


def _run(*command: str, given: str) -> None:
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run = subprocess.run(  # noqa: S603 - our own words
        command, input=given, capture_output=True, text=True, check=False, cwd=ROOT, env=environ
    )
    if run.returncode:
        sys.exit(run.stderr)


if __name__ == "__main__":
    deeds = {"lock": lock, "sbom": sbom, "audit": audit}
    if sys.argv[1:] not in [[deed] for deed in deeds]:
        sys.exit(__doc__)
    sys.exit(deeds[sys.argv[1]]())
