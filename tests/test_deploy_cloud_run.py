"""docs/deploy-cloud-run.md from top to bottom, in a shell whose gcloud only writes words down."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.cli import FlaskGroup
from gunicorn.app.wsgiapp import WSGIApplication

from callpanel import create_app
from callpanel.config import NAMES as PANEL_NAMES
from tests.connections import ACCOUNTS, DUE, LOOKING, THREADS, WORK
from tests.test_docs_shell import blocks
from twirec.cli import main
from twirec.settings import Settings
from twirec.settings.names import NAMES

PAGE = Path(__file__).parent.parent / "docs/deploy-cloud-run.md"
JOBS_URL = "https://twirec-jobs-abc123-ew.a.run.app"
STUB = f"""#!{sys.executable} -IS
import json, os.path, sys
here, program = os.path.split(sys.argv[0])
words = sys.argv[1:]
flags = dict(word[2:].partition("=")[::2] for word in words if word.startswith("--"))
said = [word for word in words if not word.startswith("--")]
env = flags.get("env-vars-file")
call = {{"program": program, "words": said, "flags": flags}}
if env:
    call["env"] = open(env).read()
with open(here + "/calls.jsonl", "a") as calls:
    calls.write(json.dumps(call) + "\\n")
if said[:2] == ["secrets", "create"]:
    with open(here + f"/secret-{{said[2]}}", "w") as secret:
        secret.write(sys.stdin.read())
if said[:3] == ["secrets", "versions", "access"]:
    print(open(here + f"/secret-{{flags['secret']}}").read(), end="")
if said[:3] == ["run", "services", "describe"]:
    print("{JOBS_URL}")
if program == "docker" and said[0] == "inspect":
    print(said[-1].rpartition(":")[0] + "@sha256:" + 64 * "a")
"""


@dataclass(frozen=True)
class Call:
    """One command that the page gave."""

    program: str
    words: list[str]
    flags: dict[str, str]
    env: str = ""

    def is_(self, *words: str) -> bool:
        return self.words[: len(words)] == list(words)

    def secrets(self) -> dict[str, str]:
        """Return the names of the secrets by the settings that they are."""
        pairs = (pair.partition("=")[::2] for pair in self.flags["set-secrets"].split(","))
        return {name: secret.removesuffix(":1") for name, secret in pairs}

    @property
    def account(self) -> str:
        return self.flags["service-account"].partition("@")[0]


class Run:
    """What came of the page."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        for name in ("gcloud", "docker", "sudo", "cloud-sql-proxy"):
            (programs / name).write_text(STUB, encoding="utf-8")
            (programs / name).chmod(0o755)
        script = "\n".join(["set -euo pipefail", *blocks(PAGE)]).replace("kill %1", "wait")
        self.shell = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "USER": "ana"},
            input="the token of the account\n",
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (programs / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        self.calls = [Call(**json.loads(line)) for line in lines]
        self._programs = programs

    def of(self, *words: str) -> list[Call]:
        return [call for call in self.calls if call.is_(*words)]

    def secret(self, name: str) -> str:
        return (self._programs / f"secret-{name}").read_text(encoding="utf-8")

    def environ(self, call: Call) -> dict[str, str]:
        """Return what a container finds in its environment."""
        yaml = pytest.importorskip("yaml")
        said = yaml.safe_load(call.env)
        secrets = {name: self.secret(secret) for name, secret in call.secrets().items()}
        assert not set(said) & set(secrets)
        return {**said, **secrets}

    def granted(self, *words: str) -> set[tuple[str, str, str]]:
        """Return what was granted on what: (resource, account, role)."""
        return {
            (
                call.words[len(words)],
                call.flags["member"].removeprefix("serviceAccount:").partition("@")[0],
                call.flags["role"],
            )
            for call in self.of(*words)
        }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("page"))


def deployed(run: Run) -> dict[str, Call]:
    """Return each service as it was deployed last."""
    return {call.words[2]: call for call in run.of("run", "deploy")}


