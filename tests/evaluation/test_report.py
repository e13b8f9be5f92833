"""The report of scored rows: the contract's keys, groups of patients, trust, and independent labels with unknown outcomes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmcore.cards.write import card_text
from mmcore.domain.pack import PackRow
from mmcore.evaluation.evaluate import report
from mmcore.evaluation.score import Scored
from mmcore.metrics.conformal import conformalize, fit_rounds, p_values
from mmcore.metrics.unknown import called_where_unknown
from mmcore.prediction.engine import Engine
from mmcore.stores.model_store import StoredModel
from mmcore.tasks import get_task
from tests.toy import toy_model

N = 120


def engine_and_rows(exclusive: bool) -> tuple[Engine, Scored]:
    """A task of three labels and N scored rows, two a patient; label 0 tends to be likely where it is true."""
    rng = np.random.default_rng(1)
    task = replace(get_task("chest_infection"), exclusive=exclusive)
    truth = rng.integers(0, 3, N)
    logits = rng.normal(size=(N, 3)) + 1.5 * np.eye(3)[truth]
    odds = np.exp(logits)
    p = odds / odds.sum(1, keepdims=True) if exclusive else odds / (1 + odds)
    outcomes = np.eye(3)[truth]
    if not exclusive:
        outcomes[:5, 2] = np.nan
    model = toy_model()
    scores = conformalize(task.labels, p, outcomes, None, exclusive)
    rounds = fit_rounds(scores)
    model.config.facts = {
        "operating_point": dict.fromkeys(task.labels, 0.4),
        "conformal": {"confidence": 0.9, "scores": scores},
        "label_share": dict.fromkeys(task.labels, 1 / 3),
    }
    rows = tuple(
        PackRow(
            str(i), f"p{i // 2}", "big" if i < 100 else "small", "x",
            {k: None if np.isnan(y) else int(y) for k, y in zip(task.labels, outcomes[i], strict=True)},
            values={"age_years": 30.0 if i < 60 else 65.0, "sex": float(i // 2 % 2)}, subgroup={"view": "PA"},
        )
        for i in range(N)
    )  # fmt: skip
    image = rng.normal(size=(N, 1280)).astype(np.float32)
    text = rng.normal(size=(N, 32)).astype(np.float32)
    text[60:] = np.nan
    return Engine(task, StoredModel(model, None, None, "1.0.0", "0" * 64, Path())), Scored(
        rows=rows,
        probabilities=p,
        logits=logits,
        outcomes=outcomes,
        modalities=tuple("image+text" if i < 60 else "image" for i in range(N)),
        sets=(),
        residuals=np.array([0.002, -0.02]),
        evidence=np.zeros((N, 3, 3)),
        p_values=tuple(p_values(rounds, dict(zip(task.labels, row, strict=True))) for row in p),
        inputs={"image": image, "text": text},
    )


@pytest.fixture(scope="module")
def exclusive() -> dict:
    return report(*engine_and_rows(True), {"ct": 2}, 200)


def test_the_keys_of_the_contract_are_there(exclusive: dict) -> None:
    wanted = {
        "n", "patients", "left_out", "metrics", "skipped", "by_source", "by_modalities", "baseline", "calibration",
        "max_residual", "residual_over_0.01",
    }  # fmt: skip
    assert wanted <= set(exclusive)
    assert (exclusive["n"], exclusive["patients"], exclusive["left_out"]) == (N, N // 2, {"ct": 2})
    assert {"value", "low", "high"} == set(exclusive["calibration"]["expected_calibration_error"])
    assert {"low", "high"} == set(exclusive["calibration"]["expected_if_calibrated"])
    assert (exclusive["max_residual"], exclusive["residual_over_0.01"]) == (0.02, 0.5)
    json.dumps(exclusive, allow_nan=True)


def test_groups_of_patients_have_figures_where_there_are_twenty(exclusive: dict) -> None:
    assert {k: g["patients"] for k, g in exclusive["by_age_band"].items()} == {"18_40": 30, "60_75": 30}
    assert exclusive["by_sex"]["F"]["metrics"]["macro_auroc"]["value"] > 0.6
    assert exclusive["by_sex_and_age"]["F 18_40"]["skipped"] == {"all": "fewer than 20 patients (15)"}
    assert exclusive["by_view"]["PA"]["n"] == N
    assert exclusive["by_source"]["small"]["metrics"][
        "macro_auroc"
    ]  # sources are always given, as the contract says


def test_every_set_of_modalities_is_judged_as_used_and_with_the_rest_set_aside(exclusive: dict) -> None:
    found = exclusive["calibration"]
    assert {k: g["n"] for k, g in found["by_modalities"].items()} == {"image": 60, "image+text": 60}
    assert {k: g["n"] for k, g in found["by_subset"].items()} == {"image": 120, "text": 60, "image+text": 60}
    assert found["subsets_judged"] == 5
    assert "macro_auroc" in found["by_subset"]["text"]


def test_trust_comes_with_the_figures(exclusive: dict) -> None:
    sets = exclusive["prediction_sets"]
    assert sets["coverage"] >= 0.9 and sets["interval"]["low"] < sets["coverage"]
    assert set(sets["by_label"]) == {"covid19", "other_pneumonia", "no_finding"}
    assert sets["by_source"]["small"]["skipped"] == "fewer than 20 patients (10)"
    assert exclusive["selective_risk"]["ratio"]["value"] < 1
    assert set(exclusive["decision_curves"]) == set(sets["by_label"])


def test_independent_labels_are_judged_each_and_unknown_outcomes_left_out() -> None:
    found = report(*engine_and_rows(False), {}, 200)
    by_label = found["calibration"]["by_label"]
    assert by_label["no_finding"]["n"] == N - 5 and by_label["covid19"]["n"] == N
    assert found["calibration"]["brier_score"]["value"] < 0.3
    assert "not covid19" in found["prediction_sets"]["by_class"]
    assert found["prediction_sets"]["n"] == 3 * N - 5


def test_the_card_says_what_was_kept_and_which_set_has_a_scale_of_its_own(exclusive: dict) -> None:
    own = {"image": {"scale": 0.5, "rows": 90, "calibration_error_before": 0.2, "limit": 0.1}}
    text = card_text({"task": "chest_infection", "test": exclusive, "set_scales": own})
    assert "Of 5 sets of modalities" in text
    assert "most certain cases err" in text
    assert "image: evidence x 0.50" in text


def test_a_patient_whose_answer_is_not_known_counts_once_and_known_answers_do_not_count() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.1], [0.6, 0.1], [0.9, 0.1], [0.9, 0.1]])
    outcomes = np.array([[np.nan, 0], [np.nan, 0], [np.nan, 1], [1, 0], [0, 1]], dtype=float)
    found = called_where_unknown(
        ("a", "b"), p, outcomes, [0.7, 0.5], ["x", "x", "x", "x", "y"], ["1", "1", "2", "3", "4"]
    )
    assert list(found) == ["a"] and list(found["a"]) == ["x"]
    assert (found["a"]["x"]["n"], found["a"]["x"]["value"]) == (2, 0.5)


def test_the_card_has_a_column_for_each_source_where_an_answer_is_not_known() -> None:
    test = report(*engine_and_rows(False), {}, 200)
    share = {"n": 28, "value": 0.25, "low": 0.1, "high": 0.4}
    test["called_where_unknown"] = {"covid19": {"away": share}}
    text = card_text({"task": "chest_infection", "test": test})
    assert "| figure | away (n=28) |" in text and "| covid19 | 0.250 (0.100 to 0.400) |" in text


def test_a_row_known_only_not_to_have_a_label_counts_for_that_labels_figure_alone() -> None:
    engine, scored = engine_and_rows(exclusive=True)
    outcomes = scored.outcomes.copy()
    partly = np.flatnonzero(outcomes[:, 2] == 0)[:30]
    outcomes[partly] = [np.nan, np.nan, 0]
    told = report(engine, replace(scored, outcomes=outcomes), {}, 20)
    whole = report(engine, scored, {}, 20)
    none, covid = (f"auroc_{engine.task.labels[k]}" for k in (2, 0))
    assert told["metrics"][none]["value"] == whole["metrics"][none]["value"]
    assert told["metrics"][covid]["value"] != whole["metrics"][covid]["value"]
    assert told["calibration"]["n"] == N - 30
