"""Rules that keep a CT, a lateral view, a photograph or a blank out, and that notice black and white swapped."""

from dataclasses import replace

import numpy as np
import pytest

from mmcore.domain.scan import Film, Scan
from mmcore.intake.image.radiograph import contrast_of_a_chest, doubts
from tests.intake_files import chest, picture, read_scan

GOOD = Film(chest(200).astype(np.float32) / 255)


def codes(scan: Scan) -> list[str]:
    return [notice.code for notice in doubts(scan)]


def test_a_frontal_chest_film_raises_no_doubt():
    assert codes(GOOD) == []
    assert codes(replace(GOOD, modality="DX", view="PA", body_part="CHEST")) == []


@pytest.mark.parametrize("view", ["AP", "PA", "AP Supine", "POSTERO-ANTERIOR", None])
def test_frontal_views_are_accepted_however_they_are_written(view):
    assert codes(replace(GOOD, view=view)) == []


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLO", "RAO", "LEFT LATERAL"])
def test_a_lateral_or_oblique_view_is_doubted(view):
    assert codes(replace(GOOD, view=view)) == ["scan_not_frontal"]


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "NM", "MG"])
def test_a_picture_that_calls_itself_something_else_than_an_x_ray_is_doubted(modality):
    assert codes(replace(GOOD, modality=modality)) == ["scan_not_xray"]


def test_another_part_of_the_body_is_doubted():
    assert codes(replace(GOOD, modality="DX", body_part="FOOT")) == ["scan_not_chest"]


def test_a_picture_of_one_pixel_is_too_small_and_nothing_else_is_asked_of_it():
    assert codes(Film(np.zeros((1, 1), np.float32))) == ["scan_too_small"]


def test_a_blank_picture_is_doubted():
    assert codes(Film(np.full((200, 200), 0.5, np.float32))) == ["scan_blank"]


def test_a_strip_is_doubted():
    assert codes(Film(np.tile(GOOD.pixels, (3, 1)))) == ["scan_shape"]


def test_a_colour_photograph_is_doubted_and_a_small_coloured_mark_is_not():
    rng = np.random.default_rng(1)
    photograph = rng.integers(0, 256, (100, 100, 3)).astype(np.uint8)
    assert "scan_photograph" in codes(read_scan(picture(photograph), "x.png"))
    marked = np.dstack([chest(200)] * 3)
    marked[10:30, 10:40] = (220, 40, 40)
    assert codes(read_scan(picture(marked), "x.png")) == []


def test_black_and_white_swapped_is_seen_in_a_plain_picture():
    swapped = replace(GOOD, pixels=1 - GOOD.pixels)
    assert codes(swapped) == ["scan_looks_inverted"]
    assert contrast_of_a_chest(swapped.pixels) == pytest.approx(-contrast_of_a_chest(GOOD.pixels))


def test_a_dicom_is_believed_about_its_direction():
    assert codes(replace(GOOD, pixels=1 - GOOD.pixels, modality="DX")) == []


def test_what_is_lost_at_the_ends_of_the_grey_scale_is_doubted():
    for pixels, code in (
        (np.where(GOOD.pixels < 0.8, 0, GOOD.pixels), "scan_too_dark"),
        (np.where(GOOD.pixels > 0.2, 1, GOOD.pixels), "scan_too_bright"),
        (np.round(GOOD.pixels * 12) / 12, "scan_few_greys"),
    ):
        assert code in codes(replace(GOOD, pixels=pixels.astype(np.float32)))
