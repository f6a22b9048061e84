"""The face of the network against rain: bytes in, bytes out, and the map of what it took for rain."""

from torch import Tensor, nn

from workshop.networks.face import levels, planes


class RainFace(nn.Module):
    """picture uint8 [N,H,W,3] (H and W multiples of 8) -> answer uint8 [N,H,W,3], attention float [N,H,W,1] in 0..1."""

    inputs = ("picture",)
    outputs = ("answer", "attention")  # the map is for looking at; serving ignores it

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        x = planes(picture)
        clean, maps = self.network.cleaned(x / 255)
        return levels(clean * 255).permute(0, 2, 3, 1), maps[-1].permute(0, 2, 3, 1)
