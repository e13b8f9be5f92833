"""CT files are read into Hounsfield units in one frame, and bad ones are told in one sentence each."""

import gzip
import io

import nibabel
import numpy as np
import pytest
from pydicom.uid import CTImageStorage

from mmcore.cases.upload import read_upload
from mmcore.domain.errors import OutOfRangeError, TooLargeError, UnreadableFileError
from mmcore.domain.scan import Mark
from mmcore.intake.ct.scan import marked, near_mark, zipped
from mmcore.intake.file import File
from mmcore.preprocess.ct import SIDE, SPACING_MM, doubts_of, region_of, scaled, square_around
from mmcore.synthetic.ct.phantom import NoduleLook, draw_ct
from mmcore.tasks import get_task
from mmcore.words import LANGUAGES, known
from tests.intake_files import dicom, picture, read_ct, read_ct_scan

UPRIGHT = [1, 0, 0, 0, 1, 0]


def ct_file(stored: np.ndarray, place_mm: float = 0.0, **elements: object) -> bytes:
    """A CT slice of stored values (H, W) uint16, Hounsfield units plus 1024."""
    facts = {
        "SOPClassUID": CTImageStorage, "Modality": "CT", "PixelSpacing": [0.7, 0.8], "RescaleSlope": 1, "RescaleIntercept": -1024,
        "ImageOrientationPatient": UPRIGHT, "ImagePositionPatient": [0, 0, place_mm], "SeriesInstanceUID": "1.2.3",
    }  # fmt: skip
    return dicom(stored.astype(np.uint16), **(facts | elements))


@pytest.fixture(scope="module")
def ramp() -> np.ndarray:
    """(64, 72) stored values that differ everywhere along rows and columns."""
    return (np.arange(64)[:, None] * 20 + np.arange(72)[None]).astype(np.uint16)


def read(data: bytes) -> tuple[dict, np.ndarray]:
    facts, payload = read_ct(data, "salt")
    return facts, np.frombuffer(payload, "<i2").reshape(facts["shape"])


def test_a_slice_becomes_hounsfield_units_by_its_rescale(ramp):
    facts, hounsfield = read(ct_file(ramp))
    assert np.array_equal(hounsfield[0], ramp.astype(int) - 1024)
    assert facts["spacing_mm"] == [0.7, 0.8]
    assert facts["notices"] == []


def test_padding_becomes_air(ramp):
    _, hounsfield = read(ct_file(ramp, PixelPaddingValue=0))
    assert hounsfield[0, 0, 0] == -1024
    assert hounsfield[0, 1, 0] == 20 - 1024


def test_a_series_is_ordered_from_head_to_feet_whatever_the_order_of_files(ramp):
    files = [ct_file(ramp + k, place_mm=2.0 * k) for k in (1, 3, 0, 2)]
    facts, hounsfield = read(zipped(files))
    assert hounsfield[:, 0, 0].tolist() == [3 - 1024, 2 - 1024, 1 - 1024, -1024]
    assert facts["slice_spacing_mm"] == 2.0
    assert facts["notices"] == []


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        ([-1, 0, 0, 0, 1, 0], lambda x: x[:, ::-1]),
        ([1, 0, 0, 0, -1, 0], lambda x: x[::-1]),
        ([-1, 0, 0, 0, -1, 0], lambda x: x[::-1, ::-1]),
    ],
)
def test_a_patient_who_lies_otherwise_is_brought_to_the_usual_frame(ramp, orientation, turn):
    facts, hounsfield = read(ct_file(ramp, ImageOrientationPatient=orientation))
    assert np.array_equal(hounsfield[0], turn(ramp.astype(int)) - 1024)
    assert facts["notices"][0][0] == "ct_turned"


