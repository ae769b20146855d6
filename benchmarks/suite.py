"""What the tests cost, beside those of another revision: CPU seconds, measured on this machine.

    python -m benchmarks.suite [REVISION]

The revision is cloned, set up by its own Makefile, and its tests are run; then those of this tree,
by as many workers. The tests of the browser are left out: what Chromium takes cannot be told by
test. Tests of both are known by the names of their functions, whichever file they are in, and
however many rows they have: files were renamed, and rows of cheap tables are walked by one test.

Before the house was put in order (227a0331), and now, on two cores with nothing else running:

                                  227a0331        now
    tests                            6,485     10,542   1.63
    CPU of the whole run               513        610   1.19
    CPU of all tests                   453        546   1.21
    tests in both (1,937 of 1,995)     433        154   0.36
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cpu_of_tests

BEFORE = "227a0331"
WORKERS = 2
ROOT = Path(__file__).parents[1]
BROWSER = "examples/flask_app/tests/browser"


@dataclass(frozen=True)
class Run:
    """What the tests of a revision cost.

    Attributes:
        seconds: of CPU of each test, by its name.
        whole: of CPU of all that ran, collecting and reporting too.
    """

    seconds: Mapping[str, float]
    whole: float


@dataclass(frozen=True)
class Compared:
    """What the tests that two revisions have cost in each.

    Attributes:
        functions: how many tests there were, rows of a table counted as one.
        both: how many of these there still are.
        before, now: CPU seconds of those.
    """

    functions: int
    both: int
    before: float
    now: float


def by_function(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return what each test function costs, with all its rows, in whichever file it is."""
    sums: defaultdict[str, float] = defaultdict(float)
    for name, spent in seconds.items():
        sums[name.partition("::")[2].partition("[")[0]] += spent
    return dict(sums)


def compare(before: Mapping[str, float], now: Mapping[str, float]) -> Compared:
    """Return what the tests cost that are in both."""
    old, new = by_function(before), by_function(now)
    both = old.keys() & new.keys()
    return Compared(
        len(old), len(both), sum(old[each] for each in both), sum(new[each] for each in both)
    )


def read(files: Iterable[Path]) -> dict[str, float]:
    """Return what each test cost, all its steps together."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for file in files:
        for line in file.read_text().splitlines():
            name, spent = json.loads(line)
            seconds[name] += spent
    return dict(seconds)


def run(tree: Path) -> Run:
    """Run the tests of a tree, and return what they cost."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(cpu_of_tests.__file__, folder)
        env = {**os.environ, "PYTHONPATH": folder, cpu_of_tests.FOLDER: folder}
        words = ["-q", f"--ignore={BROWSER}", "-p", "cpu_of_tests", "-n", str(WORKERS)]
        words += ["--dist", "loadgroup"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([tree / ".venv/bin/python", "-m", "pytest", *words], cwd=tree, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(read(Path(folder).glob("*.jsonl")), whole)


def main() -> int:
    """Measure, print, and return the exit status."""
    revision = next(iter(sys.argv[1:]), BEFORE)
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "there"
        subprocess.run(["git", "clone", "-q", ROOT, there], check=True)
        subprocess.run(["git", "checkout", "-q", revision], cwd=there, check=True)
        subprocess.run(["make", ".venv/.ready"], cwd=there, check=True)
        before = run(there)
    now = run(ROOT)
    both = compare(before.seconds, now.seconds)
    title = f"tests in both ({both.both:,} of {both.functions:,})"
    rows = [
        ("tests", len(before.seconds), len(now.seconds)),
        ("CPU of the whole run", before.whole, now.whole),
        ("CPU of all tests", sum(before.seconds.values()), sum(now.seconds.values())),
        (title, both.before, both.now),
    ]
    print(f"{'':<36} {revision:>10} {'now':>10}")
    for what, then, here in rows:
        print(f"{what:<36} {then:>10,.0f} {here:>10,.0f} {here / then:>6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
