"""One image: which function, for what machine, under what name."""

from dataclasses import dataclass

from infra.functions import Function, Wrong, functions

# The tag of an image, and what it is for: what runs the networks, and the processor.
FLAVOURS = {"cpu": ("cpu", "amd64"), "gpu": ("gpu", "amd64"), "cpu-arm64": ("cpu", "arm64")}


@dataclass(frozen=True)
class Image:
    """The image of a function in a flavour, one of `FLAVOURS`."""

    function: Function
    flavour: str

    @property
    def name(self) -> str:
        return f"darkroom/{self.function.name}:{self.flavour}"

    @property
    def repository(self) -> str:
        return self.name.partition(":")[0]

    @property
    def folder(self) -> str:
        """What its own files are laid ready in, below the stage."""
        return f"{self.function.name}-{self.flavour}"

    @property
    def processor(self) -> str:
        """ "cpu" or "gpu": which weights it holds."""
        return FLAVOURS[self.flavour][0]

    @property
    def architecture(self) -> str:
        return FLAVOURS[self.flavour][1]

    @property
    def runtime(self) -> str:
        """What it runs networks with: "cpu", "gpu", or "none" for a page."""
        return self.processor if self.function.has_model else "none"


def chosen(names: str = "", flavours: str = "") -> list[Image]:
    """The images of these functions (default: all) in these flavours (default: cpu), names separated by blanks. A page has
    no GPU flavour."""
    known = {function.name: function for function in functions()}
    wanted = names.split() or list(known)
    kinds = flavours.split() or ["cpu"]
    for word, there in [*((name, known) for name in wanted), *((kind, FLAVOURS) for kind in kinds)]:
        if word not in there:
            raise Wrong(f"there is no {word}; there are: {', '.join(there)}")
    found = [Image(known[name], kind) for name in wanted for kind in kinds]
    return [image for image in found if image.function.has_model or image.processor == "cpu"]
