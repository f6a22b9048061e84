"""Everything running: real functions, a real Prometheus, and every query asked."""

import re
import subprocess
import urllib.request

import pytest

from infra.functions import functions
from infra.monitoring import boards, queries, report, watch
from infra.monitoring.gpu import METRICS
from infra.monitoring.panels import BOARDS, Query
from infra.monitoring.prometheus import HOME
from infra.tests.test_monitoring_rules import rules

# Told by others than the functions: Prometheus itself, DCGM's exporter, kube-state-metrics.
OTHERS = {"up", "kube_pod_container_resource_limits", *(name for name, _ in METRICS.values())}
THEIR_LABELS = {
    "instance",
    "namespace",
    "pod",
    "exported_namespace",
    "exported_pod",
    "resource",
    "recorded",
    "Hostname",
    "gpu",
}


@pytest.fixture(scope="module")
def watched():
    with watch.running(functions(), None) as (prometheus, load):
        yield prometheus, load


@pytest.fixture(scope="module")
def lacking(watched) -> dict[str, str]:
    return watch.wait_for_data(watched[0], functions())


@pytest.fixture(scope="module")
def texts(watched, lacking) -> dict[str, str]:
    """What each function tells at /metrics, after all that people do to it."""

    def told(address: str) -> str:
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            return answer.read().decode()

    return {name: told(address) for name, address in watched[1].addresses.items()}


# proves: D09
def test_every_query_of_boards_and_rules_returns_data(lacking):
    assert not lacking


def test_a_query_without_data_is_told(watched, lacking):
    modelled = {function.name for function in functions() if function.has_model}
    assert watch.lacks(watched[0], "darkroom_made_up", modelled) == "returns no data"
    one = sorted(modelled)[0]
    told = watch.lacks(watched[0], f'darkroom_models_open{{function!="{one}"}}', modelled)
    assert told == f"returns no data of {one}"


def test_every_rule_is_well_and_nothing_fires_that_nobody_caused(watched, lacking):
    each = [rule for group in watched[0].ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in each} >= {rule.get("alert") or rule["record"] for rule in rules()}
    assert {rule["health"] for rule in each} == {"ok"}, [rule for rule in each if rule["health"] != "ok"]
    assert watched[0].query('ALERTS{alertstate="firing",alertname!="JobsFailing"}') == []


def unknown(expression: str, texts: dict[str, str]) -> set[str]:
    """What a query names and nobody tells: metrics and labels."""
    told = "\n".join(texts.values())
    own = {rule["record"] for rule in rules() if "record" in rule} | {rule["record"] for rule in rule_inputs()}
    samples = re.findall(r"^(\w+)\{(.*)\} ", told, re.MULTILINE)
    metrics = OTHERS | own | {name for name, _ in samples}
    labels = THEIR_LABELS | {label for _, inside in samples for label in re.findall(r'(\w+)="', inside)}
    return (queries.names(expression) - metrics) | (queries.labels(expression) - labels)


def rule_inputs() -> list[dict]:
    return watch.boards.inputs.rules(functions(), 1.0)["groups"][0]["rules"]


def test_every_metric_and_label_of_a_query_is_one_that_is_told(texts):
    expressions = [
        queries.asked(query.expression) for board in BOARDS for panel in board.panels for query in panel.queries
    ]
    for expression in [*expressions, *(rule["expr"] for rule in rules())]:
        assert not unknown(expression, texts), expression


def test_a_renamed_metric_and_a_renamed_label_are_told(texts):
    assert unknown("sum by (function) (rate(darkroom_request_total[5m]))", texts) == {"darkroom_request_total"}
    assert unknown("sum by (funktion) (rate(darkroom_requests_total[5m]))", texts) == {"funktion"}


def checked(text: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [HOME / "bin/promtool", "check", "metrics"], input=text, check=False, capture_output=True, text=True
    )


def test_what_functions_tell_follows_the_rules_of_prometheus(texts):
    for name, text in texts.items():
        assert checked(text).returncode == 0, f"{name}: {checked(text).stderr}"
    planted = "".join(texts.values()).replace("darkroom_jobs_total", "darkroom_jobs", 99)
    assert checked(planted).returncode != 0


# proves: D09
def test_the_report_tells_gpu_use_seconds_quality_and_errors(watched, lacking):
    watch.tell(watched[0], functions(), watched[1])
    text = (boards.OUT / "report.md").read_text()
    for function in functions():
        for variant in function.variants:
            assert re.search(
                rf"^\| {function.name} \| {variant.name} \| run \| [\d.]+ \| [\d.]+ \| [\d.]+ \|$", text, re.MULTILINE
            )
        if function.has_model:
            assert re.search(rf"^\| {function.name} \| default \| [\d.]+ \| 25 \|$", text, re.MULTILINE)
            assert re.search(rf"^\| {function.name} \| true \| \d+ \|$", text, re.MULTILINE)
            assert f"| {function.name} | 422 |" in text


def test_a_table_puts_quantiles_beside_each_other():
    panel = next(panel for board in BOARDS for panel in board.panels if panel.title == "Seconds of an answer")
    samples: dict[Query, report.Samples] = {
        query: [({"function": "any"}, seconds), ({"function": "other"}, 2 * seconds)]
        for query, seconds in zip(panel.queries, (0.5, 1.25, 1000), strict=True)
    }
    assert report.table(panel, samples) == [
        "| function | p50 | p95 | p99 |",
        "| --- | --- | --- | --- |",
        "| any | 0.5 | 1.25 | 1,000 |",
        "| other | 1 | 2.5 | 2,000 |",
    ]
