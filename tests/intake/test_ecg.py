"""ECG files as clinicians have them: every format gives the same leads, every fault one sentence."""

import numpy as np
import pytest

from mmcore.domain.case import LEADS
from mmcore.domain.errors import UnreadableFileError
from mmcore.synthetic.ecg.beats import anterior_infarct, left_bundle_branch_block, lv_hypertrophy
from mmcore.words import known
from tests.ecg_files import dicom, ecg, npz, table, wfdb
from tests.intake_files import read_ecg

HUM = 0.2 * np.sin(2 * np.pi * 50 * np.arange(5000) / 500)


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return ecg()


def doubt_of(samples: np.ndarray, agreed=False, **options):
    """(the ECG, its open doubt) of samples sent through a CSV file."""
    return read_ecg("ecg.csv", table(samples, **options), {}, accept_corrections=agreed)


@pytest.mark.parametrize("form", ["16", "212"])
def test_a_wfdb_record_is_read_from_its_two_files(samples, form):
    header, signals = wfdb(samples, form=form, gain=1000 if form == "16" else 400)
    found, doubt = read_ecg("rec.hea", header, {"rec.dat": signals})
    assert doubt is None
    assert found.leads == LEADS and found.rate_hz == 500 and found.taken.iso == "2019-03-20T10:00"
    assert np.abs(found.samples - samples).max() < 0.0013


def test_a_wfdb_header_without_its_signals_names_what_is_missing(samples):
    with pytest.raises(UnreadableFileError) as told:
        read_ecg("rec.hea", wfdb(samples)[0], {})
    assert told.value.code == "ecg_signals_missing" and told.value.values == {"name": "rec.dat"}


def test_a_table_in_microvolts_says_so_in_its_heading(samples):
    found, doubt = doubt_of(1000 * samples, unit="uV")
    assert doubt is None
    assert np.abs(found.samples - samples).max() < 1e-4


def test_a_table_without_time_is_taken_for_ten_seconds_and_says_so(samples):
    found, doubt = doubt_of(samples, time=False, separator="\t")
    assert doubt is None and found.rate_hz == 500
    assert [n.code for n in found.notices] == ["ecg_rate_assumed"]


def test_a_dicom_waveform_is_read_with_its_units(samples):
    found, doubt = read_ecg("ecg.dcm", dicom(samples), {})
    assert doubt is None and found.leads == LEADS and found.patient_hash
    assert np.abs(found.samples - samples).max() < 0.0013


def test_the_packs_own_form_is_read(samples):
    found, doubt = read_ecg("ecg.npz", npz(samples[:, ::5]), {})
    assert doubt is None and found.rate_hz == 100 and found.samples.shape == (12, 1000)


def test_eight_leads_are_completed_exactly(samples):
    eight = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    found, doubt = doubt_of(samples[[LEADS.index(n) for n in eight]], leads=eight)
    assert doubt is None and found.leads == LEADS
    assert np.abs(found.samples - samples).max() < 0.03  # the noise of the lead that was worked out
    assert found.notices[0].values == {"leads": "III, aVR, aVL, aVF"}


def flat(x):
    x[8] = 0.31
    return x


def swapped_arms(x):
    x = x[[0, 2, 1, 4, 3, 5, *range(6, 12)]]
    x[0] *= -1
    return x


def reversed_chest(x):
    return x[[*range(6), *range(11, 5, -1)]]


def swapped_leg(x):
    x = x[[2, 1, 0, 5, 4, 3, *range(6, 12)]]
    x[:3] *= -1
    return x


