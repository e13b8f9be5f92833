"""Attributions against captum's and shap's own results and against numbers by hand."""

import numpy as np
import pytest
import torch

from mmcore.explain.methods.grad_cam import class_activation_map, enlarge
from mmcore.explain.methods.integrated_gradients import integrated_gradients
from mmcore.explain.methods.shapley import shapley_values
from mmcore.explain.methods.token_activations import token_activations
from tests.toy import tokenizer, toy_model

NAN = float("nan")


def test_the_map_of_a_small_network_is_right_to_the_digit() -> None:
    maps = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [0.0, 1.0]]])
    cells = class_activation_map(maps, torch.tensor([2.0, -4.0]), torch.tensor([1.0, 0.5]))
    assert np.allclose(cells, [[0.5, 0.0], [1.5, 1.0]])
    assert cells.sum() == pytest.approx(2 * (2.5 - 1) - 4 * (0.5 - 0.5))


@pytest.mark.parametrize("shape", [(7, 5), (40, 33), (384, 301), (2, 2)])
def test_an_enlarged_map_keeps_its_sum_and_its_place(shape: tuple[int, int]) -> None:
    cells = torch.zeros(5, 5, dtype=torch.float64)
    cells[1, 3] = 2.0
    large = enlarge(cells, *shape)
    assert large.sum() == pytest.approx(2.0, abs=1e-9)
    if min(shape) > 5:
        top, left = np.unravel_index(large.argmax(), shape)
        assert (top / shape[0], left / shape[1]) == pytest.approx((0.3, 0.7), abs=0.15)


def test_the_signed_map_is_captums_grad_cam_less_the_map_of_the_mean() -> None:
    from captum.attr import LayerGradCam

    model = toy_model()
    pixels = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(2))

    def score(x):
        return (model.image_encoder(x).mean((2, 3)) - model.image_mean) @ model.image_head.weight[0]

    theirs = LayerGradCam(score, model.image_encoder).attribute(pixels.requires_grad_())[0, 0].detach()
    maps = model.encode_map("image", pixels).detach()[0]
    ours = class_activation_map(maps, model.image_head.weight[0], model.image_mean)
    offset = (model.image_head.weight[0] * model.image_mean).sum() / ours.numel()
    assert np.allclose(ours, theirs - offset, atol=1e-4)
    assert ours.sum().item() == pytest.approx(score(pixels).item(), abs=1e-3)
    assert not model.image_encoder._forward_hooks


def text_case():
    model, words = toy_model(), tokenizer()
    ids = words(["fever cough . no effusion left"], return_tensors="pt")["input_ids"]
    inner = torch.full_like(ids, words.mask_token_id)
    inner[0, 0], inner[0, -1] = ids[0, 0], ids[0, -1]
    table = model.text_encoder.get_input_embeddings()
    direction = model.text_head.weight[0] - model.text_head.weight[1]

    def score(embeddings):
        mask = torch.ones(len(embeddings), embeddings.shape[1], dtype=torch.long)
        return model.encode_text(mask, embeddings=embeddings) @ direction

    return model, ids, inner, table, score


def test_token_attributions_sum_to_the_evidence_of_the_note() -> None:
    _, ids, inner, table, score = text_case()
    note, masks = table(ids)[0], table(inner)[0]
    total = (score(note[None]) - score(masks[None])).item()
    assert score(masks[None]).item() == pytest.approx(0, abs=1e-5)
    values, steps = integrated_gradients(score, note, masks, total, 0.001)
    assert values.sum() == pytest.approx(total, abs=0.001)
    assert values[0] == values[-1] == 0  # [CLS] and [SEP] are the same in both notes
    assert steps >= 5


def test_token_attributions_equal_captums_integrated_gradients() -> None:
    from captum.attr import IntegratedGradients

    _, ids, inner, table, score = text_case()
    note, masks = table(ids), table(inner)
    total = (score(note) - score(masks)).item()
    ours, _ = integrated_gradients(score, note[0], masks[0], total, 1e-5)
    theirs = IntegratedGradients(score).attribute(note, baselines=masks, n_steps=200)
    assert np.allclose(ours, theirs.sum(-1)[0].detach(), atol=1e-3)


def test_steps_grow_until_the_sum_is_right_and_a_failure_is_left_visible() -> None:
    def steep(points):
        return torch.sigmoid(200 * (points.sum((1, 2)) - 0.5))

    values, steps = integrated_gradients(steep, torch.ones(1, 1), torch.zeros(1, 1), 1.0, 0.001)
    assert steps > 16
    assert values.sum() == pytest.approx(1.0, abs=0.001)
    wrong, last = integrated_gradients(steep, torch.ones(1, 1), torch.zeros(1, 1), 5.0, 0.001)
    assert last == 192
    assert abs(5.0 - wrong.sum()) > 3.9


def test_the_quick_token_method_is_exact_in_sum() -> None:
    model, ids, _, _, score = text_case()
    hidden = model.text_encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
    direction = model.text_head.weight[0] - model.text_head.weight[1]
    values = token_activations(hidden, direction, model.text_masks[ids.shape[1]])
    assert values.sum() == pytest.approx(
        score(model.text_encoder.get_input_embeddings()(ids)).item(), abs=1e-4
    )
    assert values.shape == (ids.shape[1],)


def test_clinical_values_equal_shaps_exact_explainer() -> None:
    import shap

    model = toy_model()
    background = np.array([[30.0, 0.0], [50.0, 1.0], [70.0, 1.0]])

    def contrast(rows: np.ndarray) -> np.ndarray:
        filled = np.column_stack([rows, np.full(len(rows), np.nan)])
        by_field = model.clinical_head(torch.tensor(filled, dtype=torch.float32))
        return (by_field.sum(1)[:, 0] - by_field.sum(1)[:, 2]).numpy() * 0.6

    case = np.array([[81.0, 0.0]])
    theirs = shap.ExactExplainer(contrast, shap.maskers.Independent(background, max_samples=3))(case)
    by_field = model.clinical_head(torch.tensor([[81.0, 0.0, NAN]]))[0]
    ours = shapley_values(by_field, 0, 2, 0.6)
    assert np.allclose(ours[:2], theirs.values[0], atol=1e-4)
    assert ours[2] == 0
    assert theirs.base_values[0] == pytest.approx(0, abs=1e-4)