def test_a_slice_on_its_side_swaps_the_spacings_too(ramp):
    facts, hounsfield = read(ct_file(ramp, ImageOrientationPatient=[0, 1, 0, 1, 0, 0]))
    assert np.array_equal(hounsfield[0], ramp.T.astype(int) - 1024)
    assert facts["spacing_mm"] == [0.8, 0.7]


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ((0, 2, 4, 8, 10), "ct_slices_missing"),
        ((0, 2, 4, 6.6, 8.6), "ct_uneven_spacing"),
        ((0, 2, 2, 4), "ct_slices_twice"),
    ],
)
def test_gaps_unevenness_and_repeats_in_a_series_are_told(ramp, places, code):
    facts, _ = read(zipped([ct_file(ramp, place_mm=float(p)) for p in places]))
    assert [n[0] for n in facts["notices"]] == [code]


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"Modality": "MR"}, "scan_not_ct"),
        ({"RescaleIntercept": None}, "ct_without_rescale"),
        ({"PixelSpacing": None}, "ct_without_spacing"),
        ({"PixelSpacing": [7.0, 7.0]}, "ct_spacing_implausible"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "ct_not_axial"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(ramp, elements, code):
    given = {k: v for k, v in elements.items() if v is not None}
    data = ct_file(ramp, **given)
    for keyword in (k for k, v in elements.items() if v is None):
        from pydicom import dcmread

        ds = dcmread(io.BytesIO(data))
        delattr(ds, keyword)
        out = io.BytesIO()
        ds.save_as(out, enforce_file_format=True)
        data = out.getvalue()
    with pytest.raises(UnreadableFileError) as error:
        read(data)
    assert error.value.code == code
    assert all(known(f"notice.{code}", language) for language in LANGUAGES)


def test_nifti_is_turned_to_the_same_frame_and_inflated_within_limits(ramp):
    volume = np.stack(
        [ramp.astype(np.int16) - 1024 + k for k in range(3)]
    )  # head first, rows to the back, columns to the left
    array = volume[::-1, ::-1, ::-1].transpose(2, 1, 0)  # x right, y front, z up
    image = nibabel.Nifti1Image(array, np.diag([0.8, 0.7, 2.5, 1.0]))
    for data in (image.to_bytes(), gzip.compress(image.to_bytes())):
        facts, hounsfield = read(data)
        assert np.array_equal(hounsfield, volume)
        assert facts["spacing_mm"] == pytest.approx([0.7, 0.8])
        assert facts["slice_spacing_mm"] == pytest.approx(2.5)
    flipped = nibabel.Nifti1Image(array[::-1], np.diag([-0.8, 0.7, 2.5, 1.0]))
    assert np.array_equal(read(flipped.to_bytes())[1], volume)


def test_a_nifti_header_that_claims_too_much_is_refused_before_inflating():
    header = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)).to_bytes()
    claimed = header[:42] + np.array([4000, 4000, 400], "<i2").tobytes() + header[48:]
    with pytest.raises(TooLargeError) as error:
        read(gzip.compress(claimed))
    assert error.value.code == "ct_too_many_voxels"


def test_a_numpy_patch_says_that_its_spacing_is_assumed():
    out = io.BytesIO()
    np.save(out, np.full((71, 71), -800, np.int16))
    facts, hounsfield = read(out.getvalue())
    assert hounsfield.shape == (1, 71, 71)
    assert facts["notices"] == [("ct_spacing_assumed", {"value": "0.7"})]


def test_the_square_is_a_known_ramp_between_pixels_and_keeps_millimetres():
    slice_ = np.arange(200.0)[:, None] * 10 + np.zeros((1, 200))
    square = square_around(slice_, (0.5, 0.5), (100.0, 100.0))
    assert square.shape == (SIDE, SIDE)
    assert square[:, 0] == pytest.approx(
        1000 + (np.arange(SIDE) - (SIDE - 1) / 2) * SPACING_MM / 0.5 * 10, abs=1e-2
    )
    region = region_of((200, 200), (0.5, 0.5), (100.0, 100.0))
    assert (region.bottom - region.top) * 200 * 0.5 == pytest.approx(SIDE * SPACING_MM)


