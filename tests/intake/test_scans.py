"""Pictures come out of PNG, JPEG and DICOM files as grey values in [0, 1], bright is dense, with what the header says."""

from datetime import date

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from mmcore.domain.timestamp import Timestamp
from tests.intake_files import chest, dataset, dicom, picture, read_scan, saved

RAMP = np.tile(np.arange(100, 228, dtype=np.uint16), (128, 1))  # 128 rows, each 100 to 227


def codes(scan) -> list[str]:
    return [notice.code for notice in scan.notices]


def test_an_8_bit_png_keeps_its_grey_values():
    scan = read_scan(picture(chest()), "x.png")
    assert np.array_equal(np.rint(scan.pixels * 255), chest())
    assert (scan.modality, scan.view, scan.colourful) == ("", None, 0.0)


def test_a_12_bit_picture_in_a_16_bit_png_spans_12_bits():
    stored = chest().astype(np.uint16) * 16
    scan = read_scan(picture(stored), "x.png")
    assert np.allclose(scan.pixels, stored / 4095, atol=1e-6)


def test_a_jpeg_is_read_whatever_its_name_says():
    scan = read_scan(picture(chest(), "JPEG", quality=95), "x.dcm")
    assert np.abs(scan.pixels * 255 - chest()).mean() < 3


def test_a_jpeg_is_turned_as_its_exif_orientation_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is at the right
    scan = read_scan(picture(chest()[:96], "JPEG", exif=exif), "x.jpg")
    assert scan.pixels.shape == (128, 96)


def test_transparent_pixels_become_black():
    rgba = np.dstack([np.full((80, 80), 200, np.uint8)] * 3 + [np.full((80, 80), 255, np.uint8)])
    rgba[:40, :, 3] = 0
    scan = read_scan(picture(rgba), "x.png")
    assert scan.pixels[:40].max() == 0
    assert scan.pixels[40:].min() == pytest.approx(200 / 255)


def test_a_linear_window_follows_the_formula_of_the_standard():
    scan = read_scan(dicom(RAMP, WindowCenter=160, WindowWidth=64), "x.dcm")
    expected = np.clip((np.arange(100, 228) - 159.5) / 63 + 0.5, 0, 1)  # PS3.3 C.11.2.1.2.1
    assert np.allclose(scan.pixels[0], expected, atol=1e-6)
    assert scan.window == (160, 64)


def test_the_window_applies_to_rescaled_values():
    plain = read_scan(dicom(RAMP, WindowCenter=160, WindowWidth=64), "x")
    rescaled = read_scan(
        dicom(RAMP, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=-680, WindowWidth=127), "x"
    )
    assert np.allclose(plain.pixels, rescaled.pixels, atol=0.01)


def test_monochrome1_is_turned_round_without_a_word():
    one = read_scan(
        dicom(RAMP, PhotometricInterpretation="MONOCHROME1", WindowCenter=160, WindowWidth=64), "x"
    )
    two = read_scan(dicom(RAMP, WindowCenter=160, WindowWidth=64), "x")
    assert np.allclose(one.pixels, 1 - two.pixels)
    assert codes(one) == []


def test_a_voi_table_goes_before_a_window():
    item = Dataset()
    item.LUTDescriptor = [128, 100, 12]
    item.add_new("LUTData", "OW", np.arange(4000, 3872, -1, dtype="<u2").tobytes())
    ds = dataset(RAMP, WindowCenter=160, WindowWidth=64)
    ds.VOILUTSequence = [item]
    scan = read_scan(saved(ds), "x")
    assert np.allclose(scan.pixels[0], np.arange(4000, 3872, -1) / 4095, atol=1e-6)


def test_without_a_window_the_range_of_the_pixels_is_shown():
    scan = read_scan(dicom(RAMP), "x")
    assert (scan.pixels.min(), scan.pixels.max()) == (0, 1)
    assert scan.pixels[0, 64] == pytest.approx(64 / 127, abs=0.01)


def test_a_window_of_no_width_is_ignored_with_a_notice():
    scan = read_scan(dicom(RAMP, WindowCenter=160, WindowWidth=0), "x")
    assert codes(scan) == ["scan_window_ignored"]
    assert scan.pixels.max() == 1


def test_padding_is_black_in_monochrome1_too():
    stored = RAMP.copy()
    stored[:10] = 0
    scan = read_scan(dicom(stored, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0), "x")
    assert scan.pixels[:10].max() == 0
    assert scan.pixels[20, 0] == pytest.approx(1, abs=0.02)


def test_signed_pixels_are_read():
    scan = read_scan(dicom(RAMP.astype(np.int16) - 164, WindowCenter=-4, WindowWidth=64), "x")
    assert np.allclose(scan.pixels[0], np.clip((np.arange(100, 228) - 159.5) / 63 + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_lossless_compression_changes_no_pixel(syntax):
    ds = dataset(RAMP, WindowCenter=160, WindowWidth=64)
    ds.compress(syntax)
    assert np.array_equal(
        read_scan(saved(ds), "x").pixels, read_scan(dicom(RAMP, WindowCenter=160, WindowWidth=64), "x").pixels
    )


def test_of_several_frames_the_first_is_read_and_a_notice_says_so():
    scan = read_scan(dicom(np.stack([RAMP, RAMP[:, ::-1], RAMP])), "x")
    assert scan.pixels.shape == (128, 128)
    assert scan.pixels[0, 0] < scan.pixels[0, -1]
    assert scan.notices[0].values == {"frames": 3}


def test_the_header_tells_view_side_place_spacing_and_date():
    scan = read_scan(
        dicom(
            RAMP,
            ViewPosition="PA",
            ImageLaterality="U",
            BodyPartExamined="CHEST",
            ImagerPixelSpacing=[0.2, 0.1],
            StudyDate="20240229",
        ),
        "x",
    )
    assert (scan.modality, scan.view, scan.laterality, scan.body_part) == ("DX", "PA", "U", "CHEST")
    assert scan.spacing_mm == (0.1, 0.1)  # made square
    assert scan.taken == Timestamp(date(2024, 2, 29))


def test_rows_that_run_from_front_to_back_are_a_lateral_view():
    assert read_scan(dicom(RAMP, PatientOrientation=["A", "F"]), "x").view == "LATERAL"
    assert read_scan(dicom(RAMP, PatientOrientation=["L", "F"]), "x").view is None


def test_a_patient_is_known_only_by_a_hash_that_is_the_same_for_the_same_patient():
    jane, again = read_scan(dicom(RAMP), "x"), read_scan(dicom(RAMP), "y")
    john = read_scan(dicom(RAMP, PatientID="4712"), "x")
    assert jane.patient_hash == again.patient_hash != john.patient_hash
    assert "Doe" not in repr(jane) and "4711" not in repr(jane)


def test_colour_is_counted_by_its_share_of_the_picture():
    rgb = np.dstack([chest()] * 3)
    rgb[:32, :64] = (200, 30, 30)
    scan = read_scan(picture(rgb), "x.png")
    assert scan.colourful == pytest.approx(0.125)
