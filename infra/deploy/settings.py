"""A stage's settings: `infra/deploy/stages/STAGE.toml`, whose keys are the parameters of the two templates.

    Account = "111122223333"            # optional: any other account is refused
    Region = "eu-central-1"             # optional: else AWS_REGION or the profile's
    Functions = ["derain", "studio"]    # optional: else all of them
    Provisioned = 1                     # and so on; what is not set has the template's default

What a template says of a parameter (type, allowed values, range) is checked here, before anything is asked of AWS.
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.aws import render
from infra.functions import Function, Wrong

STAGES = Path(__file__).resolve().parent / "stages"
# A stage is a part of the names of stacks, buckets and functions.
STAGE = re.compile(r"[a-z][a-z0-9-]{0,15}")
# Keys that are no parameters.
OWN = ("Account", "Region", "Functions")
# What `make deploy` finds out itself, beside an image for every function and what the foundation tells.
FOUND = {"Stage", "Functions", "Modelled", "Pages", "HookBucket", "HookKey"}


@dataclass(frozen=True)
class Settings:
    """What was chosen for one stage. `chosen` holds parameters as CloudFormation takes them, as text; the templates are YAML."""

    stage: str
    account: str | None
    region: str | None
    everything: list[Function]
    functions: list[Function]
    chosen: dict[str, str]
    foundation_template: str
    functions_template: str

    @property
    def foundation(self) -> str:
        return f"darkroom-{self.stage}-foundation"

    @property
    def stack(self) -> str:
        return f"darkroom-{self.stage}"

    def value(self, name: str) -> str:
        """The parameter in force: as chosen, or the template's default."""
        return self.chosen.get(name, text(declared(self.functions_template)[name]["Default"]))

    def on(self, name: str) -> bool:
        return self.value(name) == "true"

    def of(self, template: str) -> dict[str, str]:
        """What a template is given of all this."""
        known = declared(template)
        return {name: value for name, value in (self.chosen | {"Stage": self.stage}).items() if name in known}


def read(stage: str, everything: list[Function], folder: Path = STAGES) -> Settings:
    """The settings of a stage, checked against the templates that it is deployed with."""
    path = folder / f"{stage}.toml"
    if not STAGE.fullmatch(stage) or not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.toml")))
        raise Wrong(f"there is no stage {stage!r}; there are: {known} (a stage is a file in infra/deploy/stages)")
    try:
        given = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"{path.name}: {error}") from error
    functions = picked(path.name, given.get("Functions", []), everything)
    templates = render.render_foundation(everything), render.render_functions(functions)
    # What the foundation tells, the functions are given.
    found = FOUND | parsed(templates[0])["Outputs"].keys()
    return Settings(
        stage=stage,
        account=account(path.name, given),
        region=given.get("Region"),
        everything=everything,
        functions=functions,
        chosen=checked(path.name, given, declared(templates[0]) | declared(templates[1]), found),
        foundation_template=templates[0],
        functions_template=templates[1],
    )


def declared(template: str) -> dict[str, dict]:
    """The parameters of a rendered template, and their rules."""
    return parsed(template)["Parameters"]


@functools.cache
def parsed(template: str) -> dict:
    return yaml.load(template, Loader=yaml.CSafeLoader)


def picked(file: str, names: list[str], everything: list[Function]) -> list[Function]:
    known = {function.name: function for function in everything}
    if unknown := [name for name in names if name not in known]:
        raise Wrong(f"{file}: Functions names {', '.join(unknown)}; there are: {', '.join(known)}")
    return [function for function in everything if function.name in names] or everything


def account(file: str, given: dict) -> str | None:
    number = given.get("Account")
    if number is not None and not re.fullmatch(r"\d{12}", str(number)):
        raise Wrong(f'{file}: Account is twelve digits in quotes, as in "111122223333"')
    return number


def checked(file: str, given: dict, known: dict[str, dict], found: set[str]) -> dict[str, str]:
    """The parameters that are set, each by its rule in the template; `found` are those that have another source."""
    found |= {name for name in known if name.startswith(("Image", "GpuImage"))}
    chosen = {}
    for name, value in given.items():
        if name in OWN:
            continue
        if name in found:
            raise Wrong(f"{file}: {name} is found by make deploy itself")
        if name not in known:
            raise Wrong(
                f"{file}: there is no setting {name}; there are: {', '.join(sorted({*OWN, *known} - found | {'Functions'}))}"
            )
        chosen[name] = fitting(f"{file}: {name}", text(value), known[name])
    if missing := sorted(
        name for name, rule in known.items() if name not in {*found, *chosen} and "Default" not in rule
    ):
        raise Wrong(f"{file}: {', '.join(missing)} must be set")
    return chosen


def text(value: object) -> str:
    """A value of TOML or YAML as CloudFormation takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(text, value))
    return str(value)


def fitting(what: str, value: str, rule: dict) -> str:
    """The value, if the template's rule lets it be one."""
    allowed = [text(each) for each in rule.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise Wrong(f"{what} is {value!r}; it is one of {', '.join(allowed)}")
    if rule["Type"] == "Number":
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise Wrong(f"{what} is {value!r}, which is no number")
        least, most = rule.get("MinValue", "-inf"), rule.get("MaxValue", "inf")
        if not float(least) <= float(value) <= float(most):
            raise Wrong(f"{what} is {value}; the least is {least}, the most {most}")
    if not re.fullmatch(rule.get("AllowedPattern", ".*"), value, re.DOTALL):
        raise Wrong(f"{what} is {value!r}; it is like {rule['AllowedPattern']}")
    return value


def refuse_open_doors(settings: Settings, public: bool) -> None:
    """Functions that anybody may call cost whoever pays for them: not without being told so."""
    if settings.value("Auth") == "NONE" and not settings.on("Keys") and not public:
        raise Wrong(
            f"{settings.stage} would let anybody call its functions (Auth NONE, Keys false): "
            "set Keys or Auth in its settings, or say PUBLIC=1"
        )
