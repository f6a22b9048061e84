"""The sittings of a training: where each began and ended, told in words and as the commands that make it again.

A sitting is {from: the file it began from or "", first: step, last: step, minutes: of the clock or None, seconds}.
"""

from pathlib import Path

from workshop import recipe as recipes


def begun(source: str, step: int, recipe: dict) -> dict:
    """A sitting that begins; `source`: FROM, below the repository told from there and elsewhere by its name alone."""
    path = Path(source)
    if path.is_absolute():
        path = path.relative_to(recipes.ROOT) if path.is_relative_to(recipes.ROOT) else Path(path.name)
    told = str(path) if source else ""
    return {"from": told, "first": step, "last": step, "minutes": recipe.get("minutes"), "seconds": 0}


def now(sitting: dict, step: int, seconds: float, recipe: dict) -> dict:
    """The sitting as it stands; one that its steps have ended has no minutes."""
    ended = step >= recipe["steps"]
    return sitting | {
        "last": step,
        "minutes": None if ended else sitting["minutes"],
        "seconds": round(seconds),
    }


def of(state: dict) -> list[dict]:
    """The sittings of a checkpoint; of one that does not tell them what its recipe says of the last (`first` None: unknown)."""
    if state.get("sittings"):
        return state["sittings"]
    recipe = state["recipe"]
    seconds = round(state.get("seconds") or 60 * recipe.get("minutes", 0))
    last = now(begun("", 0, recipe), state["step"], seconds, recipe)
    several = last["minutes"] and seconds > 60 * (1.2 * last["minutes"] + 1)
    return [last | {"first": None if several else 0}]


def minutes(sitting: dict) -> int:
    """Minutes by the clock, 0 where steps were counted; fewer than were asked for where it was stopped."""
    return min(sitting["minutes"], max(1, round(sitting["seconds"] / 60))) if sitting["minutes"] else 0


def words(given: list[dict]) -> str:
    """Such as "7,531 steps, then 9,000 more in 60 minutes by the clock"."""
    parts = [f"{given[0]['first']:,} steps"] if given[0]["first"] else []
    for sitting in given:
        clock = f" in {minutes(sitting)} minutes by the clock" if sitting["minutes"] else ""
        if sitting["first"] is None:
            parts.append(f"{sitting['last']:,} steps, the last of them{clock}")
            continue
        source = f" from `{sitting['from']}` on" if sitting["from"] else ""
        parts.append(f"{sitting['last'] - sitting['first']:,} {'more' if parts else 'steps'}{source}{clock}")
    return ", then ".join(parts)


def commands(name: str, given: list[dict]) -> str:
    """What trains it again, one `make train` a sitting; counted steps that a later sitting goes on with need none.

    Nothing where there are no sittings to tell of.
    """
    if not given:
        return ""
    before = given[0]["first"]  # steps of which no more is known
    lines, source = [f"make train NAME={name} STEPS={before}"] if before else [], ""
    for at, sitting in enumerate(given):
        source = source or sitting["from"]
        if not sitting["minutes"] and at + 1 < len(given):
            continue
        asked = {"FROM": source, "MINUTES": minutes(sitting)}
        if not sitting["minutes"] and sitting["last"] != recipes.load(name)["steps"]:
            asked["STEPS"] = sitting["last"]
        lines.append(" ".join([f"make train NAME={name}", *(f"{k}={v}" for k, v in asked.items() if v)]))
        source = ""
    return " && ".join(lines)
