"""`make features`: which tests and commands prove which feature.

A test names the features it proves in a comment, `proves: K01, E03`, in Rust, Python or the Makefile; this lists them by
id with the test or command that follows.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ["common", "functions", "tests", "models/workshop", "Makefile"]
CLAIM = re.compile(r"(?://[/!]?|#|\"\"\").*?\bproves: ((?:[A-Z]\d\d(?:, *| and )?)+)")
# What a claim is about: the next function or make target, on the claim's line or below it.
NAMES = [re.compile(r"\bfn (\w+)"), re.compile(r"\bdef (\w+)"), re.compile(r"^([a-z-]+):")]


def main() -> int:
    proofs = defaultdict(list)
    for path in files():
        lines = path.read_text(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if claim := CLAIM.search(line):
                proof = f"{path.relative_to(ROOT)}: {subject(lines[number:]) or 'the whole file'}"
                for feature in re.findall(r"[A-Z]\d\d", claim[1]):
                    proofs[feature].append(proof)
    for feature in sorted(proofs):
        first, *others = sorted(set(proofs[feature]))
        print(f"{feature}  {first}")
        for other in others:
            print(f"     {other}")
    print(f"{len(proofs)} features have a proof")
    return 0


def files() -> list[Path]:
    found = []
    for place in PLACES:
        path = ROOT / place
        found += [path] if path.is_file() else sorted([*path.rglob("*.rs"), *path.rglob("*.py")])
    return found


def subject(lines: list[str]) -> str | None:
    """The test or target that follows within a few lines; a claim at the top of a file stands for all of it."""
    for line in lines[:8]:
        for name in NAMES:
            if found := name.search(line):
                return found[1]
    return None


if __name__ == "__main__":
    sys.exit(main())
