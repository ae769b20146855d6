"""What the manifests for Kubernetes ask for, and what they may not."""

from __future__ import annotations

import copy
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from callpanel import create_app
from callpanel.config import NAMES as PANEL_NAMES
from callpanel.factory import OF_TWILIO
from tests.connections import ACCOUNTS, DUE, LOOKING, THREADS, WORK
from tests.test_docs_shell import blocks
from twirec.settings import Settings
from twirec.settings.names import NAMES
from twirec.testing import ENVIRONMENT

PAGE = Path(__file__).parent.parent / "docs/deploy-kubernetes.md"
FOLDER = Path(__file__).parent.parent / "examples/kubernetes"
SECRET = {name for name, of in NAMES.items() if of.secret} | {
    "CALLPANEL_SECRET_KEY",
    "CALLPANEL_DATABASE_URL",
    "CALLPANEL_METRICS_TOKEN",
}
OF_THE_APP = {*NAMES, *PANEL_NAMES, "GUNICORN_CMD_ARGS"}
NAMESPACE = "--namespace=twirec"
VERSION = "1.37"
"""Of Kubernetes, whose schemas are asked."""
Manifest = dict[str, Any]


def judge(module: str) -> Any:
    """Return what reads or judges the manifests. The one with schemas takes seconds to load."""
    try:
        return importlib.import_module(module)
    except ImportError:
        reason = f"this test needs {module}: pip install -e '.[dev]'"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def manifests() -> list[Manifest]:
    yaml = judge("yaml")
    return [
        each
        for path in sorted(FOLDER.glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def name(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pods(all_: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for each in all_:
        if "template" in each.get("spec", {}):
            yield name(each), each["spec"]["template"]


def containers(all_: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for where, pod in pods(all_):
        for each in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield where, each


def wrong_schema(all_: list[Manifest]) -> Iterator[str]:
    kubernetes_validate = judge("kubernetes_validate")
    for each in all_:
        try:
            kubernetes_validate.validate(each, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name(each)}: {error.message}"


def with_root(all_: list[Manifest]) -> Iterator[str]:
    for where, pod in pods(all_):
        asked = pod["spec"].get("securityContext", {})
        if not asked.get("runAsNonRoot") or asked.get("runAsUser", 0) < 1000:
            yield where
        if asked.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield where
        if pod["spec"].get("automountServiceAccountToken") is not False:
            yield where
        if any(pod["spec"].get(each) for each in ("hostNetwork", "hostPID", "hostIPC")):
            yield where
    for where, each in containers(all_):
        asked = each.get("securityContext", {})
        if asked.get("allowPrivilegeEscalation") is not False or asked.get("privileged"):
            yield where
        if asked.get("capabilities") != {"drop": ["ALL"]}:
            yield where


def writable(all_: list[Manifest]) -> Iterator[str]:
    for where, each in containers(all_):
        if each.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
            yield where
    for where, pod in pods(all_):
        for volume in pod["spec"].get("volumes", []):
            if "sizeLimit" not in volume.get("emptyDir", {}):
                yield where


def of_no_version(all_: list[Manifest]) -> Iterator[str]:
    for where, each in containers(all_):
        _, _, tag = each["image"].rpartition("/")[2].partition(":")
        if "@sha256:" not in each["image"] and tag in {"", "latest"}:
            yield where


def without_probes(all_: list[Manifest]) -> Iterator[str]:
    for where, each in containers(all_):
        if where.startswith("Job/"):
            continue
        serves = bool(each.get("ports"))
        wanted = ["livenessProbe", *(["readinessProbe", "startupProbe"] if serves else [])]
        if not all(probe in each for probe in wanted):
            yield where


def without_limits(all_: list[Manifest]) -> Iterator[str]:
    for where, each in containers(all_):
        asked = each.get("resources", {})
        if not {"cpu", "memory"} <= set(asked.get("requests", {})):
            yield where
        if "memory" not in asked.get("limits", {}):
            yield where


def with_secrets(all_: list[Manifest]) -> Iterator[str]:
    for each in all_:
        if each["kind"] == "Secret" or SECRET & set(each.get("data", {})):
            yield name(each)
    for where, each in containers(all_):
        if any(env["name"] in SECRET and "value" in env for env in each.get("env", [])):
            yield where


def unknown_settings(all_: list[Manifest]) -> Iterator[str]:
    given = {key for each in all_ if each["kind"] == "ConfigMap" for key in each["data"]}
    given |= {env["name"] for _, each in containers(all_) for env in each.get("env", [])}
    yield from sorted(given - OF_THE_APP)


def absent_accounts_and_configs(all_: list[Manifest]) -> Iterator[str]:
    there = {name(each) for each in all_}
    for where, pod in pods(all_):
        if f"ServiceAccount/{pod['spec'].get('serviceAccountName')}" not in there:
            yield where
    for where, each in containers(all_):
        configs = [
            source["configMapRef"]["name"]
            for source in each.get("envFrom", [])
            if "configMapRef" in source
        ]
        yield from (where for config in configs if f"ConfigMap/{config}" not in there)


def absent_pods(all_: list[Manifest]) -> Iterator[str]:
    """Yield what selects pods that no template makes, or a port that they have not."""
    made = {pod["metadata"]["labels"]["app"]: pod["spec"] for _, pod in pods(all_)}
    for each in all_:
        spec = each.get("spec", {})
        if each["kind"] == "Deployment":
            if spec["selector"]["matchLabels"] != spec["template"]["metadata"]["labels"]:
                yield name(each)
        elif each["kind"] == "PodDisruptionBudget":
            if spec["selector"]["matchLabels"]["app"] not in made:
                yield name(each)
        elif each["kind"] == "Service":
            pod = made.get(spec["selector"]["app"], {"containers": []})
            ports = {p["name"] for one in pod["containers"] for p in one.get("ports", [])}
            if not {port["targetPort"] for port in spec["ports"]} <= ports:
                yield name(each)


def absent_targets(all_: list[Manifest]) -> Iterator[str]:
    there = {name(each) for each in all_}
    for each in all_:
        spec = each.get("spec", {})
        if each["kind"] == "Ingress":
            paths = [path for rule in spec["rules"] for path in rule["http"]["paths"]]
            wanted = [f"Service/{path['backend']['service']['name']}" for path in paths]
        elif each["kind"] == "HorizontalPodAutoscaler":
            wanted = [f"Deployment/{spec['scaleTargetRef']['name']}"]
        else:
            continue
        yield from (f"{name(each)}: {target}" for target in wanted if target not in there)


Rule = Callable[[list[Manifest]], Iterator[str]]
RULES: list[Rule] = [
    *(wrong_schema, with_root, writable, of_no_version, without_probes, without_limits),
    *(with_secrets, unknown_settings),
    *(absent_accounts_and_configs, absent_pods, absent_targets),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_manifests_keep_the_rule(rule: Rule) -> None:
    assert len(manifests()) > 10
    assert list(rule(manifests())) == []


def one(all_: list[Manifest], named: str) -> Manifest:
    return next(each for each in all_ if name(each) == named)


def phone(all_: list[Manifest]) -> Manifest:
    return one(all_, "Deployment/phone")


def container(all_: list[Manifest]) -> Manifest:
    found: Manifest = phone(all_)["spec"]["template"]["spec"]["containers"][0]
    return found


BREAKS: list[tuple[Rule, Callable[[list[Manifest]], object]]] = [
    (wrong_schema, lambda all_: container(all_).update(readynessProbe={})),
    (wrong_schema, lambda all_: phone(all_)["spec"].pop("selector")),
    (with_root, lambda all_: container(all_)["securityContext"].pop("capabilities")),
    (with_root, lambda all_: container(all_)["securityContext"].update(privileged=True)),
    (
        with_root,
        lambda all_: phone(all_)["spec"]["template"]["spec"]["securityContext"].pop("runAsUser"),
    ),
    (writable, lambda all_: container(all_)["securityContext"].pop("readOnlyRootFilesystem")),
    (of_no_version, lambda all_: container(all_).update(image="callpanel")),
    (of_no_version, lambda all_: container(all_).update(image="host:5000/callpanel:latest")),
    (without_probes, lambda all_: container(all_).pop("readinessProbe")),
    (without_limits, lambda all_: container(all_)["resources"].pop("limits")),
    (
        with_secrets,
        lambda all_: container(all_)["env"].append({"name": "TWILIO_AUTH_TOKEN", "value": "x"}),
    ),
    (
        unknown_settings,
        lambda all_: container(all_)["env"].append({"name": "TWIREC_BUCKT", "value": "x"}),
    ),
    (absent_targets, lambda all_: all_.remove(one(all_, "Service/phone"))),
    (absent_targets, lambda all_: all_.remove(one(all_, "Deployment/phone"))),
    (absent_pods, lambda all_: container(all_)["ports"][0].update(name="web")),
    (absent_pods, lambda all_: one(all_, "Service/phone")["spec"]["selector"].update(app="fone")),
    (absent_accounts_and_configs, lambda all_: all_.remove(one(all_, "ServiceAccount/phone"))),
    (absent_accounts_and_configs, lambda all_: all_.remove(one(all_, "ConfigMap/callpanel"))),
]


@pytest.mark.parametrize(("rule", "break_"), BREAKS)
def test_what_is_against_the_rule_is_found(
    rule: Rule, break_: Callable[[list[Manifest]], object]
) -> None:
    all_ = copy.deepcopy(manifests())
    break_(all_)
    assert list(rule(all_)) != []


def test_a_phone_without_its_database_still_gets_its_callers() -> None:
    """They are connected unrecorded; a pod that is not ready is asked nothing."""
    for probe in ("readinessProbe", "livenessProbe"):
        assert container(manifests())[probe]["httpGet"]["path"] == "/healthz"


def test_what_twilio_calls_goes_to_the_phone() -> None:
    ingress = next(each for each in manifests() if each["kind"] == "Ingress")
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    backends = {each["path"]: each["backend"]["service"]["name"] for each in paths}

    def service_of(rule: str) -> str:
        """Return where it goes: of the prefixes that match, the longest decides."""
        matching = [path for path in backends if f"{rule}/".startswith(f"{path.rstrip('/')}/")]
        return backends[max(matching, key=len)]

    environ = {
        **ENVIRONMENT,
        "TWIREC_AUDIT_KEY": "a" * 64,
        "CALLPANEL_SECRET_KEY": "s" * 64,
        "CALLPANEL_LINES": "+34911000111=+34911222333",
        "CALLPANEL_DATABASE_URL": "sqlite:///:memory:",
    }
    app = create_app(environ)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    of_twilio = {r.rule for r in rules if r.endpoint.partition(".")[0] in OF_TWILIO}
    assert len(of_twilio) > 10
    others = {rule.rule for rule in rules} - of_twilio
    assert [rule for rule in of_twilio if service_of(rule) != "phone"] == []
    assert [rule for rule in others if service_of(rule) != "panel"] == []
    assert "/twirec/disclosed/<secret>" in others


def test_kustomize_names_every_file_and_image() -> None:
    yaml = judge("yaml")
    said = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(said["resources"]) == files
    images = {re.split("[:@]", each["image"])[0] for _, each in containers(manifests())}
    assert {each["name"] for each in said["images"]} == images


KUBECTL = f"""#!{sys.executable} -IS
import json, os.path, sys
with open(os.path.dirname(sys.argv[0]) + "/calls.jsonl", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
"""


@pytest.fixture(scope="module")
def page_commands(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Follow the page with a kubectl that only writes words down; return what it was told."""
    folder = tmp_path_factory.mktemp("kubectl")
    for program in ("kubectl", "gcloud"):
        (folder / program).write_text(KUBECTL, encoding="utf-8")
        (folder / program).chmod(0o755)
    script = [block for block in blocks(PAGE) if "systemctl" not in block]
    told = ["a token of Twilio's", "twirec:word@db.example.com", "redis://:word@broker:6379/0"]
    subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *script])],
        cwd=FOLDER.parent.parent,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        input="\n".join([*told, ""]),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def page_secrets(page_commands: list[list[str]]) -> dict[str, dict[str, str]]:
    """Return the secrets that the page makes."""
    made = {}
    for words in page_commands:
        if words[1:4] == ["create", "secret", "generic"]:
            pairs = (word.removeprefix("--from-literal=").partition("=") for word in words[5:])
            made[words[4]] = {name: value for name, _, value in pairs}
    return made


def of_key(secrets: dict[str, dict[str, str]], env: Manifest) -> str:
    asked = env["valueFrom"]["secretKeyRef"]
    return secrets[asked["name"]][asked["key"]]


def environments(secrets: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return what each container finds in its environment."""
    configs = {e["metadata"]["name"]: e["data"] for e in manifests() if e["kind"] == "ConfigMap"}
    found: dict[str, dict[str, str]] = {}
    for where, each in containers(manifests()):
        environ = {
            env["name"]: env["value"] if "value" in env else of_key(secrets, env)
            for env in each.get("env", [])
        }
        for source in each["envFrom"]:
            kind, from_ = next(iter(source.items()))
            environ |= (secrets if kind == "secretRef" else configs)[from_["name"]]
        found[where] = environ
    return found


def test_each_container_starts_with_the_settings_that_it_gets(
    page_secrets: dict[str, dict[str, str]],
) -> None:
    started = environments(page_secrets)
    for where, environ in started.items():
        assert set(environ) <= OF_THE_APP
        assert Settings.from_env(environ).bucket == "gs://example-calls/production"
        if "CALLPANEL_SECRET_KEY" in environ:
            app = create_app(environ)
            served = {"Deployment/phone": "phone", "Deployment/panel": "panel"}.get(where, "both")
            assert app.config["CALLPANEL"].serve == served
    assert len(started) == 5


def test_a_pod_gets_no_secret_of_another(page_secrets: dict[str, dict[str, str]]) -> None:
    started = environments(page_secrets)
    panel = set(page_secrets["callpanel"].items())
    assert not panel & set(started["Deployment/phone"].items())
    for worker in ("Deployment/worker", "Deployment/beat"):
        assert not {name for name in started[worker] if name.startswith("CALLPANEL_")}
    assert set(started["Deployment/beat"]) & SECRET == {
        *("TWIREC_CELERY_BROKER", "TWILIO_AUTH_TOKEN")
    }


def test_beat_has_no_rights_at_google() -> None:
    accounts = {each: pod["spec"]["serviceAccountName"] for each, pod in pods(manifests())}
    assert accounts["Deployment/beat"] == "beat"
    rights = {
        each["metadata"]["name"]
        for each in manifests()
        if each["kind"] == "ServiceAccount" and "annotations" in each["metadata"]
    }
    assert rights == {"panel", "worker"}


def test_an_update_makes_the_tables_before_anything_else_is_new(
    page_commands: list[list[str]],
) -> None:
    deleted = page_commands.index([NAMESPACE, "delete", "job", "init", "--ignore-not-found"])
    update = page_commands[deleted + 1 :]
    alone = ["apply", "--selector=app=init", "--filename=-"]
    assert sorted(update[:2]) == [alone, ["kustomize", "examples/kubernetes"]]  # a pipe
    assert update[2][:3] == [NAMESPACE, "wait", "--for=condition=complete"]
    assert update[2][-1] == "job/init"
    assert update[3] == ["apply", "--kustomize=examples/kubernetes"]
    labelled = [
        name(each)
        for each in manifests()
        if each["metadata"].get("labels", {}).get("app") == "init"
    ]
    assert labelled == ["Job/init"]


def test_all_pods_take_no_more_connections_than_the_page_asks_for() -> None:
    all_ = manifests()
    replicas = {each: one(all_, f"Deployment/{each}")["spec"] for each in ("panel", "worker")}
    scaler = one(all_, "HorizontalPodAutoscaler/phone")["spec"]
    assert one(all_, "ConfigMap/callpanel")["data"]["GUNICORN_CMD_ARGS"] == "--workers=1"
    [worker] = replicas["worker"]["template"]["spec"]["containers"]
    (processes,) = (
        int(word.partition("=")[2])
        for word in worker["command"]
        if word.startswith("--concurrency=")
    )
    together = (
        scaler["maxReplicas"] * (THREADS + LOOKING)
        + replicas["panel"]["replicas"] * (THREADS + LOOKING + ACCOUNTS)
        + replicas["worker"]["replicas"] * processes * (DUE * WORK + LOOKING)
    )
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"= {together}, and twice" in text
    (most,) = re.findall(r"`max_connections=(\d+)`", text)
    # a new version takes over from one that still holds its own; init and doctor come beside them
    assert 2 * together + 10 <= int(most)