FAULTS = {
    "ecg_flat_lead": flat,
    "ecg_limb_leads_swapped": swapped_arms,
    "ecg_leg_lead_swapped": swapped_leg,
    "ecg_upside_down": lambda x: -x,
    "ecg_chest_leads_reversed": reversed_chest,
    "ecg_chest_lead_order": lambda x: x[[*range(6), 6, 7, 9, 8, 10, 11]],
    "ecg_leads_inconsistent": lambda x: x[[0, 2, 1, *range(3, 12)]],
    "ecg_hum": lambda x: x + HUM,
    "ecg_too_short": lambda x: x[:, :3000],
    "ecg_gap": lambda x: np.where(np.arange(5000) < 500, np.nan, x),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_is_told_and_keeps_the_ecg_out(samples, code):
    _, doubt = doubt_of(FAULTS[code](samples.copy()))
    assert doubt.code == code and doubt.modality == "waveform" and known(f"notice.{code}")


@pytest.mark.parametrize("factor", [1000, 10, 0.001])
def test_a_wrong_gain_is_corrected_with_consent_only(samples, factor):
    file = npz(samples[:, ::5] * factor) if factor == 0.001 else table(samples * factor)
    _, doubt = read_ecg("ecg", file, {})
    assert doubt.code == "ecg_gain"
    found, doubt = read_ecg("ecg", file, {}, accept_corrections=True)
    assert doubt is None
    assert np.abs(np.ptp(found.samples, axis=1) / np.ptp(samples, axis=1) - 1).max() < 0.1


def test_leads_five_times_too_high_are_doubted_and_pass_on_the_users_word(samples):
    height = np.median(np.diff(np.percentile(samples, [0.3, 99.7], axis=1), axis=0))
    _, doubt = doubt_of(samples * 5 / height)
    assert doubt.code == "ecg_high" and float(doubt.values["height"]) == pytest.approx(5, abs=0.3)
    found, doubt = read_ecg(
        "ecg", table(samples * 5 / height), {}, accept_corrections=frozenset({"ecg_high"})
    )
    assert doubt is None and np.ptp(found.samples) > 5


def test_leads_at_a_tenth_of_their_gain_are_doubted_and_pass_on_the_users_word(samples):
    height = np.median(np.diff(np.percentile(samples, [0.3, 99.7], axis=1), axis=0))
    _, doubt = doubt_of(samples * 0.2 / height)
    assert doubt.code == "ecg_low" and known("notice.ecg_low")
    found, doubt = read_ecg(
        "ecg", table(samples * 0.2 / height), {}, accept_corrections=frozenset({"ecg_low"})
    )
    assert doubt is None and [n.code for n in found.notices] == ["ecg_low"]


@pytest.mark.parametrize(
    "code",
    [
        "ecg_limb_leads_swapped",
        "ecg_leg_lead_swapped",
        "ecg_upside_down",
        "ecg_chest_leads_reversed",
        "ecg_hum",
    ],
)
def test_a_repair_gives_back_the_ecg_that_was_meant(samples, code):
    found, doubt = doubt_of(FAULTS[code](samples.copy()), agreed=True)
    assert doubt is None
    middle = slice(500, 4500)
    assert np.abs(found.samples - samples)[:, middle].max() < 0.12
    assert [n.code for n in found.notices] == [f"{code}_corrected"]


def test_a_two_lead_strip_is_refused_and_names_what_lacks(samples):
    _, doubt = doubt_of(samples[:2], leads=("I", "II"))
    assert doubt.code == "ecg_leads_missing" and doubt.values["count"] == 2


@pytest.mark.parametrize("shape", [lv_hypertrophy(), anterior_infarct(), left_bundle_branch_block()])
def test_disease_is_not_taken_for_a_fault(shape):
    assert doubt_of(ecg(shape))[1] is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"time,I,II\n0,1,2\n0.1,1,2\n0.05,1,2\n", "ecg_time_backwards"),
        (b"time,I,II\n0,1,2\n0.002,1,2\n5,1,2\n5.002,1,2\n", "ecg_time_gap"),
        (b"I,II\n1,2\n1,2,3\n1,2\n", "ecg_rows_differ"),
        (b"I,II\n1,2\n1,2\n1,2\n", "ecg_no_time"),
        (b"\x00\x01\x02" * 100, "ecg_unknown_format"),
        (b"", "file_empty"),
    ],
)
def test_a_file_that_is_no_ecg_is_refused_with_its_reason(text, code):
    with pytest.raises(UnreadableFileError) as told:
        read_ecg("file.csv", text, {})
    assert told.value.code == code and known(f"notice.{code}")
