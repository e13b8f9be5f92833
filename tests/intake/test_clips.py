"""An echo clip: its frames are read within limits, kept, stepped through on Review, and add nothing to the answer."""

import re

import numpy as np
import pytest
from pydicom.uid import RLELossless

from mmcore.cases.upload import read_upload
from mmcore.domain.case import Case
from mmcore.domain.errors import TooLargeError
from mmcore.domain.scan import Film
from mmcore.explain.review import review
from mmcore.intake.image.dicom_clip import LONGEST_SIDE, chosen
from mmcore.intake.limits import MAX_CLIP_PIXELS, MAX_CLIP_SHOWN
from mmcore.prediction.engine import load_engine
from mmcore.tasks import get_task
from pages.ui.draw import viewer
from tests import ecg_files
from tests.conftest import page_text
from tests.intake_files import dataset, dicom, read_scan, saved

ECG = get_task("heart_ecg")


def clip(frames: int = 12, rows: int = 120, columns: int = 160) -> np.ndarray:
    """(N, H, W) uint8: a bright bar that moves one step a frame."""
    made = np.full((frames, rows, columns), 30, np.uint8)
    for n in range(frames):
        made[n, 40:80, 5 * n % columns : 5 * n % columns + 10] = 220
    return made


def uploaded(**elements) -> Case:
    """An ECG with an echo clip."""
    files = [
        ("rest.csv", ecg_files.table(ecg_files.ecg())),
        ("echo.dcm", dicom(clip(), Modality="US", **elements)),
    ]
    return read_upload(files, ECG).case


def test_every_frame_of_a_short_clip_is_kept_through_one_window():
    scan = read_scan(dicom(clip(), Modality="US"), clip=True)
    assert scan.frames.shape == (12, 120, 160) and scan.frames.dtype == np.uint8
    assert [int(f[60].argmax()) for f in scan.frames] == [5 * n for n in range(12)]
    assert len({int(f.max()) for f in scan.frames}) == 1
    assert np.allclose(scan.pixels, scan.frames[0] / 255)
    assert [(n.code, n.values["frames"]) for n in scan.notices] == [("scan_clip", 12)]


def test_a_compressed_colour_clip_is_read_in_grey():
    colour = np.repeat(clip(4)[..., None], 3, axis=-1)
    ds = dataset(clip(4), SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    ds.PixelData = colour.tobytes()
    ds.compress(RLELossless)
    scan = read_scan(saved(ds), clip=True)
    assert scan.frames.shape == (4, 120, 160) and [int(f[60].argmax()) for f in scan.frames] == [0, 5, 10, 15]


def test_a_long_clip_is_thinned_evenly_and_a_large_frame_is_made_small():
    assert chosen(12, (160, 120)) == list(range(12))
    long = chosen(600, (800, 600))
    assert len(long) <= MAX_CLIP_SHOWN and len(set(np.diff(long))) == 1 and long[0] == 0
    assert len(chosen(600, (4000, 3000))) * 4000 * 3000 <= MAX_CLIP_PIXELS
    scan = read_scan(dicom(clip(2, 300, 1280)), clip=True)
    assert scan.frames.shape == (2, 150, LONGEST_SIDE)


def test_a_clip_that_claims_too_many_frames_is_refused_before_it_is_decoded():
    with pytest.raises(TooLargeError) as refused:
        read_scan(dicom(clip(2), NumberOfFrames=5000), clip=True)
    assert refused.value.code == "scan_clip_too_long" and refused.value.values["frames"] == 5000


def test_a_question_that_reads_its_picture_takes_the_first_frame_alone():
    scan = read_upload([("film.dcm", dicom(clip()))], get_task("chest_infection")).items[0].scan
    assert isinstance(scan, Film) and scan.pixels.shape == (120, 160)


def test_a_clip_adds_nothing_and_says_so():
    case = uploaded()
    engine = load_engine("heart_ecg")
    seen = review(engine, case)
    assert seen.prediction.evidence["image"] is None
    assert ("shown_only", "image") in [(n.code, n.modality) for n in seen.prediction.notices]
    alone = review(engine, Case("heart_ecg", waveform=case.waveform))
    assert seen.prediction.probabilities == alone.prediction.probabilities


def test_the_frames_are_stored_and_stepped_through_on_review(store, visit, monkeypatch):
    case = uploaded()
    store.add("echo", case, patient_key="P-21")
    kept = store.load("echo").scan
    assert np.array_equal(kept.frames, case.scan.frames) and np.array_equal(kept.pixels, case.scan.pixels)
    page = visit(case="echo")
    assert not page.exception and "no model has seen such pictures, so it adds 0" in page_text(page)
    slider = page.slider(key="frame_echo")
    assert (slider.min, slider.max) == (1, 12)
    shown, draw = [], viewer.draw
    monkeypatch.setattr(
        viewer, "draw", lambda scan, *a, **k: (shown.append(scan.pixels), draw(scan, *a, **k))
    )
    assert not slider.set_value(7).run().exception
    assert [int(p[60].argmax()) for p in shown] == [5 * 6]


def test_echo_measurements_stand_beside_their_reference_ranges_and_add_nothing(store, visit):
    engine = load_engine("heart_ecg")
    measured = {"ejection_fraction_percent": 35.0, "wall_motion_abnormal": 1.0, "age_years": 70.0}
    ecg = uploaded().waveform
    seen = review(engine, Case("heart_ecg", waveform=ecg, values=measured))
    alone = review(engine, Case("heart_ecg", waveform=ecg, values={"age_years": 70.0}))
    assert seen.prediction.probabilities == alone.prediction.probabilities
    store.add("measured", Case("heart_ecg", waveform=ecg, values=measured))
    text = page_text(visit(case="measured"))
    assert re.search(r"35 %</span> <small>outside[^<]*</small></td><td>52.{1,4}74", text)
    assert "all motion" in text
