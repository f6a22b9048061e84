"""What the rules must know of each function: memory, deadline, the probe's bound; and what an hour of a process costs.

Each becomes a series of one value with the label `function`, in rules/inputs.yml, so that no rule names a function.
"""

import tomllib

from infra.functions import ROOT, Function, Wrong

# The least likeness of the 8-bit network's answer to the full-precision one's, dB; today's networks reach 33 to 55, and
# 100 is told of equal answers.
PROBE_BOUND_DB = 25.0
PRICES = ROOT / "infra" / "cost" / "prices.toml"


def rules(functions: list[Function], dollars_per_hour: float | None) -> dict:
    """A file of rules as Prometheus reads it. `dollars_per_hour`: of one process; none: as the list of prices says."""
    price = rented() if dollars_per_hour is None else dollars_per_hour
    if not price >= 0:
        raise Wrong(f"price {price}: give dollars an hour, 0 or more")
    each = [(function.name, *constant) for function in functions for constant in constants(function)]
    constants_of_all = [constant(record, value, {"function": name}) for name, record, value in each]
    price_of_all = constant("darkroom_price_dollars_per_hour", price, {})
    return {"groups": [{"name": "darkroom-inputs", "rules": [*constants_of_all, price_of_all]}]}


def constants(function: Function) -> list[tuple[str, float]]:
    found = [
        ("darkroom_memory_limit_bytes", function.memory_mb << 20),
        ("darkroom_deadline_seconds", function.picture_s),
    ]
    if function.has_model:
        found.append(("darkroom_probe_bound_db", PROBE_BOUND_DB))
    return found


def constant(record: str, value: float, labels: dict[str, str]) -> dict:
    return {"record": record, "expr": f"vector({value})", **({"labels": labels} if labels else {})}


def rented() -> float:
    return tomllib.loads(PRICES.read_text())["rented"]["hour"]
