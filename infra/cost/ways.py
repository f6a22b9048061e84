"""The arithmetic: every way to deploy one function, as dollars a month at so many pictures a day.

Lambda bills whole milliseconds. A month has 30 days. What grows with pictures is `each`, what is paid while nobody calls is `idle`. Neither logs, traffic nor storage of results are
in it: they are the same on every way.
"""

import math
from dataclasses import dataclass

from infra.cost.seconds import Timing
from infra.functions import Function

DAY_S = 24 * 3600
MONTH_S = 30 * DAY_S
# Memory that buys one processor in Lambda, MB, and the most processors.
CPU_MB, MOST_CPUS = 1769, 6
FREE_STORAGE_MB = 512


@dataclass(frozen=True)
class Way:
    """One way: its name, seconds a picture (none: not measured there), dollars a picture, and a month without any.

    `machine`: paid by the month whatever it does, so that more pictures than it computes in a day need another one.
    """

    name: str
    seconds: float | None
    each: float | None
    idle: float
    machine: bool = False

    def month(self, pictures: int) -> float | None:
        """Dollars for 30 days of so many pictures a day; none where the seconds are not known."""
        if self.each is None:
            return None
        machines = max(1, math.ceil(pictures * self.seconds / DAY_S)) if self.machine else 1
        return machines * self.idle + self.each * pictures * 30


def in_lambda(timing: Timing, memory_mb: int) -> float:
    """Seconds with Lambda's processors instead of those of the measurement, never fewer than were measured.

    Work shared by all cores takes longer in proportion with fewer of them; what more of them would save is not claimed.
    """
    cpus = min(memory_mb / CPU_MB, MOST_CPUS)
    return timing.seconds * max(1.0, timing.cores / cpus)


def cpu(function: Function, timings: dict[str, Timing], prices: dict) -> list[Way]:
    """Lambda on processors: int8, float, and the quicker file with SnapStart and with provisioned concurrency."""
    price, assumed = prices["lambda"], prices["assumed"]
    memory = function.memory_mb / 1024
    storage = max(0, function.storage_mb - FREE_STORAGE_MB) / 1024 * price["storage_gb_second"]

    def run(seconds: float, rate: float) -> float:
        return math.ceil(seconds * 1000) / 1000 * (memory * rate + storage) + price["request"]

    took = {precision: in_lambda(timing, function.memory_mb) for precision, timing in timings.items()}
    plain = {precision: run(seconds, price["gb_second"]) for precision, seconds in took.items()}
    best = min(took, key=took.get)
    snapshot = memory * price["snapshot_gb_second"] * MONTH_S * assumed["versions"]
    restores = assumed["cold_share"] * memory * price["restore_gb"]
    kept = assumed["provisioned"] * memory * price["provisioned_gb_second"] * MONTH_S
    ways = [Way(f"Lambda, CPU, {precision}", took[precision], plain[precision], 0.0) for precision in took]
    ways.append(Way(f"the same, {best}, SnapStart", took[best], plain[best] + restores, snapshot))
    warm = run(took[best], price["provisioned_run_gb_second"])
    return [*ways, Way(f"the same, {best}, {assumed['provisioned']} provisioned", took[best], warm, kept)]


def gpu(seconds: dict[str, float | None], prices: dict) -> list[Way]:
    """The three ways with a GPU; `seconds` by the price table whose device they were measured on."""
    managed, run, rented = prices["managed"], prices["cloud_run"], prices["rented"]
    use = prices["assumed"]["use"]
    second = run["gpu_second"] + run["cpus"] * run["cpu_second"] + run["gib"] * run["gib_second"]

    def each(table: str, rate: float, request: float = 0.0) -> float | None:
        return None if seconds[table] is None else seconds[table] / use * rate + request

    hourly = managed["hour"] * (1 + managed["fee"]) / 3600
    always = None if seconds["rented"] is None else 0.0
    return [
        Way(
            f"Lambda Managed Instances, {managed['device']}",
            seconds["managed"],
            each("managed", hourly, prices["lambda"]["request"]),
            0.0,
        ),
        Way(f"Cloud Run, {run['device']}", seconds["cloud_run"], each("cloud_run", second), 0.0),
        Way(
            f"rented by the hour, {rented['device']}",
            seconds["rented"],
            always,
            rented["hour"] * MONTH_S / 3600,
            machine=True,
        ),
    ]
