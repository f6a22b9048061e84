"""The rules by Prometheus' own tools: right as they are, and wrong for every mistake that is planted."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.functions import ROOT, Wrong, functions
from infra.monitoring import boards, inputs
from infra.monitoring.prometheus import HOME

RULES = ROOT / "infra" / "monitoring" / "rules"
TESTS = ROOT / "infra" / "tests" / "monitoring"


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([HOME / "bin/promtool", *arguments], check=False, capture_output=True, text=True)


def proven(folder: Path) -> subprocess.CompletedProcess:
    """Runs the quick file, then the one of hours where the quick one found nothing."""
    quick = promtool("test", "rules", folder / "alerts.yml")
    return quick if quick.returncode else promtool("test", "rules", folder / "hours.yml")


def rules() -> list[dict]:
    files = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict]:
    return [rule for rule in rules() if "alert" in rule]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Rules and their tests, laid out as in the tree, to plant mistakes in."""
    shutil.copytree(RULES, tmp_path / "monitoring" / "rules")
    shutil.copytree(TESTS, tmp_path / "tests" / "monitoring")
    return tmp_path


def take_away(folder: Path, name: str) -> None:
    for path in (folder / "monitoring" / "rules").glob("*.yml"):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != name]
        path.write_text(yaml.safe_dump(content))


# proves: D09
def test_rules_and_scrape_configuration_are_right(tmp_path: Path):
    boards.write(functions(), None, tmp_path)
    for told in (
        promtool("check", "rules", *(tmp_path / "rules").glob("*.yml")),
        promtool("check", "config", tmp_path / "prometheus.yml"),
    ):
        assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("rules/alerts.yml", "== 0", "== == 0"),
        ("rules/recording.yml", "record:", "recorded:"),
        ("prometheus.yml", "scrape_interval: 15s", "scrape_interval: soon"),
    ],
)
def test_a_planted_mistake_is_found(tmp_path: Path, file: str, right: str, wrong: str):
    boards.write(functions(), None, tmp_path)
    text = (tmp_path / file).read_text()
    assert right in text
    (tmp_path / file).write_text(text.replace(right, wrong, 1))
    assert promtool("check", "config", tmp_path / "prometheus.yml").returncode == 1


# proves: D09
def test_every_alert_fires_for_its_cause_and_only_then():
    told = proven(TESTS)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", [alert["alert"] for alert in alerts()])
def test_an_alert_that_is_gone_is_missed(copied: Path, name: str):
    take_away(copied, name)
    assert proven(copied / "tests" / "monitoring").returncode == 1


def test_an_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on():
    readme = (ROOT / "infra" / "README.md").read_text()
    for alert in alerts():
        name, annotations = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert {"summary", "description", "runbook"} == annotations.keys(), name
        assert annotations["runbook"] == f"infra/README.md#{name.lower()}"
        assert f"# {name}\n" in readme, f"infra/README.md has no heading {name}"


def test_inputs_come_from_the_manifests():
    found = functions()
    told = {
        (rule["record"], rule.get("labels", {}).get("function")): rule["expr"]
        for rule in inputs.rules(found, 2.5)["groups"][0]["rules"]
    }
    for function in found:
        assert told["darkroom_memory_limit_bytes", function.name] == f"vector({function.memory_mb * 2**20})"
        assert told["darkroom_deadline_seconds", function.name] == f"vector({function.picture_s})"
        assert (("darkroom_probe_bound_db", function.name) in told) == function.has_model
    assert told["darkroom_price_dollars_per_hour", None] == "vector(2.5)"
    for wrong in (-1.0, float("nan")):
        with pytest.raises(Wrong, match="give dollars an hour"):
            inputs.rules(found, wrong)
