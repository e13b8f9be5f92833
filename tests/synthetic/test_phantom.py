"""Synthetic radiographs: repeatable, lungs where the mask says, different where disease differs."""

from functools import cache

import numpy as np
import pytest

from mmcore.synthetic.film.disease import DISEASES
from mmcore.synthetic.film.phantom import FIRST_TRAINING_SEED
from mmcore.synthetic.film.phantom import draw as draw_anew

SEEDS = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + 4)
draw = cache(draw_anew)  # the same seed gives the same film, which the first test shows


def test_a_seed_gives_the_same_film_twice_and_another_seed_another_film():
    first, second, other = (draw_anew(seed, "covid19", 160) for seed in (10_007, 10_007, 10_008))
    assert np.array_equal(first.pixels, second.pixels)
    assert first.findings == second.findings
    assert np.abs(first.pixels - other.pixels).mean() > 0.02


@pytest.mark.parametrize("label", DISEASES)
def test_a_film_is_square_single_precision_and_uses_the_range_from_black_to_white(label):
    film = draw(10_001, label, 160)
    assert film.pixels.shape == film.lung_mask.shape == (160, 160)
    assert film.pixels.dtype == np.float32
    assert film.lung_mask.dtype == bool
    assert film.pixels.min() == 0
    assert 0.9 < film.pixels.max() <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_healthy_lungs_are_darker_than_the_body_and_the_mask_covers_them_on_both_sides(seed):
    film = draw(seed, "no_finding", 160)
    lungs, rest = film.pixels[film.lung_mask], film.pixels[110:150, 40:120][~film.lung_mask[110:150, 40:120]]
    assert lungs.mean() < rest.mean() - 0.25
    assert 0.15 < film.lung_mask.mean() < 0.55
    left, right = film.lung_mask[:, 80:].mean(), film.lung_mask[:, :80].mean()
    assert 0.5 < left / right < 1.5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_patient_has_whiter_lungs_when_ill(seed):
    clear = draw(seed, "no_finding", 160)
    for label in ("covid19", "other_pneumonia"):
        ill = draw(seed, label, 160)
        assert np.array_equal(clear.lung_mask, ill.lung_mask)
        assert ill.pixels[ill.lung_mask].mean() > clear.pixels[clear.lung_mask].mean() + 0.01


def test_covid_films_are_hazy_on_both_sides_and_other_pneumonias_mostly_on_one():
    def unevenness(label: str) -> float:
        gaps = []
        for seed in range(10_100, 10_106):
            clear, ill = draw(seed, "no_finding", 128), draw(seed, label, 128)
            change = np.where(clear.lung_mask, ill.pixels - clear.pixels, 0)
            right, left = change[:, :64].sum(), change[:, 64:].sum()
            gaps.append(abs(right - left) / (abs(right) + abs(left)))
        return float(np.mean(gaps))

    assert unevenness("covid19") + 0.25 < unevenness("other_pneumonia")


def test_findings_name_what_was_drawn():
    assert draw(10_001, "no_finding", 96).findings == ()
    assert "bilateral_peripheral_ground_glass" in draw(10_001, "covid19", 96).findings
    named = {
        finding for seed in range(10_000, 10_014) for finding in draw(seed, "other_pneumonia", 64).findings
    }
    assert {"pleural_effusion_left", "pleural_effusion_right", "air_bronchograms"} <= named


def test_an_unknown_label_is_refused_by_name():
    with pytest.raises(
        ValueError, match="'tuberculosis'; expected one of covid19, other_pneumonia, no_finding"
    ):
        draw(10_000, "tuberculosis")


def test_the_same_seed_shows_the_same_patient_at_any_size():
    small, large = draw(10_001, "covid19", 128), draw(10_001, "covid19", 256)
    halved = large.pixels.reshape(128, 2, 128, 2).mean((1, 3))
    assert np.corrcoef(small.pixels.ravel(), halved.ravel())[0, 1] > 0.98
    assert small.findings == large.findings
