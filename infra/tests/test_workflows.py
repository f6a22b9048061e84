"""The workflows, by the linters of those who know them and by the rules of this project; and what their steps do when they are run."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.functions import ROOT

FOLDER = ROOT / ".github" / "workflows"
LINT = ROOT / ".tools" / "lint" / "bin"
FILES = sorted(FOLDER.glob("*.yml"))
# OWNER/NAME@COMMIT # VERSION
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def ran(*command: str | Path, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=cwd, env={**os.environ, **more}, check=False, capture_output=True, text=True)


def actionlint(*files: Path) -> subprocess.CompletedProcess:
    return ran(LINT / "actionlint", "-no-color", "-shellcheck", LINT / "shellcheck", *files)


def zizmor(*files: Path) -> subprocess.CompletedProcess:
    return ran(LINT / "zizmor", "--offline", "--no-progress", "--no-config", "--color=never", *files)


def unpinned(text: str) -> list[str]:
    """What a workflow uses otherwise than by a commit and the version that the commit is; its own files need neither."""
    used = re.findall(r"^[ -]*uses: *(.+?) *$", text, re.MULTILINE)
    return [one for one in used if not PINNED.fullmatch(one) and not one.startswith("./.github/")]


def read(name: str) -> dict:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text())


def step(job: dict, name: str) -> dict:
    return next(each for each in job["steps"] if each.get("name") == name)


def planted(folder: Path, name: str, right: str, wrong: str) -> Path:
    """A copy of a workflow with one mistake in it."""
    text = (FOLDER / f"{name}.yml").read_text()
    assert right in text
    # zizmor knows a workflow by its place.
    path = folder / ".github" / "workflows" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(right, wrong, 1))
    return path


# proves: K09, B14
@pytest.mark.parametrize("lint", [actionlint, zizmor])
def test_the_linters_find_nothing(lint):
    done = lint(*FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        ("test", "ubuntu-24.04", "ubuntu-17.04", "runner-label"),
        ("deploy", "needs: test", "needs: tests", "job-needs"),
        ("deploy", "inputs.stage ||", "inputs.stag ||", "expression"),
        ("deploy", 'STAGE="$STAGE"', "STAGE=$STAGE", "shellcheck"),
        ("dependencies", '"17 4 * * 1"', '"17 4 * * 9"', "events"),
    ],
)
def test_actionlint_finds_what_is_planted(tmp_path, name, right, wrong, says):
    done = actionlint(planted(tmp_path, name, right, wrong))
    assert done.returncode == 1
    assert f"[{says}]" in done.stdout


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        (
            "test",
            "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
            "actions/checkout@v7",
            "unpinned-uses",
        ),
        ("test", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("test", "pull_request:", "pull_request_target:", "dangerous-triggers"),
        ("test", "run: .ci/run", "run: .ci/run ${{ github.head_ref }}", "template-injection"),
        ("deploy", "    needs: test\n", "    needs: test\n    container: debian\n", "unpinned-images"),
    ],
)
def test_zizmor_finds_what_is_planted(tmp_path, name, right, wrong, says):
    done = zizmor(planted(tmp_path, name, right, wrong))
    assert done.returncode != 0
    assert says in done.stdout


# proves: B14
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_used_is_pinned_by_commit_and_no_secret_is_known(path):
    text = path.read_text()
    assert unpinned(text) == []
    assert "secrets." not in text
    assert "secrets:" not in text
    assert yaml.safe_load(text)["permissions"] == {}, "what a job may do stands at the job"


@pytest.mark.parametrize(
    "used", ["actions/checkout@v7", "actions/checkout@3d3c42e # v7.0.1", f"actions/checkout@{'0' * 40}"]
)
def test_a_tag_a_short_commit_and_a_commit_without_its_version_are_not_pinned(used):
    assert unpinned(f"    steps:\n      - uses: {used}\n") == [used]


# proves: B14
def test_only_a_deployment_has_an_identity_and_it_has_no_key():
    jobs = {(path.stem, name): job for path in FILES for name, job in yaml.safe_load(path.read_text())["jobs"].items()}
    permitted = {place: job["permissions"] for place, job in jobs.items()}
    assert permitted.pop(("deploy", "deploy")) == {"contents": "read", "id-token": "write"}
    assert all(one == {"contents": "read"} for one in permitted.values()), permitted
    given = next(each["with"] for each in jobs["deploy", "deploy"]["steps"] if "aws-actions" in each.get("uses", ""))
    assert given.keys() == {"role-to-assume", "aws-region", "role-session-name"}


# proves: K09
def test_a_deployment_is_of_one_stage_after_the_tests_and_alone():
    job = read("deploy")["jobs"]["deploy"]
    assert job["needs"] == "test"
    assert job["environment"] in job["concurrency"]["group"]
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["env"]["STAGE"] == job["environment"]
    (tagged,) = re.findall(r"'([a-z]+)'", job["environment"])
    assert (ROOT / "infra" / "deploy" / "stages" / f"{tagged}.toml").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_the_workflows_run_is_a_command_of_this_project(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [each for job in yaml.safe_load(path.read_text())["jobs"].values() for each in job.get("steps", [])]
    run = "\n".join(each["run"] for each in steps if "run" in each)
    called = re.findall(r"\bmake (?:--\S+ )*([a-z-]+)", run)
    assert set(called) <= targets
    assert called or run == ".ci/run"


# proves: K09
def test_the_deploying_step_calls_make_deploy_and_its_summary_tells_the_addresses(tmp_path):
    done = deployed(
        tmp_path,
        'echo "$*" > called; echo "derain: live"; echo; echo "staging answers:"; echo "  UrlDerain  https://u/"',
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").read_text().split() == ["deploy", "STAGE=staging", "YES=1"]
    told = ran("bash", "-e", "-c", run_of("Addresses"), cwd=tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "summary").read_text() == "```\nstaging answers:\n  UrlDerain  https://u/\n```\n"


# proves: K09
def test_the_deploying_step_fails_with_make_deploy(tmp_path):
    assert deployed(tmp_path, "echo deploy: refused >&2; exit 2").returncode == 2


def run_of(name: str) -> str:
    return step(read("deploy")["jobs"]["deploy"], name)["run"]


def deployed(folder: Path, make: str) -> subprocess.CompletedProcess:
    """Runs the step as the runner does (`shell: bash` is `bash -eo pipefail`), with that for `make`."""
    assert read("deploy")["jobs"]["deploy"]["defaults"]["run"]["shell"] == "bash"
    (folder / "make").write_text(f"#!/bin/sh\n{make}\n")
    (folder / "make").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return ran("bash", "-eo", "pipefail", "-c", run_of("make deploy"), cwd=folder, PATH=path, STAGE="staging")


# proves: B14
def test_the_crates_have_the_licences_and_sources_that_deny_toml_allows():
    done = denied(ROOT / "deny.toml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('    "MIT",\n', "", "failed to satisfy license requirements"),
        ('    "ISC",\n', '    "ISC",\n    "OpenSSL",\n', "license was not encountered"),
        ('crate = "native-tls"', 'crate = "serde"', "is explicitly banned"),
        ('unknown-registry = "deny"', 'unknown-registry = "deny"\nallow-registry = []', "not explicitly allowed"),
    ],
)
def test_cargo_deny_finds_what_is_planted(tmp_path, right, wrong, says):
    text = (ROOT / "deny.toml").read_text()
    assert right in text
    (tmp_path / "deny.toml").write_text(text.replace(right, wrong, 1))
    done = denied(tmp_path / "deny.toml")
    assert done.returncode != 0
    assert says in done.stderr


def denied(config: Path) -> subprocess.CompletedProcess:
    words = (
        "--config",
        config,
        "--log-level",
        "error",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    )
    return ran(LINT / "cargo-deny", *words)
