"""The commands of the pages: a shell reads them, and what they name is there."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from callpanel.config import NAMES as PANEL_NAMES
from twirec.settings.names import NAMES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_THE_SHELL = {"HOME", "PATH", "PWD", "USER", "HOSTNAME", "IFS"}
EVERYWHERE = {"--project", "--region", "--format", "--quiet", "--help"}
IAM = {"--member", "--role", "--condition"}
RUN = {
    *("--image", "--service-account", "--env-vars-file", "--set-secrets", "--cpu", "--memory"),
    *("--command", "--args", "--add-cloudsql-instances", "--set-cloudsql-instances"),
}
REFERENCE = "https://docs.cloud.google.com/sdk/gcloud/reference"
"""Where each command below has its page, and that page each flag."""
GCLOUD = {
    "artifacts repositories create": {"--repository-format", "--location"},
    "auth configure-docker": set(),
    "config set": set(),
    "iam roles create": {"--title", "--stage", "--permissions"},
    "iam service-accounts add-iam-policy-binding": IAM,
    "iam service-accounts create": {"--display-name"},
    "logging read": {"--freshness", "--limit"},
    "projects add-iam-policy-binding": IAM,
    "run deploy": RUN
    | {
        *("--concurrency", "--min-instances", "--max-instances", "--timeout", "--ingress"),
        *("--allow-unauthenticated", "--no-invoker-iam-check", "--cpu-boost"),
        "--no-cpu-throttling",
    },
    "run jobs create": RUN,
    "run jobs execute": {"--wait"},
    "run jobs update": RUN,
    "run services describe": set(),
    "run services update": RUN,
    "scheduler jobs create http": {
        *("--location", "--schedule", "--uri", "--http-method", "--attempt-deadline"),
        *("--oidc-service-account-email", "--oidc-token-audience"),
    },
    "secrets add-iam-policy-binding": IAM,
    "secrets create": {"--replication-policy", "--locations", "--data-file"},
    "secrets versions access": {"--secret"},
    "services enable": set(),
    "sql databases create": {"--instance"},
    "sql instances create": {
        *("--database-version", "--edition", "--tier", "--availability-type", "--storage-type"),
        *("--storage-size", "--storage-auto-increase", "--database-flags", "--backup-start-time"),
        *("--enable-point-in-time-recovery", "--connector-enforcement", "--deletion-protection"),
    },
    "sql users create": {"--instance", "--password"},
    "storage buckets add-iam-policy-binding": IAM,
    "storage buckets create": {
        *("--location", "--uniform-bucket-level-access", "--public-access-prevention"),
        "--soft-delete-duration",
    },
    "storage buckets update": {"--clear-soft-delete", "--versioning", "--lifecycle-file"},
    "tasks queues add-iam-policy-binding": IAM | {"--location"},
    "tasks queues create": {
        *("--location", "--max-concurrent-dispatches", "--max-dispatches-per-second"),
        *("--min-backoff", "--max-backoff", "--max-doublings", "--max-attempts"),
    },
}


def blocks(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.M | re.S)


SHELL = {f"{page.stem}-{at}": each for page in PAGES for at, each in enumerate(blocks(page))}


def undefined(script: str) -> set[str]:
    """Return the variables that a script uses and nowhere sets before."""
    text = re.sub(r"'[^'\n]*'", "''", script)  # what stands in them is not expanded
    missing = set()
    for found in re.finditer(r"\$\{?([A-Za-z_]\w*)", text):
        before = text[: found.start()]
        set_ = rf"(^|[\s;({{])({found[1]}=|for {found[1]} in|read .*\b{found[1]}\b)"
        if found[1] not in OF_THE_SHELL and not re.search(set_, before, re.M):
            missing.add(found[1])
    return missing


def gcloud(script: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each command of gcloud, and its flags."""
    text = re.sub(r"\\\n", " ", script)
    text = re.sub(r"'[^'\n]*'", lambda said: re.sub(r"[()$;|&]", "_", said[0]), text)
    parts = []
    while found := re.search(r"\$\(([^()]*)\)", text):  # the innermost first
        parts.append(found[1])
        text = f"{text[: found.start()]}x{text[found.end() :]}"
    line = r"""\bgcloud ((?:'[^'\n]*'|"[^"\n]*"|[^\n;|&<>'"])*)"""
    for said in re.findall(line, "\n".join([*parts, text])):
        words = shlex.split(said, comments=True)
        yield " ".join(words), {word.partition("=")[0] for word in words if word[:2] == "--"}


def known(command: str) -> str | None:
    """Return the longest name of a command that it begins with."""
    begun = [name for name in GCLOUD if command == name or command.startswith(f"{name} ")]
    return max(begun, key=len, default=None)


@pytest.mark.parametrize("name", SHELL)
def test_a_shell_reads_the_block(name: str) -> None:
    read = subprocess.run(
        ["bash", "-n"], input=SHELL[name], capture_output=True, text=True, check=False
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_each_variable_is_set_before_it_is_used() -> None:
    for page in PAGES:
        assert undefined("\n".join(blocks(page))) - set(NAMES) == set(), page


def test_each_command_of_gcloud_and_its_flags_are_in_the_reference() -> None:
    for page in PAGES:
        for command, flags in gcloud("\n".join(blocks(page))):
            name = known(command)
            assert name is not None, (page, command)
            assert flags - GCLOUD[name] - EVERYWHERE == set(), (page, command)


def test_each_setting_that_is_named_is_one() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:TWIREC|CALLPANEL)_[A-Z_]+[A-Z]\b", text))
        assert named - set(NAMES) - set(PANEL_NAMES) - COMPLETION == set(), page


COMPLETION = {"TWIREC_COMPLETE", "TWIREC_"}
"""What click reads of shells that complete."""


def test_the_deploy_pages_have_commands_to_judge() -> None:
    said = list(gcloud("\n".join(blocks(ROOT / "docs/deploy-cloud-run.md"))))
    assert len(said) > 25
    assert len({known(command) for command, _ in said}) > 20
    assert max(len(flags) for _, flags in said) > 10


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ('echo "$A"', {"A"}),
        ('A=1\necho "${A}$B"', {"B"}),
        ('echo "$A"\nA=1', {"A"}),
        ("for A in 1 2; do echo $A; done", set()),
        ("read -rsp 'Say: ' A && echo $A", set()),
        ("echo '$A' $HOME $1", set()),
    ],
)
def test_what_is_not_set_is_found(script: str, missing: set[str]) -> None:
    assert undefined(script) == missing


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("gcloud run deploy a \\\n  --image=x", ("run deploy", {"--image"})),
        (
            'X="$(gcloud run services describe a --format=x)"',
            ("run services describe", {"--format"}),
        ),
        (
            'gcloud secrets create "$1" --location="$(f "$A")" --x=\'a;b\' | cat',
            ("secrets create", {"--location", "--x"}),
        ),
        ("gcloud rn deploy", (None, set())),
    ],
)
def test_a_command_of_gcloud_is_taken_apart(script: str, said: tuple[str | None, set[str]]) -> None:
    [(command, flags)] = gcloud(script)
    assert (known(command), flags) == said
