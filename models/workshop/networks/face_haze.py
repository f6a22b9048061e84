"""The faces of the dehazing networks: bytes and the whole picture's bytes in, bytes out."""

from torch import Tensor, nn

from workshop.networks.face import levels, planes


class VeilFace(nn.Module):
    """picture uint8 [N,H,W,3] (H and W multiples of the network's), context uint8 [N,64,64,3] -> picture uint8 [N,H,W,3]."""

    inputs = ("picture", "context")

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, context: Tensor) -> Tensor:
        given = self.network(planes(picture) / 255, planes(context) / 255)
        return levels(given * 255).permute(0, 2, 3, 1)


class DarkChannelFace(nn.Module):
    """The same with omega float [1], the share of the veil that is taken away."""

    inputs = ("picture", "context", "omega")

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, context: Tensor, omega: Tensor) -> Tensor:
        given = self.network(planes(picture) / 255, planes(context) / 255, omega)
        return levels(given * 255).permute(0, 2, 3, 1)
