"""CT of any plane, position and side comes to one frame, or is refused with the reason; a mark on the other side is warned of."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest

from mmcore.domain.case import Case
from mmcore.domain.errors import UnreadableFileError
from mmcore.domain.scan import CtVolume, Mark, Scan
from mmcore.gates.consistency import find_contradictions
from mmcore.intake.ct.scan import zipped
from mmcore.preprocess.ct import side_of
from mmcore.tasks import get_task
from mmcore.words import LANGUAGES, tell
from tests.intake.test_ct import ct_file
from tests.intake_files import read_ct

# head first, rows to the back, columns to the left: a volume in which every voxel differs
VOLUME = np.arange(64 * 66 * 70, dtype=np.int32).reshape(64, 66, 70) % 3000 - 1024
SPACING = (1.5, 0.7, 0.8)  # of slices, rows and columns in mm
TILT = 15.0


def read(data: bytes) -> tuple[dict, np.ndarray]:
    facts, payload = read_ct(data, "salt")
    return facts, np.frombuffer(payload, "<i2").reshape(facts["shape"])


def series(order: tuple[int, int, int], flips: tuple[int, int, int]) -> bytes:
    """VOLUME as a DICOM series whose slices, rows and columns run along the axes `order` of VOLUME, backwards where flipped."""
    place = [np.arange(n) * mm for n, mm in zip(VOLUME.shape, SPACING, strict=True)]
    unit = np.array(
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]], float
    )  # of the axes of VOLUME in the body: feet, back, left
    stored = VOLUME.transpose(order)
    ways = [-1 if flip else 1 for flip in flips]
    stored = stored[tuple(slice(None, None, way) for way in ways)]
    corner = sum(
        unit[axis] * (place[axis][-1] if way < 0 else 0) for axis, way in zip(order, ways, strict=True)
    )
    steps = [unit[axis] * way for axis, way in zip(order, ways, strict=True)]
    files = [
        ct_file(
            picture + 1024,
            ImageOrientationPatient=[*steps[2], *steps[1]],
            ImagePositionPatient=list(corner + steps[0] * SPACING[order[0]] * k),
            PixelSpacing=[SPACING[order[1]], SPACING[order[2]]],
        )
        for k, picture in enumerate(stored)
    ]
    return zipped(files)


@pytest.mark.parametrize(
    ("order", "flips", "told"),
    [
        ((0, 1, 2), (0, 0, 0), None),
        ((0, 1, 2), (1, 0, 0), None),  # scanned from the feet: the files come the other way round
        ((0, 1, 2), (0, 1, 1), "ct_turned"),  # lying on the belly
        ((0, 2, 1), (0, 0, 1), "ct_turned"),  # lying on one side: rows and columns change places
        ((2, 0, 1), (0, 0, 0), "ct_from_sagittal"),
        ((2, 0, 1), (1, 1, 1), "ct_from_sagittal"),
        ((1, 0, 2), (0, 0, 0), "ct_from_coronal"),
        ((1, 0, 2), (1, 0, 1), "ct_from_coronal"),
    ],
)
def test_every_plane_and_position_comes_to_the_same_volume(order, flips, told):
    facts, hounsfield = read(series(order, flips))
    assert np.array_equal(hounsfield, VOLUME)
    assert facts["spacing_mm"] == pytest.approx(SPACING[1:])
    assert facts["slice_spacing_mm"] == pytest.approx(SPACING[0])
    assert [code for code, _ in facts["notices"]] == ([told] if told else [])


def slices(count: int = 3, step_mm: float = 2.0, **elements: object) -> list[bytes]:
    ramp = np.arange(64 * 72, dtype=np.uint16).reshape(64, 72)
    return [ct_file(ramp, place_mm=step_mm * k, **elements) for k in range(count)]


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableFileError) as error:
        read(data)
    for language in LANGUAGES:
        assert tell(error.value, language)[-1] in ".。"
    return error.value.code


@pytest.mark.parametrize(
    ("count", "step_mm"), [(1, 2.0), (10, 2.0), (64, 5.0)], ids=["one slice", "too few", "too far apart"]
)
def test_sagittal_slices_of_which_no_axial_ones_can_be_made_are_refused(count, step_mm):
    ramp = np.arange(64 * 72, dtype=np.uint16).reshape(64, 72)
    files = [
        ct_file(ramp, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[step_mm * k, 0, 0])
        for k in range(count)
    ]
    assert refusal(zipped(files) if count > 1 else files[0]) == "ct_not_axial"


def test_sagittal_slices_with_a_gap_are_refused():
    ramp = np.arange(64 * 72, dtype=np.uint16).reshape(64, 72)
    places = [k for k in range(70) if k != 30]
    files = [
        ct_file(ramp, ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[float(k), 0, 0])
        for k in places
    ]
    assert refusal(zipped(files)) == "ct_not_axial"


def tilted(degrees: float) -> list[float]:
    angle = np.radians(degrees)
    return [1, 0, 0, 0, float(np.cos(angle)), float(np.sin(angle))]


def test_a_tilted_gantry_is_told_and_slices_that_lie_obliquely_are_refused():
    facts, _ = read(zipped(slices(ImageOrientationPatient=tilted(TILT))))
    assert facts["notices"] == [("ct_tilted", {"degrees": "15"})]
    assert read(zipped(slices(ImageOrientationPatient=tilted(2))))[0]["notices"] == []
    assert refusal(zipped(slices(ImageOrientationPatient=tilted(40)))) == "ct_not_axial"


def test_slices_that_run_in_different_directions_or_differ_in_spacing_are_refused():
    turned = slices(ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    assert refusal(zipped([*slices(2), turned[2]])) == "ct_directions_differ"
    finer = slices(PixelSpacing=[0.5, 0.5])
    assert refusal(zipped([*slices(2), finer[2]])) == "ct_spacings_differ"


def test_slices_known_by_their_location_alone_say_that_their_order_is_assumed():
    files = [
        ct_file(np.full((64, 72), 100 + k, np.uint16), ImagePositionPatient=None, SliceLocation=2.0 * k)
        for k in range(3)
    ]
    facts, hounsfield = read(zipped(files))
    assert hounsfield[:, 0, 0].tolist() == [102 - 1024, 101 - 1024, 100 - 1024]
    assert [code for code, _ in facts["notices"]] == ["ct_order_assumed"]


def nifti(affine: np.ndarray, qform: np.ndarray | None = None, codes: tuple[int, int] = (1, 1)) -> bytes:
    image = nibabel.Nifti1Image(np.zeros((20, 22, 8), np.int16), affine)
    image.set_sform(affine, codes[1])
    image.set_qform(affine if qform is None else qform, codes[0])
    return image.to_bytes()


def test_a_nifti_file_says_where_its_orientation_is_assumed_tilted_or_contradictory():
    usual = np.diag([0.8, 0.7, 2.0, 1.0])
    assert read(nifti(usual))[0]["notices"] == []
    assert read(nifti(usual, codes=(0, 0)))[0]["notices"] == [("ct_orientation_assumed", {})]
    angle = np.radians(TILT)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert read(nifti(turn @ usual))[0]["notices"] == [("ct_tilted", {"degrees": "15"})]
    flipped = np.diag([-0.8, 0.7, 2.0, 1.0])
    assert refusal(nifti(usual, qform=flipped)) == "ct_directions_contradict"


@pytest.fixture(scope="module")
def chest() -> Scan:
    """A slice 300 mm wide: the body off the middle of the picture, two lungs."""
    rows, columns = np.mgrid[0:200, 0:300]
    slice_ = np.full((200, 300), -1000, np.int16)
    slice_[np.hypot((rows - 100) / 90, (columns - 160) / 130) < 1] = 40
    for centre in (100, 220):
        slice_[np.hypot((rows - 100) / 60, (columns - centre) / 45) < 1] = -850
    return CtVolume(hounsfield=slice_[None], spacing_mm=(1.0, 1.0), mark=Mark(0, 100, 220))


def test_the_side_of_a_mark_is_told_by_the_middle_of_the_body(chest):
    def side(column: float, scan: Scan = chest) -> str | None:
        return side_of(scan.hounsfield[0], scan.spacing_mm, (100, column))

    assert [side(c) for c in (100, 155, 165, 220)] == ["right", None, None, "left"]
    assert side(220, replace(chest, spacing_mm=(0.5, 0.5))) is None  # 150 mm wide: a part of the chest


def test_a_lobe_on_the_other_side_than_the_mark_is_warned_of_in_words(chest):
    choices = get_task("lung_nodule").field("location").choices
    for lobe in choices:
        case = Case("lung_nodule", chest, values={"location": float(choices.index(lobe))})
        told = [n for n in find_contradictions(case) if n.code == "sides_differ"]
        assert bool(told) == lobe.startswith("right")
        for notice in told:
            assert "right side" in tell(notice) and "left half" in tell(notice)
            assert "左半侧" in tell(notice, "zh")
    assert find_contradictions(Case("lung_nodule", chest)) == ()
