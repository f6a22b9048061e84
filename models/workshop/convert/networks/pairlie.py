"""PairLIE: a picture without its noise, parted into light and reflectance, which are joined again under more light (Fu et
al. 2023, see `paper`)."""

from itertools import pairwise

from torch import Tensor, nn

from workshop.convert.published import Published

CHANNELS = 64
PARTS = {"N": 3, "L": 1, "R": 3}  # clean picture, light, reflectance: planes of each


class PairLie(Published):
    """L^power R of the clean picture."""

    paper = (
        "https://openaccess.thecvf.com/content/CVPR2023/html/Fu_Learning_a_Simple_Low-Light_Image_Enhancer_"
        "From_Paired_Low-Light_Instances_CVPR_2023_paper.html"
    )
    radius = 2 * 5
    least = 2  # the edges are mirrored

    def __init__(self, power: float = 0.2):
        """`power`: the publishers take 0.2, and 0.14 for pictures of their set LOL."""
        super().__init__()
        self.power = power
        for part, planes in PARTS.items():
            self.add_module(f"{part}_net", nn.ModuleDict({f"{part}_net": five(planes)}))

    def part(self, name: str, x: Tensor) -> Tensor:
        return self.get_submodule(f"{name}_net.{name}_net")(x)

    def forward(self, x: Tensor) -> Tensor:
        clean = self.part("N", x)
        return self.part("L", clean) ** self.power * self.part("R", clean)


def five(planes: int) -> nn.Sequential:
    """Five convolutions with mirrored edges, [N,3,H,W] -> [N,planes,H,W] in 0..1."""
    widths, layers = (3, CHANNELS, CHANNELS, CHANNELS, CHANNELS, planes), []
    for taken, given in pairwise(widths):
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(taken, given, 3), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Sigmoid())


NETWORK = PairLie
