"""The gate of recordings: signals that are no ECG add nothing, ECGs pass, and the gate is fitted and measured on its own patients."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from mmcore.domain.case import LEADS, Case, Waveform, arms_exchanged
from mmcore.domain.errors import NothingToPredictError
from mmcore.evaluation.ecg_gate import keep_ecg_gate, measure_ecg_gate
from mmcore.explain.review import review
from mmcore.gates.ecg import BEYOND, NOISE, noise_share
from mmcore.paths import ROOT
from mmcore.prediction.engine import load_engine
from mmcore.preprocess.waveform import ready
from mmcore.synthetic.ecg.foreign import NO_ECG, SPOILT
from tests.ecg_files import ecg as made_up

PACK = ROOT.parent / "shared" / "data" / "heart"
VALUES = {"age_years": 60.0, "sex": 1.0}


@pytest.fixture(scope="module")
def engine():
    return load_engine("heart_ecg")


def case(samples: np.ndarray, **more) -> Case:
    return Case(
        "heart_ecg", waveform=Waveform(samples.astype(np.float32), 100.0, LEADS), values=VALUES, **more
    )


@pytest.mark.parametrize("kind", [k for k in NO_ECG if k != "random_walk"])
def test_what_is_no_ecg_adds_nothing_and_says_why(engine, kind):
    seen = review(engine, case(NO_ECG[kind](np.random.default_rng(1))))
    wanted = ["ecg_noisy"] if kind == "white_noise" else ["ecg_unfamiliar"]
    assert [g.code for g in seen.gates] in (wanted, ["ecg_without_beats"])
    assert seen.prediction.evidence["waveform"] is None
    with pytest.raises(NothingToPredictError):
        review(engine, replace(case(NO_ECG[kind](np.random.default_rng(1))), values={}))


def test_an_ecg_passes_and_the_users_word_opens_the_gate(engine):
    assert review(engine, case(made_up(rate_hz=100))).gates == ()
    pulse = case(NO_ECG["pulse_wave"](np.random.default_rng(1)), overruled=frozenset({"waveform"}))
    seen = review(engine, pulse)
    assert seen.gates[0].code == "ecg_unfamiliar" and seen.gates[0].values["times"] > BEYOND
    assert seen.prediction.evidence["waveform"] is not None


def test_noise_is_measured_between_the_beats_as_a_share_of_the_leads_height(engine):
    quiet = made_up(rate_hz=100)
    rng = np.random.default_rng(1)
    noisy = quiet + rng.normal(0, 0.25, quiet.shape)
    height = np.median(np.diff(np.percentile(noisy, [0.3, 99.7], axis=1), axis=0))
    assert noise_share(noisy) == pytest.approx(0.25 / height, rel=0.15)
    assert noise_share(quiet) < 0.5 * NOISE and noise_share(3 * noisy) == pytest.approx(noise_share(noisy))
    told = review(engine, case(noisy)).gates
    assert [g.code for g in told] == ["ecg_noisy"] and told[0].values["limit"] == 6


def test_exchanged_arms_keep_the_limb_leads_consistent():
    ecg = made_up(rate_hz=100)
    one, two, three, avr, avl, avf = arms_exchanged(ecg)[:6]
    assert np.allclose(one + three, two, atol=0.05) and np.allclose(avr, -(one + two) / 2, atol=0.05)
    assert np.array_equal(avf, ecg[5])


@pytest.mark.skipif(
    not PACK.is_dir(), reason="needs the ECGs of real patients, which are not in the repository"
)
def test_fitting_again_gives_what_ships_and_the_figures_are_within_their_targets(
    engine, tmp_path, environment
):
    shipped = engine.stored.directory
    copy = tmp_path / "heart_ecg" / shipped.name
    shutil.copytree(shipped, copy)
    environment("THREEFOLD_MODELS", str(tmp_path))
    keep_ecg_gate(load_engine("heart_ecg"), PACK, lambda *told: None)
    kept, known = (
        json.loads((f / "config.json").read_text())["facts"]["familiar_ecg"] for f in (copy, shipped)
    )
    assert kept["inside_limit"] == pytest.approx(known["inside_limit"], rel=0.02)
    found = measure_ecg_gate(load_engine("heart_ecg"), PACK, lambda *told: None)
    assert found["false_alarms_same_sources"]["value"] <= 0.05
    assert all(
        found["detected_with_file_rules"][kind]["value"] >= 0.98
        for kind in ("white_noise", "sine", "square_wave", "pulse_wave", "very_noisy")
    )
    assert found["false_alarms_other_sources"]["value"] <= 0.05
    assert all(
        both["value"] >= alone["value"]
        for both, alone in zip(
            found["detected_with_file_rules"].values(), found["detected"].values(), strict=True
        )
    )
    assert set(found["detected"]) == {*NO_ECG, *SPOILT}


@pytest.mark.skipif(
    not PACK.is_dir(), reason="needs the ECGs of real patients, which are not in the repository"
)
def test_real_recordings_are_read_at_the_bedside(engine):
    rows = [r for r in engine.task.read_pack(PACK).rows if r.outcome][:5]
    assert sum(bool(review(engine, case(ready(r.waveform.samples, 100.0))).gates) for r in rows) <= 1
