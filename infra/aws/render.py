"""Renders the two templates for AWS into out/aws/: the YAML beside this file, and what only `infra.functions` knows.

    python -m infra.aws.render [--accelerator] [FUNCTION...]

The foundation is one file, the functions' template all the others together. Added here:

* the defaults of the lists Functions, Modelled and Pages, logical ids all: nobody needs to pass them, and a template that was rendered for some
  of the functions deploys these;
* the mapping Functions: what the manifests say, by flavour and logical id (`CpuDerain`, and `GpuDerain` where there is a network);
* the value of `Render::Fingerprint`: another one when the patterns of the functions or that mapping are others;
* `AcceleratorConfig` is taken away unless told that the region's schema has it.

`language.py` says what else of the language in those files is not CloudFormation's.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.aws.language import dump, expanded, found, load, named, replaced, settled
from infra.functions import ROOT, Function, Wrong, functions

HERE = Path(__file__).resolve().parent
OUT = ROOT / "out" / "aws"
FOUNDATION = ("foundation",)
FUNCTIONS = ("parameters", "functions", "gpu", "rollout", "alarms", "board", "front")
# An environment on a GPU has at least this memory, MB: CUDA wants some of the machine's own.
GPU_MEMORY_MB = 4096
# How long before Lambda's end a function gives up by itself, seconds.
MARGIN_S = 5


def render_foundation(chosen: list[Function]) -> str:
    """The template of the foundation's stack, YAML."""
    template = joined(FOUNDATION, chosen)
    template["Mappings"] = {"Functions": {function.logical_id: {"Name": function.name} for function in chosen}}
    return dump(template)


def render_functions(chosen: list[Function], accelerator: bool = False) -> str:
    """The template of the functions' stack, YAML. `accelerator`: the region's schema of AWS::Lambda::Function has `AcceleratorConfig`."""
    template = joined(FUNCTIONS, chosen)
    template["Mappings"] = {"Functions": dict(rows(chosen))}
    patterns = list(found(template["Resources"], lambda node: node.get("Type") == "AWS::Serverless::Function"))
    if not accelerator:
        for pattern in patterns:
            pattern["Properties"].pop("AcceleratorConfig", None)
    shape = json.dumps([template["Mappings"], patterns], sort_keys=True)
    fingerprint = hashlib.sha256(shape.encode()).hexdigest()[:12]
    return dump(replaced(template, {"Ref": "Render::Fingerprint"}, fingerprint))


def joined(files: tuple[str, ...], chosen: list[Function]) -> dict:
    """One template out of files, each of which has some of its sections."""
    lists = {
        "Functions": [function.logical_id for function in chosen],
        "Modelled": [function.logical_id for function in chosen if function.has_model],
        "Pages": [function.logical_id for function in chosen if not function.has_model],
    }
    template: dict = {}
    for file in files:
        for section, content in load(HERE / f"{file}.yaml").items():
            template[section] = template.get(section, {}) | content if isinstance(content, dict) else content
    template = settled(named(expanded(template, lists)))
    for name, ids in lists.items():
        if name in template["Parameters"]:
            template["Parameters"][name]["Default"] = ",".join(ids)
    return template


def rows(chosen: list[Function]) -> Iterator[tuple[str, dict[str, str | int]]]:
    """What the template has to know of each function in each flavour."""
    for function in chosen:
        row = {
            "Name": function.name,
            "Title": function.title,
            # Its part of the result bucket; both flavours share it.
            "Folder": function.name,
            "MemoryMb": function.memory_mb,
            "StorageMb": function.storage_mb,
            "TimeoutS": function.timeout_s,
            "PictureS": min(function.picture_s, function.timeout_s - MARGIN_S),
            "JobS": function.timeout_s - MARGIN_S,
            # Half of what a picture may take.
            "SlowMs": function.picture_s * 500,
        }
        yield f"Cpu{function.logical_id}", row
        if function.has_model:
            yield (
                f"Gpu{function.logical_id}",
                row | {"Name": f"{function.name}-gpu", "MemoryMb": max(function.memory_mb, GPU_MEMORY_MB)},
            )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.aws.render", description="Render the templates for AWS into out/aws."
    )
    parser.add_argument("function", nargs="*", help="only these; all, if none is named")
    parser.add_argument("--accelerator", action="store_true", help="the region's schema has AcceleratorConfig")
    given = parser.parse_args(arguments)
    try:
        everything = functions()
        if unknown := set(given.function) - {function.name for function in everything}:
            raise Wrong(f"there is no function {', '.join(sorted(unknown))}")
        chosen = [function for function in everything if not given.function or function.name in given.function]
        write("foundation", render_foundation(everything))
        write("functions", render_functions(chosen, given.accelerator))
    except Wrong as error:
        print(f"aws: {error}", file=sys.stderr)
        return 1
    return 0


def write(name: str, rendered: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.yaml"
    path.write_text(rendered)
    print(f"{path.relative_to(ROOT)}: {len(rendered)} bytes")


if __name__ == "__main__":
    sys.exit(main())
