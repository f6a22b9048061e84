"""`make watch-local`: local functions into a real Prometheus; each panel's and each rule's query must return data.

    python -m infra.monitoring.watch [--check] [--price DOLLARS_PER_HOUR]

Every function of target/release serves on a free port, gets pictures, and is scraped each second. The GPU series are
replayed from gpu.csv and marked so. Prints how many queries return data, writes out/monitoring/report.md, and stays for
looking until Ctrl-C; with --check it ends. Exit code 1 and one line for each query that returns none.
"""

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from bench import servers
from infra.functions import ROOT, Function, Wrong, functions
from infra.monitoring import boards, gpu, queries, report
from infra.monitoring.load import Load
from infra.monitoring.panels import BOARDS, Query
from infra.monitoring.prometheus import HOME, Prometheus

# What takes longest is a rate of every variant: each needs two scrapes that differ.
PATIENCE_SECONDS = 240
SETTINGS = {"PORT": "0", "PROBE_EVERY_S": "5", "LOG": "info"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="watch-local")
    parser.add_argument("--check", action="store_true", help="end once every query has returned data")
    parser.add_argument("--price", type=float, help="dollars an hour of one process; unset: that of infra/cost")
    chosen = parser.parse_args(arguments)
    # An end from outside unwinds like any other, so that nothing is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("watch-local: stopped"))
    try:
        return watch(functions(), chosen.price, chosen.check)
    except (Wrong, OSError) as error:
        print(f"watch-local: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def watch(found: list[Function], price: float | None, check: bool) -> int:
    with running(found, price) as (prometheus, load):
        print(f"{len(found)} functions serve; Prometheus: {prometheus.address}", flush=True)
        lacking = wait_for_data(prometheus, found)
        tell(prometheus, found, load)
        for query, why in lacking.items():
            print(f"watch-local: {query}: {why}", file=sys.stderr)
        if not check:
            print("Ctrl-C stops all.", flush=True)
            threading.Event().wait()
    return int(bool(lacking))


@contextmanager
def running(found: list[Function], price: float | None) -> Iterator[tuple[Prometheus, Load]]:
    """Everything, until left: the functions, who asks them, and who watches."""
    need([servers.RELEASE / function.name for function in found], "make build")
    need([HOME / "bin/prometheus"], "python3 tools/fetch.py prometheus")
    boards.write(found, price, boards.OUT)
    with ExitStack() as stack:
        addresses = {function.name: stack.enter_context(started(function, stack)).address for function in found}
        replay = stack.enter_context(gpu.Replay([function.name for function in found if function.has_model]))
        configuration = configure(addresses, replay.address)
        prometheus = stack.enter_context(Prometheus(configuration, servers.free_port()))
        yield prometheus, stack.enter_context(Load(found, addresses))


def need(programs: list[Path], command: str) -> None:
    for program in programs:
        if not program.is_file():
            raise Wrong(f"{program.relative_to(ROOT)} is not there; `{command}` makes it")


def started(function: Function, stack: ExitStack) -> servers.Server:
    store = stack.enter_context(tempfile.TemporaryDirectory(prefix="darkroom-store-"))
    try:
        return servers.Server([servers.RELEASE / function.name], {**SETTINGS, "STORE": store}, servers.ready_line)
    except RuntimeError as error:
        raise Wrong(f"{function.name}: {error}; its own words stand above") from None


def configure(addresses: dict[str, str], replay: str) -> Path:
    """The scrape configuration of the boards, in seconds instead of quarters of a minute."""
    targets = boards.OUT / "targets"
    targets.mkdir(parents=True, exist_ok=True)
    each = [
        {"targets": [url.removeprefix("http://")], "labels": {"function": name, **gpu.place(name)}}
        for name, url in addresses.items()
    ]
    (targets / "functions.json").write_text(json.dumps(each, indent=1))
    (targets / "dcgm.json").write_text(json.dumps([{"targets": [replay], "labels": {"recorded": "true"}}], indent=1))
    configuration = yaml.safe_load((boards.OUT / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    path = boards.OUT / "prometheus-local.yml"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False))
    return path


def questions(prometheus: Prometheus) -> dict[str, str]:
    """Every query that must return data, with where it stands."""
    found = {
        queries.asked(query.expression): f"board {board.title}, panel {panel.title}"
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    }
    for group in prometheus.ask("rules")["groups"]:
        for rule in group["rules"]:
            where = f"{rule['type']} rule {rule['name']}"
            asked = queries.measured(rule["query"]) if rule["type"] == "alerting" else [rule["query"], rule["name"]]
            found |= dict.fromkeys(asked, where)
    return found


def wait_for_data(prometheus: Prometheus, found: list[Function]) -> dict[str, str]:
    """Asks until all return data; gives what still returns none, or not for every function, when patience is over."""
    open_ones, until = questions(prometheus), time.monotonic() + PATIENCE_SECONDS
    modelled = {function.name for function in found if function.has_model}
    total, why = len(open_ones), {}
    while open_ones and time.monotonic() < until:
        why = {query: lacks(prometheus, query, modelled) for query in open_ones}
        open_ones = {query: where for query, where in open_ones.items() if why[query]}
        # A scrape and an evaluation later there may be more.
        time.sleep(1 if open_ones else 0)
    panels = sum(len(board.panels) for board in BOARDS)
    print(f"{total - len(open_ones)} of {total} queries of {panels} panels and all rules return data", flush=True)
    return {query: f"{where}: {why[query]}" for query, where in open_ones.items()}


def lacks(prometheus: Prometheus, query: str, modelled: set[str]) -> str:
    """What a query's answer lacks; nothing where it is whole."""
    samples = prometheus.query(query)
    if not samples:
        return "returns no data"
    told = {labels["function"] for labels, _ in samples if "function" in labels}
    missing = sorted(modelled - told) if told else []
    return f"returns no data of {', '.join(missing)}" if missing else ""


def tell(prometheus: Prometheus, found: list[Function], load: Load) -> None:
    samples: dict[Query, report.Samples] = {
        query: prometheus.query(queries.asked(query.expression))
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    }
    about = (
        f"{time.strftime('%Y-%m-%d %H:%M')}: {len(found)} functions on this machine, after {load.asked} requests; "
        "figures of the last minute, shares and costs of the last five. Those of GPUs are replayed from a file."
    )
    path = boards.OUT / "report.md"
    path.write_text(report.text(BOARDS, samples, about))
    firing = {labels["alertname"] for labels, _ in prometheus.query('ALERTS{alertstate="firing"}')}
    print(f"alerts that fire: {', '.join(sorted(firing)) or 'none'}")
    print(f"report: {path}\nboards: {boards.OUT / 'boards'} (Grafana: Dashboards, New, Import)", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
