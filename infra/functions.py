"""The functions as infrastructure sees them: read from `functions/*/Cargo.toml` and `models/*/*/model.json`, listed nowhere else.

A function with a model takes its resources from the manifests of the variants that its image holds. What no manifest can say stands
in its crate's `[package.metadata.image]`: `programs` (what else the image holds), and for a page, which has no manifest, `memory_mb`,
`storage_mb` and `timeout_s`.
"""

import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What a picture may take where nothing else is set: DEADLINE_S, in common/src/settings.rs. A job may take all of `timeout_s`.
PICTURE_S = 60
RESOURCES = ("memory_mb", "storage_mb", "timeout_s")


class Wrong(Exception):
    """One sentence for a person: what is wrong in the tree or in a setting, and what would be right."""


@dataclass(frozen=True)
class Variant:
    """One network of a function."""

    name: str
    manifest: dict
    folder: Path

    def files(self, flavour: str) -> list[Path]:
        """The weights that an image of this flavour ("cpu" or "gpu") holds: what `PRECISION=auto` serves there."""
        files = {weights["precision"]: self.folder / weights["file"] for weights in self.manifest["weights"]}
        if not self.is_ours:  # what is not fetched is not served
            files = {precision: file for precision, file in files.items() if file.is_file()}
        served = ("int8", "float") if flavour == "cpu" else ("float",)
        return [files[precision] for precision in served if precision in files][:1]

    @property
    def is_ours(self) -> bool:
        """Whether its weights are in the repository."""
        return self.manifest["status"] == "ready"

    def refusal(self, accepted: set[str]) -> str | None:
        """Why an image cannot hold it, and what helps; `accepted`: the words of ACCEPT_LICENCES."""
        function, licence, terms = (self.manifest.get(key) for key in ("function", "licence", "terms"))
        told = f"VARIANTS: {function}/{self.name}"
        words = {"all", terms, licence.lower(), self.name, f"{function}/{self.name}"}
        if terms not in (None, "free") and not accepted & words:
            return f"{told} has the licence {licence!r} ({terms}); ACCEPT_LICENCES={terms} takes it"
        if not self.is_ours and not self.files("gpu"):
            accept = "" if terms in (None, "free") else f" ACCEPT_LICENCES={terms}"
            how = f"`make weights FUNCTION={function} MODEL={self.name}{accept}` fetches it"
            return f"{told} is not here; {how if self.manifest['status'] == 'fetch' else self.manifest['reason']}"
        return None


@dataclass(frozen=True)
class Function:
    """One function; `variants` are those that its image holds, the default first, and a page has none."""

    name: str
    title: str
    task: str | None
    variants: tuple[Variant, ...]
    programs: tuple[str, ...]
    memory_mb: int
    storage_mb: int
    timeout_s: int

    @property
    def has_model(self) -> bool:
        return bool(self.variants)

    @property
    def picture_s(self) -> int:
        """The longest that one picture may take, in seconds."""
        return min(PICTURE_S, self.timeout_s)

    @property
    def logical_id(self) -> str:
        """The name as CloudFormation takes it: letters and digits alone."""
        return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", self.name))


def functions(root: Path = ROOT, variants: str | None = None) -> list[Function]:
    """Every function, by name. `variants` (or the environment's VARIANTS) names what images hold, as in
    "upscale=default,fast-x3 dehaze=default"; a function that it does not name has all its variants whose status is `ready`.
    What is fetched may be named where it is there, and where its licence is free or ACCEPT_LICENCES takes it."""
    chosen = choice(os.environ.get("VARIANTS", "") if variants is None else variants)
    found = [read(path.parent, root, chosen) for path in sorted(root.glob("functions/*/Cargo.toml"))]
    if unknown := chosen.keys() - {function.name for function in found}:
        raise Wrong(f"VARIANTS: there is no function {', '.join(sorted(unknown))}")
    return found


def choice(text: str) -> dict[str, list[str]]:
    chosen = {}
    for word in text.split():
        name, _, names = word.partition("=")
        if not names:
            raise Wrong(f"VARIANTS: {word!r} is not FUNCTION=VARIANT,VARIANT")
        chosen[name] = names.split(",")
    return chosen


def accepted() -> set[str]:
    """The words of the environment's ACCEPT_LICENCES: all, terms, licences, variants."""
    return {word.strip().lower() for word in os.environ.get("ACCEPT_LICENCES", "").split(",")}


def read(folder: Path, root: Path, chosen: dict[str, list[str]]) -> Function:
    name = folder.name
    package = tomllib.loads((folder / "Cargo.toml").read_text())["package"]
    image = package.get("metadata", {}).get("image", {})
    variants = held(name, root, chosen.get(name))
    resources = {
        key: max((variant.manifest["resources"][key] for variant in variants), default=image.get(key))
        for key in RESOURCES
    }
    if missing := [key for key, value in resources.items() if value is None]:
        raise Wrong(f"functions/{name} has no manifest and no [package.metadata.image] with {', '.join(missing)}")
    first = variants[0].manifest if variants else {}
    return Function(
        name=name,
        title=first.get("title") or name,
        task=first.get("task"),
        variants=variants,
        programs=tuple(image.get("programs", ())),
        **resources,
    )


def held(name: str, root: Path, chosen: list[str] | None) -> tuple[Variant, ...]:
    known = {
        path.parent.name: Variant(path.parent.name, json.loads(path.read_text()), path.parent)
        for path in sorted(root.glob(f"models/{name}/[!.]*/model.json"))
    }
    if not known:
        return ()
    for variant in chosen or ():
        if variant not in known:
            raise Wrong(f"VARIANTS: {name} has no variant {variant}; there are: {', '.join(known)}")
        if refusal := known[variant].refusal(accepted()):
            raise Wrong(refusal)
    names = chosen or [variant for variant, each in known.items() if each.is_ours]
    if "default" not in names:
        raise Wrong(f"VARIANTS: the image of {name} needs its variant default")
    return tuple(known[variant] for variant in sorted(names, key=lambda variant: (variant != "default", variant)))
