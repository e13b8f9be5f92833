"""What a chest X-ray goes through on its way to the encoder: crop, resampling, grey levels, lungs."""

import numpy as np
import pytest

from mmcore.models.lungs import lung_box
from mmcore.preprocess.image import Crop, crop_around, dim, equalise, resample


def two_lungs(height: int = 160, width: int = 160) -> np.ndarray:
    """Two upright rectangles: rows 20 to 75 %, columns 15 to 45 % and 55 to 85 %."""
    mask = np.zeros((height, width), dtype=bool)
    rows = slice(round(0.20 * height), round(0.75 * height))
    mask[rows, round(0.15 * width) : round(0.45 * width)] = True
    mask[rows, round(0.55 * width) : round(0.85 * width)] = True
    return mask


def test_the_whole_picture_at_its_own_size_is_unchanged():
    pixels = np.random.default_rng(0).random((37, 53), dtype=np.float32)
    assert np.allclose(resample(pixels, Crop(), (37, 53)), pixels, atol=1e-6)


def test_a_crop_on_whole_pixels_at_its_own_size_is_that_part_of_the_picture():
    pixels = np.random.default_rng(1).random((40, 80), dtype=np.float32)
    part = resample(pixels, Crop(0.25, 0.125, 0.75, 0.5), (20, 30))
    assert np.allclose(part[1:-1, 1:-1], pixels[11:29, 11:39], atol=1e-5)


def test_halving_averages_without_changing_the_mean_of_a_flat_picture():
    assert np.allclose(resample(np.full((64, 48), 0.3), Crop(0.1, 0.2, 0.9, 0.7), (32, 24)), 0.3, atol=1e-6)


def test_stripes_finer_than_a_target_pixel_become_grey_and_not_a_pattern():
    stripes = np.tile(np.array([0.0, 1.0], dtype=np.float32), (128, 64))
    small = resample(stripes, Crop(), (16, 16))
    assert np.abs(small[1:-1, 1:-1] - 0.5).max() < 0.01


def test_a_mark_seen_in_the_crop_lies_where_the_crop_says_it_lies_in_the_picture():
    pixels = np.zeros((200, 300), dtype=np.float32)
    pixels[120:124, 180:184] = 1.0
    crop = Crop(0.3, 0.4, 0.9, 0.8)
    row, column = np.unravel_index(np.argmax(resample(pixels, crop, (160, 160))), (160, 160))
    back_row = (crop.top + (row + 0.5) / 160 * (crop.bottom - crop.top)) * 200
    back_column = (crop.left + (column + 0.5) / 160 * (crop.right - crop.left)) * 300
    assert abs(back_row - 122) <= 1 and abs(back_column - 182) <= 1


def test_a_margin_is_a_share_of_the_box_and_stops_at_the_edge_of_the_picture():
    crop = crop_around(0.0, 0.2, 0.5, 0.6, margin=0.1)
    assert (crop.top, crop.bottom) == pytest.approx((0.0, 0.55))
    assert (crop.left, crop.right) == pytest.approx((0.16, 0.64))


def test_equalised_levels_do_not_depend_on_the_curve_of_the_film_processor():
    levels = np.random.default_rng(2).permutation(256).reshape(16, 16) / 255
    darker = np.exp(2 * levels)  # an increasing curve that keeps the order of the levels apart
    assert np.abs(equalise(levels) - equalise(darker)).max() < 0.03


def test_equalised_levels_are_equally_common_and_keep_their_order():
    pixels = np.random.default_rng(3).beta(2, 9, (64, 64))
    equal = equalise(pixels)
    assert np.abs(np.quantile(equal, (0.1, 0.5, 0.9)) - (0.1, 0.5, 0.9)).max() < 0.02
    assert (np.diff(equal.ravel()[np.argsort(pixels.ravel())]) >= -1e-6).all()


def test_a_flat_picture_becomes_middle_grey():
    assert (equalise(np.full((8, 8), 0.7)) == 0.5).all()


def test_outside_the_lungs_three_tenths_of_the_grey_level_are_left():
    lungs = np.zeros((4, 4))
    lungs[:, 2:] = 1.0
    assert np.allclose(dim(np.ones((4, 4)), lungs)[0], (0.3, 0.3, 1.0, 1.0))


def test_two_lungs_give_their_rectangle_and_full_trust():
    box = lung_box(two_lungs())
    assert (box.top, box.left, box.bottom, box.right) == pytest.approx((0.20, 0.15, 0.75, 0.85), abs=0.02)
    assert box.quality == 1.0


def test_a_stray_speck_does_not_widen_the_rectangle():
    mask = two_lungs()
    mask[2:6, 2:6] = True
    assert lung_box(mask).top == pytest.approx(0.20, abs=0.02)


def test_one_lung_alone_is_trusted_less_than_two():
    mask = two_lungs()
    mask[:, 80:] = False
    assert lung_box(mask).quality < 0.5


def test_no_lung_gives_the_whole_picture_and_no_trust():
    box = lung_box(np.zeros((160, 160)))
    assert (box.top, box.left, box.bottom, box.right, box.quality) == (0.0, 0.0, 1.0, 1.0, 0.0)
