"""An image branch that pools over the lungs: its evidence is the mean over the organ, and its map is flat outside it."""

import pytest
import torch

from mmcore.explain.methods.grad_cam import class_activation_map, enlarge
from mmcore.explain.perturbation import blurred
from mmcore.models.lungs import organ_shares
from tests.toy import toy_model


def picture(inside: torch.Tensor) -> torch.Tensor:
    pixels = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(3))
    return torch.cat([pixels, inside.expand(1, 1, 96, 96)], 1)


def left_half() -> torch.Tensor:
    inside = torch.zeros(1, 1, 96, 96)
    inside[..., :32] = 1  # the first of three columns of cells
    return inside


def pooling_model():
    model = toy_model()
    model.config.organ_pooling = True
    return model


def test_shares_have_the_mean_1_and_follow_the_organ() -> None:
    shares = organ_shares(left_half(), (3, 3))
    assert torch.allclose(shares[0, 0], torch.tensor([[3.0, 0.0, 0.0]] * 3))
    assert shares.mean() == pytest.approx(1.0)


def test_where_no_organ_was_found_every_cell_counts_alike() -> None:
    assert torch.equal(organ_shares(torch.zeros(2, 1, 96, 96), (3, 3)), torch.ones(2, 1, 3, 3))


def test_the_evidence_is_that_of_the_mean_over_the_organ_and_the_map_is_0_outside() -> None:
    model, x = pooling_model(), picture(left_half())
    plain = model.image_encoder(x[:, :1])
    maps = model.encode_map("image", x)
    expected = plain[..., :1].mean((2, 3)) - model.image_mean
    assert torch.allclose(model.centred("image", maps), expected, atol=1e-5)
    cells = class_activation_map(maps[0], model.image_head.weight[0], model.image_mean)
    assert cells[:, 1:].abs().max() < 1e-6
    assert cells.sum().item() == pytest.approx((expected @ model.image_head.weight[0]).item(), abs=1e-4)


def test_a_mask_of_the_whole_picture_changes_nothing() -> None:
    model, x = pooling_model(), picture(torch.ones(1, 1, 96, 96))
    assert torch.allclose(model.encode_map("image", x), model.image_encoder(x[:, :1]), atol=1e-5)


def test_a_model_without_organ_pooling_does_not_read_the_mask() -> None:
    model, x = toy_model(), picture(left_half())
    assert torch.equal(model.encode_map("image", x), model.image_encoder(x[:, :1]))


def test_blurring_a_picture_leaves_its_mask() -> None:
    x = picture(left_half())
    assert torch.equal(blurred(x)[:, 1:], x[:, 1:])
    assert not torch.equal(blurred(x)[:, :1], x[:, :1])


@pytest.mark.parametrize("shape", [(96, 96), (70, 41)])
def test_the_enlarged_map_lies_on_the_organ_and_keeps_its_sum(shape: tuple[int, int]) -> None:
    inside = torch.zeros(shape)
    inside[:, : shape[1] // 2] = 1
    shares = organ_shares(inside[None, None], (3, 3))[0, 0].double()
    cells = shares * torch.tensor([[1.0, -2.0, 3.0]] * 3, dtype=torch.float64)
    large = enlarge(cells, *shape, inside)
    assert large.sum() == pytest.approx(cells.sum().item(), abs=1e-9)
    assert abs(large[:, shape[1] // 2 :]).max() == 0