def test_beyond_the_border_the_outermost_pixel_is_repeated():
    square = square_around(np.full((30, 30), -700.0), (0.7, 0.7), (0.0, 0.0))
    assert square == pytest.approx(np.full((SIDE, SIDE), -700.0), abs=1e-3)
    assert scaled(np.array([-2000.0, -1024.0, 3071.0, 9000.0])).tolist() == [0, 0, 1, 1]


@pytest.fixture(scope="module")
def phantom() -> np.ndarray:
    return draw_ct(3, NoduleLook(12))


def test_a_nodule_in_a_lung_raises_no_doubt_and_what_is_none_does(phantom):
    def codes(slice_: np.ndarray, mark: tuple[float, float] = (63.5, 63.5)) -> list[str]:
        return [n.code for n in doubts_of(square_around(slice_, (0.7, 0.7), mark))]

    assert codes(phantom[2]) == []
    assert codes(np.zeros((128, 128))) == ["ct_no_air"]  # a water phantom
    bowl = np.where(np.hypot(*np.mgrid[-64:64, -64:64]) < 40, 0, -1000)
    assert codes(bowl, (20.0, 63.5)) == ["ct_no_lung"]  # water and air around it
    assert codes(np.random.default_rng(0).normal(-860, 10, (128, 128))) == ["ct_no_nodule"]
    assert codes(phantom[2] + 1024.0) == ["ct_no_air"]  # stored values, no Hounsfield units


def test_files_of_a_series_are_read_as_one_scan_with_the_mark(phantom):
    task = get_task("lung_nodule")
    files = [
        File(f"{k}.dcm", ct_file(s + 1024, -2.0 * k), place=(63.0, 64.0, 1)) for k, s in enumerate(phantom)
    ]
    upload = read_upload(files, task)
    assert len(upload.items) == 1
    scan = upload.case.scan
    assert scan.hounsfield.shape == (5, 128, 128)
    assert (scan.mark.slice, scan.mark.row, scan.mark.column) == (1, 63.0, 64.0)
    assert np.array_equal(scan.marked_slice, phantom[1])


def test_a_gap_waits_for_the_users_word(phantom):
    task = get_task("lung_nodule")
    files = [(f"{k}.dcm", ct_file(phantom[0] + 1024, -2.0 * k)) for k in (0, 1, 2, 5)]
    waiting = read_upload(files, task)
    assert waiting.items[0].gate.code == "ct_slices_missing"
    assert waiting.case.overruled == frozenset()
    assert read_upload(files, task, accept_corrections=frozenset({"ct_slices_missing"})).case.overruled == {
        "image"
    }


def test_pictures_and_marks_outside_are_refused_and_the_rest_of_the_case_stays():
    task = get_task("lung_nodule")
    png = picture(np.zeros((128, 128), np.uint8))
    upload = read_upload([("nodule.png", png)], task, typed={"diameter_mm": 12, "spiculation": "marked"})
    assert [n.code for n in upload.case.refused] == ["ct_from_picture"]
    assert upload.case.values == {"diameter_mm": 12.0, "spiculation": 4.0}
    out = io.BytesIO()
    np.savez(out, hu=np.full((71, 71), -800, np.int16), pixel_spacing=np.array(0.7))
    with pytest.raises(OutOfRangeError) as error:
        read_ct_scan(out.getvalue(), place=(71.0, 3.0, None))
    assert error.value.code == "ct_mark_outside"


def test_a_new_mark_takes_the_place_of_the_assumed_one_and_a_case_keeps_the_slices_near_it():
    out = io.BytesIO()
    np.savez(out, hu=np.zeros((40, 32, 32), np.int16) - 800, pixel_spacing=np.array(0.7))
    scan = read_ct_scan(out.getvalue())
    assert [n.code for n in scan.notices] == ["ct_mark_assumed"]
    kept = near_mark(marked(scan, Mark(30, 5.0, 6.0)))
    assert kept.notices == ()
    assert len(kept.hounsfield) == 22
    assert kept.mark == Mark(12, 5.0, 6.0)
