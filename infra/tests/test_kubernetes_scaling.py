"""The scaler's arithmetic: GPU use holds 65% +- 5 over a day, with the numbers read out of what the chart renders.

It holds in every five minutes in which the work takes eight GPUs or more. With fewer it can't: one pod more or less changes use by more
than the band is wide (from 69 to 61 it is an eighth), so there use lies below, and with less than one pod's work it is what it is.
Ten minutes after a pod was woken from none are start-up: requests that waited keep it fully busy until the others serve.
"""

import copy
import subprocess

import promql_parser
import pytest
import yaml

from infra.functions import ROOT
from infra.tests.kubernetes.day import arrivals
from infra.tests.kubernetes.scaler import STEP_S, Moment, Rules, rules, simulate, stretches
from infra.tests.kubernetes.sets import ONE, of_kind, rendered

TARGET, BAND = 65, 5
# GPUs that the evening's peak needs at the target.
PEAK = 24
START_S = 60
START_UP_MINUTES = 10
NAME = f"darkroom-{ONE}-gpu"
ENOUGH = {"gpu": {"max": 60}}


def scaled(over: dict) -> list[dict]:
    return rendered("gpu", over)


def a_day(by: Rules, gpu_s: float = 0.05) -> list[Moment]:
    return simulate(by, arrivals(PEAK * TARGET / 100 / gpu_s), gpu_s, START_S)


def outside(day: list[Moment], pods: int = 8) -> list[float]:
    """Use of those five minutes, of that many pods at least, in which it was outside the band."""
    use = [each.use for each in stretches(day, 5, START_UP_MINUTES) if each.pods >= pods]
    assert len(use) > 100
    return [each for each in use if abs(each - TARGET) > BAND]


# proves: D10
@pytest.mark.parametrize("gpu_s", [0.01, 0.05, 0.25])
def test_gpu_use_holds_its_band_over_a_day(gpu_s: float):
    """However long a picture takes: use follows from the GPUs' worth of work alone, and chance from the number of requests."""
    day = a_day(rules(scaled(ENOUGH), NAME), gpu_s)
    assert outside(day) == []
    held = sum(each.pods for each in day)
    assert abs(sum(each.use * each.pods for each in day) / held - TARGET) < 2
    came = sum(each.wanted for each in day) * STEP_S / gpu_s
    assert sum(each.refused for each in day) < 0.002 * came


def without_tolerance(objects: list[dict]) -> None:
    for each in of_kind(objects, "ScaledObject"):
        for rule in each["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"].values():
            rule.pop("tolerance", None)


@pytest.mark.parametrize(
    ("over", "change"),
    [
        ({"gpu": {"targetPercent": 75}}, None),
        ({"gpu": {"targetPercent": 55}}, None),
        ({"gpu": {"bandPercent": 9}}, None),
        ({"scaling": {"downAfterS": 1800}}, None),
        ({}, without_tolerance),
    ],
    ids=[
        "a higher target",
        "a lower target",
        "a wider band",
        "half an hour before a pod goes",
        "the cluster's own tolerance",
    ],
)
def test_other_numbers_do_not(over: dict, change):
    objects = copy.deepcopy(scaled({**over, "gpu": {**ENOUGH["gpu"], **over.get("gpu", {})}}))
    if change:
        change(objects)
    assert outside(a_day(rules(objects, NAME)))


def test_a_pod_is_woken_by_a_request_and_sleeps_again():
    by = rules(scaled(ENOUGH), NAME)
    quiet = [0] * (by.cooldown_s // STEP_S)
    day = simulate(by, [0, 0, 1, *quiet, *quiet, 0], 0.05, START_S)
    assert [each.pods for each in day[:4]] == [0, 0, 0, 1]
    served = next(number for number, each in enumerate(day) if each.use > 0)
    assert served == 2 + START_S // STEP_S
    assert day[served].waiting == 0 and sum(each.refused for each in day) == 0
    assert max(each.pods for each in day) == 1
    # One pod until the minute that Prometheus looks back on is over, and the cooldown after that.
    asleep = next(number for number, each in enumerate(day) if number > served and each.pods == 0)
    assert asleep - served == (by.average_s + by.cooldown_s) // STEP_S + 1


def test_without_the_interceptor_one_pod_stays():
    alone = {"interceptor": {"enabled": False}, "gpu": {"min": 1}, "cpu": {"min": 1}}
    by = rules(scaled(alone), NAME)
    assert (by.least, by.held) == (1, None)
    assert {each.pods for each in simulate(by, [0] * 200, 0.05, START_S)} == {1}


def test_places_on_cpus_are_held_to_the_same_target():
    for settings, cores, places in (({}, 2, 2), ({}, 0.5, 1), ({"INSTANCES": "3"}, 2, 3)):
        objects = scaled({"settings": settings, "cpu": {"cores": cores}})
        assert rules(objects, f"darkroom-{ONE}-cpu").target == pytest.approx(places * TARGET / 100)


def queries() -> dict[str, str]:
    return {
        each["metadata"]["name"]: each["spec"]["triggers"][0]["metadata"]["query"]
        for each in of_kind(scaled({}), "ScaledObject")
    }


def test_the_queries_are_promql():
    for query in queries().values():
        promql_parser.parse(query)
    with pytest.raises(ValueError):
        promql_parser.parse("sum(darkroom_sessions_busy{)")


def test_the_queries_count_the_functions_own_pods(tmp_path):
    """Prometheus itself adds up what it is asked for: two pods of this function, none of another, another flavour or another place."""
    gpu, cpu = queries()[NAME], queries()[f"darkroom-{ONE}-cpu"]
    use = 'DCGM_FI_DEV_GPU_UTIL{exported_namespace="%s",exported_pod="%s",namespace="gpu-operator",pod="dcgm"}'
    honoured = 'DCGM_FI_DEV_GPU_UTIL{namespace="%s",pod="%s"}'
    places = '%s{namespace="darkroom",service="%s",pod="%s"}'
    series = {
        use % ("darkroom", f"{NAME}-5d4f8b7c9-abcde"): 60,
        honoured % ("darkroom", f"{NAME}-5d4f8b7c9-fghij"): 40,
        use % ("darkroom", f"darkroom-{ONE}-gpu-next-5d4f8b7c9-abcde"): 7,
        use % ("darkroom", f"darkroom-other-{NAME}-5d4f8b7c9-abcde"): 7,
        use % ("elsewhere", f"{NAME}-5d4f8b7c9-abcde"): 7,
        honoured % ("elsewhere", f"{NAME}-5d4f8b7c9-abcde"): 7,
        places % ("darkroom_sessions_busy", f"darkroom-{ONE}-cpu", "a"): 2,
        places % ("darkroom_sessions_busy", f"darkroom-{ONE}-cpu", "b"): 1,
        places % ("darkroom_queue_waiting", f"darkroom-{ONE}-cpu", "a"): 3,
        places % ("darkroom_queue_waiting", f"darkroom-{ONE}-cpu", "b"): 0,
        places % ("darkroom_sessions_busy", f"darkroom-{ONE}-gpu", "a"): 7,
    }
    given = [{"series": name, "values": f"{value}x20"} for name, value in series.items()]
    asked = [
        {"expr": query, "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": value}]}
        for query, value in ((gpu, 100), (cpu, 6))
    ]
    test = {
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": given, "promql_expr_test": asked}],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    command = [ROOT / ".tools/prometheus/bin/promtool", "test", "rules", tmp_path / "test.yml"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
