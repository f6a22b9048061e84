"""The same as objects for a cluster: rules for the Prometheus operator, boards for the sidecar of Grafana's chart."""

import yaml

LABELS = {"app.kubernetes.io/name": "darkroom"}


def objects(rules: dict[str, str], boards: dict[str, str]) -> list[dict]:
    """`rules` and `boards` are texts by the names of their files."""
    groups = [group for text in rules.values() for group in yaml.safe_load(text)["groups"]]
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "darkroom", "labels": LABELS},
            "spec": {"groups": groups},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            # By this label the sidecar finds boards.
            "metadata": {"name": "darkroom-boards", "labels": {**LABELS, "grafana_dashboard": "1"}},
            "data": boards,
        },
    ]
