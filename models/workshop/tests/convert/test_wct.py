"""The statistics that carry a painting's style."""

import pytest
import torch

from workshop.convert.networks.wct import Matched, painted, whitening
from workshop.convert.source import Wrong
from workshop.loss_network import moments


def coloured(seed: int, channels: int = 12) -> torch.Tensor:
    """Values [1,channels,30,40] whose channels depend on each other."""
    made = torch.Generator().manual_seed(seed)
    mix = torch.randn(channels, channels, generator=made)
    return torch.einsum("ij,njhw->nihw", mix, torch.randn(1, channels, 30, 40, generator=made)) + seed


def test_whitening_is_the_inverse_root():
    _, covariance = moments(coloured(1, 6))
    covariance = covariance + torch.eye(6)
    root = whitening(covariance, torch.tensor(1.0))
    torch.testing.assert_close(root @ covariance @ root, torch.eye(6)[None], atol=0.01, rtol=0)


# proves: D03
def test_values_take_the_mean_and_covariance_of_the_painting():
    match = Matched(12, 1.0)
    match.learn(coloured(3).double())
    before, after, wanted = (moments(x) for x in (coloured(2), match(coloured(2)), coloured(3)))
    for given, had, aim in zip(after, before, wanted, strict=True):
        assert (given - aim).norm() < 0.1 * (had - aim).norm()


def test_a_plain_picture_stays_plain():
    match = Matched(3, 1.0)
    match.learn(painted("great-wave"))
    answer = match(torch.full((1, 3, 20, 30), 0.5) + 1e-4 * torch.randn(1, 3, 20, 30, generator=torch.manual_seed(1)))
    assert answer.std((2, 3)).max() < 0.01


def test_a_painting_that_is_not_there_is_told():
    with pytest.raises(Wrong, match="no painting '../secret'; there are: .*great-wave"):
        painted("../secret")
