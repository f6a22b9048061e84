"""The definitions of published networks, one family a module; its `NETWORK` is what `from.converter` of a manifest names."""

import importlib

from workshop.convert.published import Published


def definition(converter: str) -> type[Published]:
    """The class that a manifest's `from.converter` names."""
    return importlib.import_module(f"{__name__}.{converter.replace('-', '_')}").NETWORK
