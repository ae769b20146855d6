"""Whether what makes and checks evidence is installed."""

from __future__ import annotations

from importlib.util import find_spec

from twirec.model.errors import EvidenceToolsMissing

NEEDED = ("pyhanko", "fpdf")


def check_installed() -> None:
    """Check that evidence can be made and checked.

    Raises:
        EvidenceToolsMissing: the extra `evidence` is not installed.
    """
    if not installed():
        raise EvidenceToolsMissing(
            "What makes evidence is not installed: pip install 'twirec[evidence]'."
        )


def installed() -> bool:
    """Whether the extra `evidence` is installed."""
    return all(map(find_spec, NEEDED))
