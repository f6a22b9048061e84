"""The networks, one family a file."""

from workshop.networks.codebook import Codebook
from workshop.networks.curve import Curve
from workshop.networks.dark import DarkChannel
from workshop.networks.detector import Detector
from workshop.networks.edsr import Edsr
from workshop.networks.face import CurveFace, EdsrFace, FastFace
from workshop.networks.face_boxes import DetectorFace
from workshop.networks.face_haze import DarkChannelFace, VeilFace
from workshop.networks.face_labels import ResNetFace
from workshop.networks.face_rain import RainFace
from workshop.networks.face_style import StylizeFace
from workshop.networks.fast import Fast
from workshop.networks.rain import Rain
from workshop.networks.resnet import ResNet
from workshop.networks.stylize import Stylize
from workshop.networks.veil import Veil

FAMILIES = {
    "stylize": Stylize,
    "detector": Detector,
    "edsr": Edsr,
    "fast": Fast,
    "curve": Curve,
    "resnet": ResNet,
    "veil": Veil,
    "codebook": Codebook,
    "dark-channel": DarkChannel,
    "rain": Rain,
}
FACES = {
    Stylize: StylizeFace,
    Detector: DetectorFace,
    Edsr: EdsrFace,
    Fast: FastFace,
    Curve: CurveFace,
    ResNet: ResNetFace,
    Veil: VeilFace,
    Codebook: VeilFace,
    DarkChannel: DarkChannelFace,
    Rain: RainFace,
}
