"""A day of requests, made, not recorded: no public record of a picture service's requests is at hand.

Its shape is that of people in one time zone: nothing but a few stray requests from two to five, a climb to noon, a dip at lunch, the
peak in the evening; over it a slow random walk, two rushes (a link goes round), and arrivals by chance (Poisson). The same every time.
"""

import math
import random

from infra.tests.kubernetes.scaler import STEP_S

# Hour of the day and share of the peak; between them a straight line.
SHAPE = [
    (0, 0.35),
    (1.5, 0.12),
    (2, 0),
    (5, 0),
    (5.5, 0.06),
    (8, 0.45),
    (11, 0.85),
    (12.5, 0.7),
    (15, 0.8),
    (18, 0.75),
    (21, 1),
    (23, 0.6),
    (24, 0.35),
]
STRAY_A_STEP = 0.02
# Begin (hour), length (hours) and height (of the peak) of a rush, which comes and goes within its first and last quarter.
RUSHES = [(9.5, 1.5, 0.3), (16.25, 1.0, 0.4)]


def arrivals(peak_a_second: float, seed: int = 14) -> list[int]:
    """Requests in each step of a day whose evening has `peak_a_second`."""
    chance = random.Random(seed)
    drift, found = 0.0, []
    for number in range(24 * 3600 // STEP_S):
        hour = number * STEP_S / 3600
        # Forgets itself within an hour, and strays 5% from the shape.
        drift += -drift * STEP_S / 3600 + chance.gauss(0, 0.05 * math.sqrt(2 * STEP_S / 3600))
        share = max(0.0, shape(hour) + sum(rush(hour, *each) for each in RUSHES)) * (1 + drift)
        found.append(poisson(chance, share * peak_a_second * STEP_S or STRAY_A_STEP))
    return found


def shape(hour: float) -> float:
    (before, low), (after, high) = next((a, b) for a, b in zip(SHAPE, SHAPE[1:], strict=False) if a[0] <= hour < b[0])
    return low + (high - low) * (hour - before) / (after - before)


def rush(hour: float, begin: float, length: float, height: float) -> float:
    through = (hour - begin) / length
    return height * max(0.0, min(1.0, 4 * through, 4 * (1 - through)))


def poisson(chance: random.Random, mean: float) -> int:
    """By counting for small means, by the normal distribution for large ones, where both agree."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
