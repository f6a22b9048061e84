"""`make cost`: the arithmetic by hand, prices that say where they are from, and nothing that was not measured."""

import datetime
import json
import tomllib

import pytest

from infra.cost import __main__ as cost
from infra.cost import seconds, ways
from infra.cost.seconds import Timing
from infra.functions import functions

PRICES = {
    "lambda": {
        "gb_second": 0.00002,
        "request": 0.0000002,
        "storage_gb_second": 0.0,
        "snapshot_gb_second": 0.000001,
        "restore_gb": 0.0001,
        "provisioned_gb_second": 0.000004,
        "provisioned_run_gb_second": 0.00001,
    },
    "managed": {"device": "A10G", "hour": 1.0, "fee": 0.15},
    "cloud_run": {
        "device": "L4",
        "gpu_second": 0.0002,
        "cpu_second": 0.00002,
        "cpus": 4,
        "gib_second": 0.000002,
        "gib": 16,
    },
    "rented": {"device": "L4", "hour": 0.5},
    "assumed": {"cold_share": 0.01, "versions": 2, "provisioned": 1, "use": 0.5},
}


@pytest.fixture(scope="module")
def function():
    """One of 2 GB with both files, whatever it is called."""
    return next(
        each for each in functions(variants="") if each.has_model and each.memory_mb == 2048 and each.storage_mb == 512
    )


# proves: B13, S16
def test_each_way_by_hand(function):
    # Two cores measured, 2048 / 1769 of one bought: 0.1 s become 0.1728 s, and Lambda bills 0.173 of them.
    timings = {"int8": Timing(0.1, 2, ""), "float": Timing(0.4, 2, "")}
    int8, floats, snapshot, warm = ways.cpu(function, timings, PRICES)
    assert int8.seconds == pytest.approx(0.2 / (2048 / 1769))
    assert int8.each == pytest.approx(0.173 * 2 * 0.00002 + 0.0000002) and int8.idle == 0
    assert floats.each == pytest.approx(0.692 * 2 * 0.00002 + 0.0000002, rel=1e-3)
    assert snapshot.each == pytest.approx(int8.each + 0.01 * 2 * 0.0001) and snapshot.idle == pytest.approx(
        2 * 0.000001 * 2_592_000 * 2
    )
    assert warm.each == pytest.approx(0.173 * 2 * 0.00001 + 0.0000002) and warm.idle == pytest.approx(
        2 * 0.000004 * 2_592_000
    )
    assert int8.month(1000) == pytest.approx(30_000 * int8.each)

    managed, run, rented = ways.gpu({"managed": 0.02, "cloud_run": 0.01, "rented": 0.01}, PRICES)
    assert managed.each == pytest.approx(0.04 * 1.15 / 3600 + 0.0000002) and managed.idle == 0
    assert run.each == pytest.approx(0.02 * (0.0002 + 4 * 0.00002 + 16 * 0.000002)) and run.idle == 0
    # One machine computes 8.64 million pictures of 0.01 s in a day.
    assert (rented.month(1000), rented.month(8_640_001)) == (360.0, 720.0)


def test_what_more_processors_would_save_is_not_claimed(function):
    assert ways.in_lambda(Timing(0.3, 1, ""), function.memory_mb) == 0.3


# proves: B13
def test_a_gpu_that_nobody_measured_is_not_guessed(function, tmp_path):
    table = cost.table(ways.gpu(dict.fromkeys(cost.GPUS), PRICES), 1000)
    assert [line.count("not measured") for line in table[1:]] == [1, 1, 1]
    path = tmp_path / "measured.toml"
    path.write_text(f'[{function.name}.L4]\nseconds = 0.012\ndate = 2026-12-24\ncommand = "c"\n')
    assert seconds.on_gpu(function, "L4", path) == 0.012
    assert seconds.on_gpu(function, "A10G", path) is None


def test_the_bench_of_this_machine_goes_before_the_manifests(function, tmp_path):
    bench = {
        "machine": {"cpu": "a processor", "cores": 4, "date": "2026-12-01"},
        "functions": {function.name: {"seconds": {"640x480": {"http": {"p50": 0.05}, "http float": {"p50": 0.2}}}}},
    }
    path = tmp_path / "bench.json"
    assert seconds.on_cpu(function, path)["int8"].origin.startswith("manifest")
    path.write_text(json.dumps(bench))
    origin = "bench of 2026-12-01, a processor"
    assert seconds.on_cpu(function, path) == {"int8": Timing(0.05, 4, origin), "float": Timing(0.2, 4, origin)}


def test_every_price_has_its_source_and_date(tmp_path, capsys):
    prices = tomllib.loads(cost.PRICES.read_text())
    assert cost.read(cost.PRICES) == prices
    for name, table in prices.items():
        if name != "assumed":
            assert isinstance(table["date"], datetime.date) and table["source"].startswith("https://")
    bare = tmp_path / "prices.toml"
    bare.write_text(cost.PRICES.read_text().replace("date = ", "day = ", 1))
    with pytest.raises(cost.Wrong, match=r"prices.toml: \[lambda\] needs its source and date"):
        cost.read(bare)


def test_the_command_tells_every_function_and_where_its_figures_are_from(capsys):
    assert cost.main(["--pictures", "500"]) == 0
    out = capsys.readouterr().out
    for each in functions(variants=""):
        assert (f"\n{each.name}: {each.memory_mb} MB" in out) is each.has_model
    assert "500 pictures a day" in out and "prices of lambda: https://" in out
    for words, says in (
        (["--pictures", "0"], "cost: 0 pictures a day; at least 1\n"),
        (["nope"], "cost: no function with a model is called nope"),
    ):
        assert cost.main(words) == 1
        assert capsys.readouterr().err.startswith(says)
