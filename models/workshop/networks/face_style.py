"""The face of the style network."""

from torch import Tensor, nn

from workshop.networks.face import levels, planes


class StylizeFace(nn.Module):
    """picture uint8 [N,H,W,3] (H and W multiples of 4), context uint8 [N,c,c,3], style float [1,S] (sum 1) -> picture uint8
    [N,H,W,3]."""

    inputs = ("picture", "context", "style")

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, context: Tensor, style: Tensor) -> Tensor:
        given = self.network.styled(planes(picture), planes(context), style)
        return levels(given * 255).permute(0, 2, 3, 1)
