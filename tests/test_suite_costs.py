"""What the tests cost can be measured, and compared with what they cost before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cpu_of_tests
from benchmarks.suite import compare, read

TESTS = """
import subprocess, sys, time

def works(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass

def test_idle():
    time.sleep(0.3)

def test_works():
    works(0.3)

def test_starts_what_works():
    code = "import time\\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
"""


def test_a_test_costs_what_it_and_its_processes_work(tmp_path: Path) -> None:
    (tmp_path / "test_three.py").write_text(TESTS)
    shutil.copy(cpu_of_tests.__file__, tmp_path)
    env = {**os.environ, "PYTHONPATH": str(tmp_path), cpu_of_tests.FOLDER: str(tmp_path)}
    words = ["-q", "-p", "cpu_of_tests", "-p", "no:xdist", "-p", "no:twirec", "test_three.py"]
    subprocess.run([sys.executable, "-m", "pytest", *words], cwd=tmp_path, env=env, check=True)
    costs = read(tmp_path.glob("*.jsonl"))
    assert list(costs) == [
        f"test_three.py::test_{name}" for name in ("idle", "works", "starts_what_works")
    ]
    idle, works, starts = costs.values()
    assert idle < 0.2 <= min(works, starts)


def test_tests_are_compared_by_name_whatever_their_file_and_rows() -> None:
    before = {"a.py::test_one": 4.0, "a.py::test_two[x]": 1.0, "a.py::test_two[y]": 1.0}
    now = {"b.py::test_two": 0.5, "b.py::test_one": 1.0, "b.py::test_three": 9.0}
    compared = compare({**before, "a.py::test_gone": 7.0}, now)
    assert (compared.functions, compared.both) == (3, 2)
    assert (compared.before, compared.now) == pytest.approx((6.0, 1.5))
