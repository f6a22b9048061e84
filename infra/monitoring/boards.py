"""`make boards`: everything that Prometheus and Grafana read, as plain files.

python -m infra.monitoring.boards [--price DOLLARS_PER_HOUR] [--out out/monitoring]

OUT/prometheus.yml        what is scraped; the addresses stand in OUT/targets/*.json
OUT/rules/*.yml           recording rules, alerts, and the inputs made of the manifests
OUT/boards/*.json         Grafana's boards; the data source is a variable of the board
OUT/kubernetes.yaml       rules and boards as objects for a cluster
"""

import argparse
import shutil
import sys
from pathlib import Path

import yaml
from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

from infra.functions import ROOT, Function, Wrong, functions
from infra.monitoring import inputs, kubernetes
from infra.monitoring.panels import BOARDS, Board, Panel

HERE = Path(__file__).resolve().parent
OUT = ROOT / "out" / "monitoring"
# The columns of a board are 24; three panels stand side by side.
WIDTH, HEIGHT = 8, 8
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="boards")
    parser.add_argument("--price", type=float, help="dollars an hour of one process; unset: that of infra/cost")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args(arguments)
    try:
        written = write(functions(), chosen.price, chosen.out)
    except (Wrong, OSError) as error:
        print(f"boards: {error}", file=sys.stderr)
        return 1
    print("\n".join(str(path) for path in written))
    return 0


def write(found: list[Function], price: float | None, out: Path) -> list[Path]:
    """Writes all files anew; gives their paths."""
    rules = {path.name: path.read_text() for path in sorted((HERE / "rules").glob("*.yml"))}
    rules["inputs.yml"] = yaml.safe_dump(inputs.rules(found, price), sort_keys=False)
    finished = {f"{board.uid}.json": text(board) for board in BOARDS}
    texts = {f"rules/{name}": content for name, content in rules.items()}
    texts |= {f"boards/{name}": content for name, content in finished.items()}
    texts["prometheus.yml"] = (HERE / "prometheus.yml").read_text()
    texts["kubernetes.yaml"] = yaml.safe_dump_all(kubernetes.objects(rules, finished), sort_keys=False)
    for folder in ("rules", "boards"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    for name, content in texts.items():
        (out / name).write_text(content)
    return [out / name for name in texts]


def text(board: Board) -> str:
    """A board as Grafana reads it."""
    return JSONEncoder(sort_keys=True, indent=1).encode(built(board)) + "\n"


def built(board: Board) -> dashboard.Dashboard:
    whole = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags(["darkroom"])
        .refresh("30s")
        .time("now-3h", "now")
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("function")
            .label("Function")
            .datasource(SOURCE)
            .query("label_values(darkroom_queue_waiting, function)")
            .multi(True)
            .include_all(True)
            .all_value(".+")
        )
    )
    number = 0
    for row in board.rows:
        number += 1
        whole.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            whole.with_panel(drawn(panel).id(number))
    return whole.build()


def drawn(panel: Panel) -> timeseries.Panel:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
    whole = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.text)
        .datasource(SOURCE)
        .unit(panel.unit)
        .min(0)
        .span(WIDTH)
        .height(HEIGHT)
        .legend(legend)
    )
    for place, query in enumerate(panel.queries):
        words = [*(f"{{{{{label}}}}}" for label in query.labels), *([query.name] if panel.queries[1:] else [])]
        target = (
            prometheus.Dataquery().expr(query.expression).legend_format(" ".join(words)).ref_id(chr(ord("A") + place))
        )
        whole.with_target(target.datasource(SOURCE))
    steps = marks(panel)
    if steps:
        whole.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        style = GraphThresholdsStyleMode.AREA if panel.band else GraphThresholdsStyleMode.LINE
        whole.thresholds_style(GraphThresholdsStyleConfig().mode(style))
    return whole


def marks(panel: Panel) -> list[Threshold]:
    """Where the background of a panel changes its colour."""
    steps = [Threshold(value=None, color="transparent")]
    if panel.band:
        low, high = panel.band
        steps += [Threshold(value=low, color="green"), Threshold(value=high, color="transparent")]
    if panel.limit is not None:
        steps.append(Threshold(value=panel.limit, color="red"))
    return steps if steps[1:] else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