def everything(run: Run) -> list[Call]:
    """Return what runs the image: services, and jobs of Cloud Run."""
    return [*deployed(run).values(), *run.of("run", "jobs", "create")]


def test_a_shell_follows_the_page_to_its_end(run: Run) -> None:
    assert run.shell.returncode == 0, run.shell.stderr
    assert set(deployed(run)) == {"twirec-phone", "twirec-panel", "twirec-jobs"}
    assert len(run.of("run", "jobs", "create")) == 2


def test_each_service_starts_with_the_settings_that_it_gets(run: Run) -> None:
    for name, call in deployed(run).items():
        environ = run.environ(call)
        app = create_app(environ)
        settings = Settings.from_env(environ)
        assert settings.database_url.startswith("postgresql+psycopg://twirec:")
        assert settings.database_url.endswith("host=/cloudsql/example-project:europe-west1:twirec")
        served = app.config["CALLPANEL"].serve
        assert served == ("panel" if name == "twirec-panel" else "phone")


def test_whatever_runs_is_told_of_no_setting_that_there_is_not(run: Run) -> None:
    for call in everything(run):
        assert set(run.environ(call)) <= {*NAMES, *PANEL_NAMES, "GUNICORN_CMD_ARGS"}


def test_each_job_names_a_command_that_its_settings_let_it_run(run: Run) -> None:
    programs: dict[str, click.Command] = {"flask": FlaskGroup(), "twirec": main}
    for call in run.of("run", "jobs", "create"):
        runner = CliRunner(env={**dict.fromkeys(os.environ), **run.environ(call)})
        words = call.flags["args"].split(",")
        said = runner.invoke(programs[call.flags["command"]], [*words, "--help"])
        assert (said.exit_code, said.output[:6]) == (0, "Usage:"), said.output


def test_what_is_secret_comes_from_secret_manager_only(run: Run) -> None:
    secret = {name for name, of in NAMES.items() if of.secret}
    secret |= {"CALLPANEL_SECRET_KEY", "CALLPANEL_DATABASE_URL", "CALLPANEL_METRICS_TOKEN"}
    for call in everything(run):
        assert set(call.secrets()) <= secret
        assert not [name for name in secret if re.search(rf"^{name}:", call.env, re.M)]
    told = json.dumps([[call.words, call.env] for call in run.calls])
    assert "the token of the account" not in told
    assert run.secret("twilio-auth-token") == "the token of the account"
    generated = [run.secret(name) for name in ("twirec-audit-key", "callpanel-secret-key")]
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in generated)
    assert run.secret("phone-secret-key") != run.secret("callpanel-secret-key")


def test_an_account_may_read_the_secrets_that_it_gets_and_no_others(run: Run) -> None:
    granted = run.granted("secrets", "add-iam-policy-binding")
    assert {role for _, _, role in granted} == {"roles/secretmanager.secretAccessor"}
    used = {
        (secret, call.account) for call in everything(run) for secret in call.secrets().values()
    }
    assert {(secret, account) for secret, account, _ in granted} == used


def test_nobody_has_more_rights_than_the_page_says(run: Run) -> None:
    bucket = run.granted("storage", "buckets", "add-iam-policy-binding")
    assert {(account, role) for _, account, role in bucket} == {
        ("twirec-panel", "projects/example-project/roles/twirecPanel"),
        ("twirec-jobs", "roles/storage.objectUser"),
        ("twirec-jobs", "roles/storage.legacyBucketReader"),
    }
    (panel,) = run.of("iam", "roles", "create")
    assert "delete" not in panel.flags["permissions"]
    three = {"twirec-phone", "twirec-panel", "twirec-jobs"}
    project = run.granted("projects", "add-iam-policy-binding")
    assert {(account, role) for _, account, role in project} == {
        (account, "roles/cloudsql.client") for account in three
    }
    queue = run.granted("tasks", "queues", "add-iam-policy-binding")
    assert queue == {("twirec", account, "roles/cloudtasks.enqueuer") for account in three}
    tasks = run.granted("iam", "service-accounts", "add-iam-policy-binding")
    email = "twirec-tasks@example-project.iam.gserviceaccount.com"
    assert tasks == {(email, account, "roles/iam.serviceAccountUser") for account in three}
    assert {call.account for call in everything(run)} == three


