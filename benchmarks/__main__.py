"""Run the benchmarks one after the other, each in a process of its own.

    python -m benchmarks [--quick] [NAME …]

All of `BENCHMARKS`, or those that are named. Exits 1 if a figure falls short, or a benchmark fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

BENCHMARKS = tuple(
    path.stem
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    if path.stem != "hops" and "\ndef main(" in path.read_text(encoding="utf-8")
)
"""Modules of this folder whose `main()` understands `--quick` and ends in `report.publish`."""


def main() -> int:
    """Run them, and say at the end which fall short."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--quick", action="store_true", help="a minute or two each; nothing is kept"
    )
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}: {', '.join(BENCHMARKS)}")
    words = ["--quick"] if asked.quick else []
    short = [
        name
        for name in asked.names or BENCHMARKS
        if subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *words], check=False
        ).returncode
    ]
    print(f"Falls short, or failed: {', '.join(short)}." if short else "All reach what they must.")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
