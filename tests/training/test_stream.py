"""Training, evaluation and the card of a stream on a toy pack of made-up stays."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmcore.domain.errors import PackError
from mmcore.evaluation.stays import evaluate_stays
from mmcore.intake.stream.pack import read_stays
from mmcore.stores.stream_store import load_stream
from mmcore.synthetic.stays.stays import COURSES, draw
from mmcore.tasks import stream_task
from mmcore.training.stream import fit as stream_fit
from mmcore.training.stream import train as stream_train
from mmcore.training.stream.calibrate import fit_scale, operating_point

TASK = stream_task("icu_mortality")
SICK = ("bed-1", "bed-4", "bed-7")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """64 stays of the made-up courses; those of three courses die, a few the other way round."""
    folder = tmp_path_factory.mktemp("pack")
    rows, outcomes = [], []
    for i in range(64):
        course = COURSES[i % len(COURSES)]
        key = 1000 + i
        rows += [(key, m, name, value, "a") for m, name, value in draw(course, i, 14)]
        died = int((course.key in SICK) != (i % 11 == 0))
        outcomes.append((key, 10 + 5 * died if i % 5 else -1, died))
    columns = ["record_id", "minute", "parameter", "value", "set"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "measurements.parquet")
    names = ["record_id", "SAPS-I", "In-hospital_death"]
    pd.DataFrame(outcomes, columns=names).to_csv(folder / "outcomes.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def trained(pack, tmp_path_factory):
    """The report and folder of a small training on the toy pack, resumed once."""
    patch = pytest.MonkeyPatch()
    settings = replace(stream_fit.PLANS[0].settings, rounds=4, smallest_leaf=3)
    plans = (
        replace(stream_fit.PLANS[0], settings=settings),
        replace(stream_fit.PLANS[1], settings=settings),
    )
    patch.setattr(stream_fit, "PLANS", plans)
    patch.setattr(stream_train, "SEEDS", 1)
    out = tmp_path_factory.mktemp("out")
    run = [stream_train.train_stream("icu_mortality", pack, out, 5, False, lambda *_: None) for _ in range(2)]
    patch.undo()
    return run, out


def test_training_writes_a_model_that_loads_and_a_card_with_its_figures(trained):
    (first, again), out = trained
    (folder,) = (out / "model" / "icu_mortality").iterdir()
    assert first["test"]["metrics"] == again["test"]["metrics"]
    assert sum(first["split"].values()) == 64
    stored = load_stream("icu_mortality", folder)
    assert set(stored.model.facts.patients) == {"train", "calibration"}
    asked = stored.model.facts.conformal.scores["48"]
    assert sum(map(len, asked.values())) == first["split"]["calibration"]
    assert set(first["test"]["prediction_sets"]["by_class"]) == set(asked)
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert "What alerts would do" in card
    assert json.loads((folder / "card.json").read_text(encoding="utf-8"))["seed"] == 5


def test_patients_that_taught_the_model_are_left_out_of_its_figures(trained, pack):
    (report, _), _ = trained
    left = report["test"]["left_out"]["patient_trained_or_calibrated_the_model"]
    assert left == report["split"]["train"] + report["split"]["calibration"]
    assert report["test"]["n"] == report["split"]["test"]


def test_hours_that_the_folder_does_not_reach_are_skipped_with_the_reason(pack):
    report = evaluate_stays("icu_mortality", load_stream(TASK.name), pack, 20)
    assert report["n"] == 64
    assert report["hour"] == 12
    assert set(report["skipped"]) >= {"auroc_24h", "auroc_48h", "min_sensitivity_precision_48h"}
    assert report["metrics"]["auroc_12h"]["value"] > 0.7
    assert report["baseline"]["n"] == 51
    assert report["max_residual"] < 1e-9
    assert set(report["by_source"]) >= {"a", "medical", "surgical"}


def test_empty_columns_and_missing_labels_are_counted(pack, tmp_path):
    table = pd.read_parquet(pack / "measurements.parquet").drop(columns="set")
    table.loc[table.parameter == "heart_rate_per_min", "value"] = np.nan
    table.to_csv(tmp_path / "measurements.csv", index=False)
    outcomes = pd.read_csv(pack / "outcomes.csv").drop(columns="SAPS-I")
    outcomes["In-hospital_death"] = outcomes["In-hospital_death"].astype(float)
    outcomes.loc[:9, "In-hospital_death"] = np.nan
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    report = evaluate_stays("icu_mortality", load_stream(TASK.name), tmp_path, 20)
    assert report["n"] == 54
    assert report["left_out"]["no_label"] == 10
    assert report["left_out"]["measurements_value_unknown"] == (table.parameter == "heart_rate_per_min").sum()
    assert report["baseline"]["metrics"] == {}


def test_the_pack_is_read_as_a_single_stay_is(pack):
    from mmcore.intake.stream.file import reading_of
    from mmcore.intake.stream.log import log_of

    found = read_stays(pack, TASK)
    table = pd.read_parquet(pack / "measurements.parquet")
    for stay in found.stays[:8]:
        rows = table[table.record_id == int(stay.key)].to_dict("records")
        alone = log_of([reading_of(r) for r in rows], stay.key, TASK, False)[0].stay()
        assert np.array_equal(alone.minutes, stay.minutes)
        assert np.allclose(alone.values.sum(), stay.values.sum())


def test_a_folder_without_measurements_or_columns_is_refused(tmp_path):
    with pytest.raises(PackError) as caught:
        read_stays(tmp_path, TASK)
    assert caught.value.code == "pack_without_measurements"
    (tmp_path / "measurements.csv").write_text("record_id,minute\n1,2\n")
    with pytest.raises(PackError) as caught:
        read_stays(tmp_path, TASK)
    assert caught.value.code == "pack_without_columns"


def test_calibration_finds_a_known_scale_and_never_turns_the_order_round():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 2))
    died = (rng.random(4000) < 1 / (1 + np.exp(-(0.6 * scores[:, 0] - 0.5)))).astype(float)
    scores[:, 1] = scores[:, 0]
    fitted = fit_scale(scores, died, (6, 48))
    assert fitted.scales == pytest.approx((0.6, 0.6), abs=0.06)
    assert fitted.offsets == pytest.approx((-0.5, -0.5), abs=0.1)
    turned = fit_scale(-scores, died, (6, 48))
    assert min(turned.scales) > 0


def test_the_operating_point_calls_as_many_as_died():
    p = np.array([0.9, 0.8, 0.4, 0.3, 0.1])
    assert (p >= operating_point(p, np.array([1, 0, 1, 0, 0]))).sum() == 2
