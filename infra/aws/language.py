"""CloudFormation's language as the files beside this one write it: short forms read, and loops that CloudFormation has not written out.

A loop is `Fn::ForEach::ANYTHING: [Name, over, body]`; `${Name}` in the body is a value. Over a list parameter and among resources, conditions
or outputs it is CloudFormation's own and stays. Written out here are loops among parameters, those in a list (one with a list for its body gives
several items), and those over a list that is written down. A loop over nothing goes: CloudFormation has none such. So does a condition that is
just `true`, wherever something depends on it alone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

LOOP = "Fn::ForEach::"
# Within these CloudFormation puts in a loop's value only by `Fn::Sub`.
NAMING = ("Ref", "Fn::GetAtt", "Fn::FindInMap")


def load(path: Path) -> dict:
    """A file with the short forms written out: `!Ref X` is {"Ref": "X"}, `!GetAtt A.B` is {"Fn::GetAtt": ["A", "B"]}."""
    return yaml.load(path.read_text(), Loader=Loader)


def dump(template: dict) -> str:
    return yaml.dump(template, Dumper=Dumper, sort_keys=False, default_flow_style=None, width=150, allow_unicode=True)


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags."""


class Dumper(yaml.SafeDumper):
    """YAML without anchors, which CloudFormation does not take."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def long_form(loader: Loader, tag: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        resource, _, attribute = value.rpartition("}.") if "}." in value else value.partition(".")
        value = [f"{resource}}}" if "}." in value else resource, attribute]
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", long_form)


def expanded(node: Any, lists: dict[str, list[str]]) -> Any:
    """A template, or a part of it, without the loops that CloudFormation does not know; `lists` are the values of its list parameters."""
    if isinstance(node, list):
        return [expanded(each, lists) for item in node for each in items(item, lists)]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if not key.startswith(LOOP):
            made[key] = expanded(everywhere(value, lists) if key == "Parameters" else value, lists)
        elif isinstance(value[1], list):
            made |= expanded(everywhere({key: value}, lists), lists)
        elif values(value, lists):
            made[key] = expanded(value, lists)
    return made


def items(item: Any, lists: dict[str, list[str]]) -> list:
    """What stands in a list for one item of it: itself, or what a loop makes."""
    if not (isinstance(item, dict) and len(item) == 1 and next(iter(item)).startswith(LOOP)):
        return [item]
    (loop,) = item.values()
    bodies = [substituted(loop[2], loop[0], value) for value in values(loop, lists)]
    return [each for body in bodies for each in (body if isinstance(body, list) else [body])]


def everywhere(section: dict, lists: dict[str, list[str]]) -> dict:
    """A mapping with its own loops written out, whatever they are over."""
    made = {}
    for key, value in section.items():
        if key.startswith(LOOP):
            for each in values(value, lists):
                made |= substituted(value[2], value[0], each)
        else:
            made[key] = value
    return made


def values(loop: list, lists: dict[str, list[str]]) -> list[str]:
    over = loop[1]
    return lists[over["Ref"]] if isinstance(over, dict) else over


def substituted(node: Any, identifier: str, value: str) -> Any:
    """The body of a loop for one value, which stands for `${identifier}` wherever that stands, in keys too."""
    if isinstance(node, dict):
        return {substituted(key, identifier, value): substituted(each, identifier, value) for key, each in node.items()}
    if isinstance(node, list):
        return [substituted(each, identifier, value) for each in node]
    return node.replace(f"${{{identifier}}}", value) if isinstance(node, str) else node


def named(node: Any) -> Any:
    """`${Name}` within what names a thing, as CloudFormation wants it there: {"Ref": {"Fn::Sub": "${Name}Role"}}."""
    if isinstance(node, list):
        return [named(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: naming(value) if key in NAMING else named(value) for key, value in node.items()}


def naming(value: Any) -> Any:
    if isinstance(value, list):
        return [naming(each) for each in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else named(value)


def settled(template: dict) -> dict:
    """The template without conditions that always hold."""
    holding = {name for name, condition in template.get("Conditions", {}).items() if condition is True}
    # The condition of a policy's statement is a mapping, and none of these.
    for each in found(template, lambda node: isinstance(name := node.get("Condition"), str) and name in holding):
        del each["Condition"]
    template["Conditions"] = {
        name: condition for name, condition in template.get("Conditions", {}).items() if name not in holding
    }
    return template


def replaced(node: Any, what: Any, by: Any) -> Any:
    """Everything equal to `what` is `by`."""
    if node == what:
        return by
    if isinstance(node, dict):
        return {key: replaced(value, what, by) for key, value in node.items()}
    return [replaced(each, what, by) for each in node] if isinstance(node, list) else node


def found(node: Any, wanted: Callable[[dict], bool]) -> Iterator[dict]:
    """Every mapping at any depth for which `wanted` holds."""
    if isinstance(node, dict):
        if wanted(node):
            yield node
        for value in node.values():
            yield from found(value, wanted)
    elif isinstance(node, list):
        for value in node:
            yield from found(value, wanted)
