"""The networks, one family a file."""

from workshop.networks.curve import Curve
from workshop.networks.edsr import Edsr
from workshop.networks.face import CurveFace, EdsrFace

FAMILIES = {"edsr": Edsr, "curve": Curve}
FACES = {Edsr: EdsrFace, Curve: CurveFace}
