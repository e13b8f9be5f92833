"""The ECG on paper: every lead is drawn, layouts cover what they say, evidence lies where it belongs."""

import re

import numpy as np
import pytest

from mmcore.domain.case import LEADS, Waveform
from mmcore.domain.prediction import Attribution, Contrast
from mmcore.domain.task import Modality
from pages.ui.draw import ecg
from tests.ecg_files import ecg as made_up


@pytest.fixture(scope="module")
def waveform() -> Waveform:
    return Waveform(made_up(rate_hz=100).astype(np.float32), 100.0, LEADS)


def evidence(lead: str, second: float, value: float) -> Attribution:
    values = np.zeros((12, 125))
    values[LEADS.index(lead), int(second / 0.08)] = value
    return Attribution(
        Modality.WAVEFORM,
        Contrast("ischaemia"),
        "grad_cam_signed",
        "mean_training_features",
        values,
        value,
        0.0,
    )


def test_twelve_leads_by_one_show_all_ten_seconds_and_three_by_four_a_quarter_with_a_rhythm_strip():
    whole, quarters = ecg.strips("12x1"), ecg.strips("3x4")
    assert [s[0] for s in whole] == list(LEADS) and {s[1:3] for s in whole} == {(0.0, 10.0)}
    assert len(quarters) == 13 and quarters[0] == ("I", 0.0, 2.5, 0) and quarters[7] == ("V2", 5.0, 7.5, 1)
    assert quarters[-1] == ("II", 0.0, 10.0, 3)


def test_a_second_is_25_mm_and_a_millivolt_10_mm():
    samples = np.zeros((12, 1000), np.float32)
    samples[0, 100] = 1.0
    svg = ecg.paper(Waveform(samples, 100.0, LEADS), None, "12x1", "off")
    points = [tuple(map(float, p.split(","))) for p in re.search(r'points="([^"]*)"', svg)[1].split()]
    assert points[200][0] - points[100][0] == pytest.approx(25)
    assert points[99][1] - points[100][1] == pytest.approx(10)


@pytest.mark.parametrize(("millivolts", "above", "below"), [(1.0, 0, 0), (2.4, 10, 0), (-2.4, 0, 10)])
def test_the_paper_grows_where_a_wave_would_be_cut_off(millivolts, above, below):
    samples = np.zeros((12, 1000), np.float32)
    samples[[0, 1], 100] = millivolts  # I on the first line, II on the last
    svg = ecg.paper(Waveform(samples, 100.0, LEADS), None, "3x4", "off")
    top, height = (float(x) for x in re.search(r'viewBox="0 (-?\d+) \d+ (\d+)"', svg).groups())
    assert (-top, height - 112) == (above, above + below)
    heights = [float(p.split(",")[1]) for line in re.findall(r'points="([^"]*)"', svg) for p in line.split()]
    assert top < min(heights) and max(heights) < top + height


def test_evidence_that_failed_its_test_has_one_swatch_since_both_ways_are_grey(monkeypatch):
    monkeypatch.setattr(ecg, "t", lambda code, **values: f"{code} {values}")
    at = evidence("V3", 4.0, 0.3)
    assert (ecg._legend(at, False).count("■"), ecg._legend(at, True).count("■")) == (2, 1)
    assert "legend_doubtful" in ecg._legend(at, True)


def test_evidence_is_drawn_in_its_lead_and_time_and_can_be_put_off(waveform):
    at = evidence("V3", 4.0, 0.3)
    svg = ecg.paper(waveform, at, "12x1", "both")
    (band,) = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', svg)
    assert float(band[0]) == pytest.approx(2 + 4.0 * 25) and float(band[1]) == pytest.approx(8 * 17 + 2)
    assert "<rect" not in ecg.paper(waveform, at, "12x1", "off")
    assert "<rect" not in ecg.paper(waveform, at, "12x1", "against")
    assert "<rect" not in ecg.paper(waveform, at, "3x4", "both")  # V3 shows 5 to 7.5 s there


def test_the_picture_is_put_into_words(waveform, monkeypatch):
    monkeypatch.setattr(ecg, "t", lambda code, **values: f"{code} {values}")
    words = ecg.alternative(waveform, evidence("V3", 4.0, -0.3))
    assert "'others': 'V3'" in words
