"""What KEDA and the Horizontal Pod Autoscaler do with a ScaledObject over a day of requests, by their documented algorithms.

Sources: kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale ("Algorithm details", "Configurable scaling
behavior", "Tolerance"); pkg/controller/podautoscaler of Kubernetes for external metrics by average value: the tolerance is on
metric / (target x pods), the pods are ceil(metric / target), the most that any metric asks for; keda.sh/docs/latest/concepts/scaling-deployments for waking
and cooling down. Not in it: nodes that must come first, pods that fail, and more than one picture on a GPU at a time.
"""

import math
import re
from collections import deque
from dataclasses import dataclass

from infra.tests.kubernetes.sets import of_kind

# Seconds between two looks of the autoscaler, and of Prometheus at the GPUs: the time of everything here.
STEP_S = 15
# What the cluster does where a ScaledObject says nothing: tolerance, windows, and how fast pods may come.
TOLERANCE = 0.1
DOWN_WINDOW_S = 300
MOST_UP = (2.0, 4)


@dataclass(frozen=True)
class Rules:
    """One flavour's scaling as the manifests say it; seconds, percent, pods, and requests that one pod may hold."""

    target: float
    up_tolerance: float
    down_tolerance: float
    down_window_s: int
    average_s: int
    cooldown_s: int
    least: int
    most: int
    held: int | None


@dataclass(frozen=True)
class Moment:
    """One step: GPUs' worth of work that came, pods that hold a GPU, those of them that serve, their use in percent of all that are
    held, requests that wait, and those that were refused."""

    wanted: float
    pods: int
    ready: int
    use: float
    waiting: float
    refused: float


def rules(objects: list[dict], name: str) -> Rules:
    """Reads the ScaledObject (and its InterceptorRoute) of that name."""
    spec = next(each["spec"] for each in of_kind(objects, "ScaledObject") if each["metadata"]["name"] == name)
    routes = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "InterceptorRoute")}
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    up, down = behavior.get("scaleUp", {}), behavior.get("scaleDown", {})
    trigger = spec["triggers"][0]
    assert trigger["metricType"] == "AverageValue"
    return Rules(
        target=float(trigger["metadata"]["threshold"]),
        up_tolerance=float(up.get("tolerance", TOLERANCE)),
        down_tolerance=float(down.get("tolerance", TOLERANCE)),
        down_window_s=down.get("stabilizationWindowSeconds", DOWN_WINDOW_S),
        average_s=60 * int(re.search(r"\[(\d+)m\]", trigger["metadata"]["query"])[1]),
        cooldown_s=spec["cooldownPeriod"],
        least=spec["minReplicaCount"],
        most=spec["maxReplicaCount"],
        held=routes[name]["scalingMetric"]["concurrency"]["targetValue"] if name in routes else None,
    )


def proposed(by: Rules, pods: int, metric: float, target: float) -> int:
    """How many pods one metric, summed over all pods, asks for."""
    ratio = metric / (target * pods)
    if 1 - by.down_tolerance <= ratio <= 1 + by.up_tolerance:
        return pods
    return math.ceil(metric / target)


def simulate(by: Rules, arrivals: list[int], gpu_s: float, start_s: int, queue: int = 34) -> list[Moment]:
    """A day. `arrivals` are requests a step, each of which takes `gpu_s` of a GPU; a pod serves `start_s` after it was asked for, and
    keeps `queue` requests waiting; more are refused. The interceptor holds all of them while no pod serves."""
    pods, starts, backlog, idle_s = by.least, deque([0] * by.least), 0.0, 0
    seen = deque(maxlen=max(1, by.average_s // STEP_S))
    asked: deque[tuple[int, int]] = deque()
    day = []
    for number, came in enumerate(arrivals):
        now = number * STEP_S
        ready = sum(at <= now for at in starts)
        work = backlog + came * gpu_s
        done = min(work, ready * STEP_S)
        room = ready * queue * gpu_s if ready else math.inf
        backlog = min(work - done, room)
        refused = (work - done - backlog) / gpu_s
        use = 100 * done / STEP_S / pods if pods else 0.0
        day.append(Moment(came * gpu_s / STEP_S, pods, ready, use, backlog / gpu_s, refused))
        # Prometheus tells of the steps before this one.
        metric = sum(seen) / len(seen) if seen else 0
        seen.append(100 * done / STEP_S)
        open_requests = (backlog + done / STEP_S * gpu_s) / gpu_s
        idle_s = 0 if metric > 0 or open_requests > 0 else idle_s + STEP_S
        if pods == 0:
            wish = max(1, by.least) if open_requests > 0 and by.held else 0
        elif by.least == 0 and idle_s >= by.cooldown_s:
            wish = 0
        else:
            wish = autoscaled(by, pods, metric, open_requests, asked, now)
        while len(starts) < wish:
            starts.append(now + start_s)
        while len(starts) > wish:
            starts.pop()
        pods = wish
    return day


def autoscaled(by: Rules, pods: int, metric: float, open_requests: float, asked: deque, now: int) -> int:
    """How many pods the autoscaler wants; `asked` is what it wanted before, with its times."""
    wish = proposed(by, pods, metric, by.target)
    if by.held:
        wish = max(wish, proposed(by, pods, open_requests, by.held))
    asked.append((now, wish))
    while asked[0][0] <= now - by.down_window_s:
        asked.popleft()
    if wish < pods:
        wish = min(pods, max(each for _, each in asked))
    factor, more = MOST_UP
    return max(1, by.least, min(wish, by.most, max(math.floor(factor * pods), pods + more)))


@dataclass(frozen=True)
class Stretch:
    """Some minutes: the mean of the pods, and of their use in percent of all GPUs that they held."""

    pods: float
    use: float


def stretches(day: list[Moment], minutes: int, start_up_minutes: int) -> list[Stretch]:
    """The day in pieces, without those that begin while no pod serves or so many minutes after."""
    size, apart, last = minutes * 60 // STEP_S, start_up_minutes * 60 // STEP_S, -math.inf
    found = []
    for begin in range(0, len(day) - size + 1, size):
        part = day[begin : begin + size]
        last = max([last, *(begin + number for number, each in enumerate(part) if each.ready == 0)])
        if begin - last >= apart:
            held = sum(each.pods for each in part)
            found.append(Stretch(held / size, sum(each.use * each.pods for each in part) / held))
    return found
