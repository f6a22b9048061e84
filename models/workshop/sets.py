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
    "cifar10": Set(
        "CIFAR-10, 32x32 pixels, as JPEG of quality 75 (50,000 to train on, 10,000 to measure)", "none stated", True
    ),
    "rain-train": Set(
        "14 pairs with heavy made rain, of the RainTrainH kind (Yang et al. 2017), JPEG", "none stated", True
    ),
    "style": Set("15 paintings, JPEG of up to 768 pixels", "the paintings are in the public domain", True),
    "coco-train": Set("199 labelled photographs of COCO train2017", "each its own, many non-commercial", True),
    "coco-train2": Set("294 labelled photographs of COCO", "each its own, many non-commercial", True),
    "coco128-val": Set("72 labelled photographs of COCO val2017", "each its own, many non-commercial", False),
    "set5": Set("Set5, five pictures, lossless", "none stated", False),
    "set14": Set("Set14, fourteen pictures, lossless", "none stated", False),
    "kodak12": Set("every second picture of the Kodak suite, lossless", "unrestricted use", False),
    "dehaze-pairs": Set(
        "22 pairs of outdoor pictures with made haze, of RESIDE (Li et al. 2019)", "none stated", False
    ),
    "dehaze-real": Set("12 hazy photographs, two of NH-Haze, without ground truth", "none stated", False),
    "rain100l": Set("30 pairs of Rain100L (Yang et al. 2017), lossless", "none stated", False),
    "raindrop-train": Set(
        "4 pairs of drops on glass (Qian et al. 2018), held out of every training", "none stated", False
    ),
    "lowlight-dicm": Set("20 dark photographs of DICM (Lee et al. 2013)", "none stated", False),
}


def told(names: list[str]) -> str:
    """Sets with their licences, for a manifest."""
    return ", ".join(f"{name} (licence: {SETS[name].licence})" for name in names)
