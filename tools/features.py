"""`make features`: which test or command proves which feature; fails for one that has none.

    python3 tools/features.py [ID...]

A test names the features it proves in a comment, `proves: K01, E03`, in Rust, Python, TypeScript or the Makefile. Every id of
tools/features.txt gets one line: the first test or command that claims it, and how many others do; named ids get them
all. What parts of the work build that are still to come is listed as theirs.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tools" / "features.txt"
PLACES = ["cli", "common", "functions", "hook", "infra", "tests", "tools", "models/workshop", "Makefile"]
KINDS = ["*.rs", "*.py", "*.ts"]
BUILT = 6  # the parts up to this one are done: each of their features has a proof
ENTRY = re.compile(r"([A-Z]\d\d) +([\d,]+) +(.+)")
CLAIM = re.compile(r"(?://[/!]?|#|\"\"\").*?\bproves: ((?:[A-Z]\d\d(?:, *| and )?)+)")
# What a claim is about: the next function or make target, on the claim's line or below it.
NAMES = [re.compile(words) for words in (r"\bfn (\w+)", r"\bdef (\w+)", r"\btest\(\"([^\"]+)\"", r"^([a-z-]+):")]


def main(named: list[str]) -> int:
    features = {m[1]: ([int(part) for part in m[2].split(",")], m[3]) for m in map(ENTRY.match, lines(LIST)) if m}
    proofs = claims()
    if named:
        for feature in named:
            print(f"{feature}  {features[feature][1] if feature in features else 'no such feature'}")
            print("\n".join(f"     {proof}" for proof in proofs.get(feature, ["no proof"])))
        return int(any(feature not in proofs or feature not in features for feature in named))
    for feature, (parts, what) in features.items():
        print(f"{feature}  {line(proofs.get(feature, []), parts, what)}")
    due = [feature for feature, (parts, _) in features.items() if min(parts) <= BUILT]
    missing = [feature for feature in due if feature not in proofs]
    unknown = sorted(proofs.keys() - features.keys())
    later = len(features) - len(due)
    print(
        f"{len(due) - len(missing)} of {len(due)} features of parts 1 to {BUILT} have a proof; {later} are of later parts"
    )
    if missing:
        print(f"features: no test or command claims {', '.join(missing)}", file=sys.stderr)
    if unknown:
        print(f"features: claimed, but not in {LIST.name}: {', '.join(unknown)}", file=sys.stderr)
    return int(bool(missing or unknown))


def line(found: list[str], parts: list[int], what: str) -> str:
    """What stands beside an id."""
    later = ", ".join(str(part) for part in parts if part > BUILT)
    if not found:
        return f"part {later}: {what}" if min(parts) > BUILT else f"NO PROOF: {what}"
    return (
        found[0] + (f" (and {len(found) - 1} more)" if found[1:] else "") + (f"; more in part {later}" if later else "")
    )


def claims() -> dict[str, list[str]]:
    """Proofs by id."""
    proofs = defaultdict(set)
    for path in files():
        text = lines(path)
        for number, this in enumerate(text):
            if claim := CLAIM.search(this):
                proof = f"{path.relative_to(ROOT)}: {subject(text[number:]) or 'the whole file'}"
                for feature in re.findall(r"[A-Z]\d\d", claim[1]):
                    proofs[feature].add(proof)
    return {feature: sorted(found) for feature, found in proofs.items()}


def lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def files() -> list[Path]:
    found = []
    for place in PLACES:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(each for kind in KINDS for each in path.rglob(kind))
    return [path for path in found if "node_modules" not in path.parts]


def subject(text: list[str]) -> str | None:
    """The test or target that follows within a few lines; a claim at the top of a file stands for all of it."""
    for this in text[:8]:
        for name in NAMES:
            if found := name.search(this):
                return found[1]
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