def test_tasks_and_schedule_reach_the_jobs_and_nothing_else(run: Run) -> None:
    services = deployed(run)
    email = "twirec-tasks@example-project.iam.gserviceaccount.com"
    for call in everything(run):
        environ = run.environ(call)
        assert environ["TWIREC_TASKS_URL"] == JOBS_URL
        assert environ["TWIREC_TASKS_SERVICE_ACCOUNT"] == email
        assert environ["TWIREC_TASKS_QUEUE"] == (
            "projects/example-project/locations/europe-west1/queues/twirec"
        )
    ingress = {name: call.flags.get("ingress") for name, call in services.items()}
    assert ingress == {"twirec-jobs": "internal", "twirec-phone": None, "twirec-panel": None}
    scheduled = run.of("scheduler", "jobs", "create", "http")
    routes = {call.flags["uri"].removeprefix(f"{JOBS_URL}/twirec/jobs/") for call in scheduled}
    assert routes == {"due", "sweep", "journal", "upkeep"}
    served = create_app(run.environ(services["twirec-jobs"])).url_map.iter_rules()
    assert {f"/twirec/jobs/{route}" for route in routes} < {rule.rule for rule in served}
    assert {call.flags["oidc-token-audience"] for call in scheduled} == {JOBS_URL}
    assert {call.flags["oidc-service-account-email"] for call in scheduled} == {email}


def test_what_runs_is_what_was_pushed_by_its_digest(run: Run) -> None:
    for call in everything(run):
        assert re.search(r"/twirec/callpanel@sha256:[0-9a-f]{64}$", call.flags["image"])


def test_each_service_is_one_process_whose_threads_are_as_many_as_its_requests(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerfile = (PAGE.parent.parent / "examples/flask_app/Dockerfile").read_text(encoding="utf-8")
    command = json.loads(re.findall(r"^CMD (.*)$", dockerfile, re.M)[-1])
    for call in deployed(run).values():
        with monkeypatch.context() as container:
            for name, value in run.environ(call).items():
                container.setenv(name, value)
            container.setattr(sys, "argv", command)
            figures = WSGIApplication().cfg
        assert (figures.workers, figures.threads) == (1, THREADS)
        assert int(call.flags["concurrency"]) <= THREADS


def test_the_services_together_take_no_more_connections_than_the_database_has(run: Run) -> None:
    (instance,) = run.of("sql", "instances", "create")
    most = int(instance.flags["database-flags"].removeprefix("max_connections="))
    services = deployed(run)
    requests = {name: int(call.flags["concurrency"]) for name, call in services.items()}
    held = {
        "twirec-phone": requests["twirec-phone"] + LOOKING,
        "twirec-panel": requests["twirec-panel"] + LOOKING + ACCOUNTS,
        "twirec-jobs": (requests["twirec-jobs"] - 1) * WORK + DUE * WORK + LOOKING,
    }
    together = sum(each * int(services[name].flags["max-instances"]) for name, each in held.items())
    # a new version takes over from one that still holds its own; doctor and init come beside them
    assert 2 * together + 10 <= most
    assert f"{together}, and twice" in " ".join(PAGE.read_text(encoding="utf-8").split())


def test_the_queue_leaves_the_schedule_its_requests(run: Run) -> None:
    (queue,) = run.of("tasks", "queues", "create")
    jobs = deployed(run)["twirec-jobs"]
    requests = int(jobs.flags["concurrency"]) * int(jobs.flags["max-instances"])
    scheduled = len(run.of("scheduler", "jobs", "create", "http"))
    assert int(queue.flags["max-concurrent-dispatches"]) + scheduled <= requests
