"""The boards as files, and their queries by a parser of their language."""

import dataclasses
import json
import re
from pathlib import Path

import pytest
import yaml

from infra.functions import ROOT, functions
from infra.monitoring import boards, load, queries
from infra.monitoring.panels import BOARDS
from infra.tests.kubernetes.check import wrong
from infra.tests.test_monitoring_rules import promtool, rules

PANELS = [panel for board in BOARDS for panel in board.panels]
EVERY = [query for panel in PANELS for query in panel.queries]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("monitoring")
    boards.write(functions(), None, out)
    return out


# proves: D09
def test_boards_hold_every_panel_once(written: Path):
    for board in BOARDS:
        read = json.loads((written / "boards" / f"{board.uid}.json").read_text())
        assert (read["uid"], read["title"]) == (board.uid, board.title)
        ids = [panel["id"] for panel in read["panels"]]
        assert len(ids) == len(set(ids)) and all(ids)
        shown = [panel for panel in read["panels"] if panel["type"] != "row"]
        assert [panel["title"] for panel in shown] == [panel.title for panel in board.panels]
        for drawn, panel in zip(shown, board.panels, strict=True):
            assert [target["expr"] for target in drawn["targets"]] == [query.expression for query in panel.queries]
            assert len({target["refId"] for target in drawn["targets"]}) == len(panel.queries)
            assert drawn["datasource"]["uid"] == "${source}" and drawn["description"]
    uids = [board.uid for board in BOARDS]
    assert len(uids) == len(set(uids))


def test_the_band_of_gpu_use_is_the_autoscalers(written: Path):
    read = json.loads((written / "boards" / "darkroom-gpus.json").read_text())
    steps = next(panel for panel in read["panels"] if panel["title"] == "GPU use")["fieldConfig"]["defaults"][
        "thresholds"
    ]["steps"]
    assert [(step["value"], step["color"]) for step in steps[1:3]] == [(60, "green"), (70, "transparent")]


def test_every_query_is_one_for_prometheus_too(tmp_path: Path):
    asked = [queries.asked(query.expression) for query in EVERY]
    for expression in asked:
        assert queries.names(expression)
    file = tmp_path / "queries.yml"

    def told(expressions: list[str]) -> int:
        each = [{"record": f"query:{number}", "expr": expression} for number, expression in enumerate(expressions)]
        file.write_text(json.dumps({"groups": [{"name": "queries", "rules": each}]}))
        return promtool("check", "rules", file).returncode

    assert told(asked) == 0
    assert told([*asked, "sum by function (up)"]) == 1
    with pytest.raises(ValueError):
        queries.names("sum by function (up)")


def test_rules_and_boards_are_objects_that_a_cluster_takes(written: Path):
    rule, boards_of_grafana = yaml.safe_load_all((written / "kubernetes.yaml").read_text())
    assert wrong([rule, boards_of_grafana]) == []
    assert {each.get("alert") or each["record"] for group in rule["spec"]["groups"] for each in group["rules"]} > {
        each.get("alert") or each["record"] for each in rules()
    }
    assert boards_of_grafana["data"].keys() == {f"{board.uid}.json" for board in BOARDS}
    rule["spec"]["groups"][0]["rule"] = rule["spec"]["groups"][0].pop("rules")
    assert len(wrong([rule])) == 1


def test_no_function_is_named():
    names = "|".join(re.escape(function.name) for function in functions())
    for path in (ROOT / "infra/monitoring").rglob("*"):
        if path.suffix in (".py", ".yml"):
            assert not re.search(rf"""["']({names})["']""", path.read_text()), path
    for text in [*(boards.text(board) for board in BOARDS), str(rules())]:
        assert not re.search(rf"\b({names})\b", text)


def test_a_further_function_and_variant_are_watched_like_the_others(tmp_path: Path):
    one = next(function for function in functions() if function.has_model)
    variant = dataclasses.replace(one.variants[0], name="newer")
    new = dataclasses.replace(one, name="new", variants=(*one.variants, variant))
    boards.write([*functions(), new], None, tmp_path)
    inputs = yaml.safe_load((tmp_path / "rules" / "inputs.yml").read_text())["groups"][0]["rules"]
    assert [rule["record"] for rule in inputs if rule.get("labels") == {"function": "new"}] == [
        "darkroom_memory_limit_bytes",
        "darkroom_deadline_seconds",
        "darkroom_probe_bound_db",
    ]
    assert "/?model=newer" in [path for path, _, _ in load.requests(new, b"")]


def test_what_a_query_names_is_read_from_its_tree():
    expression = 'max by (f) (rate(x{a="1"}[5m])) * on (g) group_left (h) y > 2 and (z unless on (k) w == 1)'
    assert queries.names(expression) == {"x", "y", "z", "w"}
    assert queries.labels(expression) == {"a", "f", "g", "h", "k"}
    assert queries.measured(expression) == ['max by (f) (rate(x{a="1"}[5m])) * on (g) group_left (h) y', "z", "w"]
    assert queries.asked('a{function=~"$function"}[$__rate_interval]', "9s") == 'a{function=~".+"}[9s]'


def told_in_lambda() -> set[str]:
    """The metrics that log lines carry in Lambda, from where they are written."""
    return set(re.findall(r'metric\("(\w+)", "', (ROOT / "common/src/telemetry.rs").read_text()))


# proves: D09
@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_cloudwatch_shows_the_same_or_a_reason_is_given(panel):
    assert bool(panel.cloudwatch) != bool(panel.because)
    for counterpart in panel.cloudwatch:
        assert on_board(counterpart), f"{counterpart} is not on the board of infra/aws"
        namespace, metric = counterpart.rsplit("/", 1)
        assert namespace != "Darkroom" or metric in told_in_lambda()


def on_board(counterpart: str) -> bool:
    """Whether a line of the board in CloudWatch names the metric with its namespace, or the field of the logs."""
    namespace, metric = counterpart.rsplit("/", 1)
    words = [rf"{re.escape(metric)}\b", *([rf"\b{namespace}\b"] if namespace != "Logs" else [])]
    lines = (ROOT / "infra/aws/board.yaml").read_text().splitlines()
    return any(all(re.search(word, line) for word in words) for line in lines)


def test_a_counterpart_that_is_not_there_is_told():
    assert not on_board("AWS/Lambda/Invocation") and not on_board("Darkroom/Throttles") and not on_board("Logs/@madeUp")
