"""The face of networks that name what a picture shows: bytes in, probabilities out."""

from torch import Tensor, nn

from workshop.networks.face import planes


class ResNetFace(nn.Module):
    """picture uint8 [N,side,side,3] -> scores float32 [N,classes], sum 1."""

    inputs = ("picture",)
    outputs = ("scores",)

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return self.network.scores(planes(picture))
