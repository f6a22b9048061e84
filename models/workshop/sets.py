"""The sets of pictures that DATA is to hold: what each is and what its source says about its licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """One folder of pictures."""

    what: str
    licence: str
    trained_on: bool


SETS = {
    "photo-t91": Set("90 small pictures of T91 (Yang et al. 2010), lossless", "none stated", True),
    "photo-bsds-hq": Set("143 photographs of BSDS500 with most detail, the source's JPEG files", "research use", True),
    "photo-bsds": Set("144 further photographs of BSDS500, JPEG", "research use", True),
    "photo-everyday": Set("1,148 everyday photographs of mixed public sources, up to 320 pixels", "mixed", True),
    "set5": Set("Set5, five pictures, lossless", "none stated", False),
    "set14": Set("Set14, fourteen pictures, lossless", "none stated", False),
    "kodak12": Set("every second picture of the Kodak suite, lossless", "unrestricted use", False),
    "lowlight-dicm": Set("20 dark photographs of DICM (Lee et al. 2013)", "none stated", False),
}


def told(names: list[str]) -> str:
    """Sets with their licences, for a manifest."""
    return ", ".join(f"{name} (licence: {SETS[name].licence})" for name in names)
