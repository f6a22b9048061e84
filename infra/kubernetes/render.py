"""Renders the chart to plain manifests: out/kubernetes/manifests.yaml.

    python -m infra.kubernetes.render [VALUES.yaml...]

The functions come from out/kubernetes/values.yaml, which `make kubernetes-values` writes; files named here go over it.
What Helm finds wrong is one line on stderr and exit code 1.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from infra.functions import ROOT, Wrong

CHART = ROOT / "infra/kubernetes/darkroom"
HELM = ROOT / ".tools/helm"
OUT = ROOT / "out/kubernetes"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kubernetes", description=__doc__.splitlines()[0])
    parser.add_argument("values", nargs="*", type=Path)
    given = parser.parse_args(arguments)
    try:
        text = render([OUT / "values.yaml", *given.values])
    except Wrong as error:
        print(f"kubernetes: {error}", file=sys.stderr)
        return 1
    out = OUT / "manifests.yaml"
    out.write_text(text)
    objects = sum(line.startswith("kind: ") for line in text.splitlines())
    print(f"wrote {os.path.relpath(out)} ({objects} objects)")
    return 0


def render(values: list[Path], *sets: str, release: str = "darkroom", namespace: str = "darkroom") -> str:
    """The manifests as YAML. `sets` are Helm's own NAME=VALUE, which go over the files.

    Raises Wrong with Helm's own sentence.
    """
    if missing := next((path for path in values if not path.is_file()), None):
        raise Wrong(f"there is no {missing}; `make kubernetes-values` writes the functions' own")
    command = [HELM, "template", release, CHART, "--namespace", namespace]
    command += [word for path in values for word in ("--values", path)]
    command += [word for each in sets for word in ("--set", each)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode != 0:
        raise Wrong(sentence(run.stderr))
    return run.stdout


def sentence(stderr: str) -> str:
    """What Helm says, without where in its templates it stood."""
    said = " ".join(line.strip() for line in stderr.splitlines() if line.strip())
    said = said.removesuffix(" Use --debug flag to render out invalid YAML")
    return re.sub(r"^Error: (?:execution error at \([^)]*\): )?", "", said)


if __name__ == "__main__":
    sys.exit(main())
