"""The lung nodule task: honest pairs of readers, fields that one source alone teaches, composed reports, extra outcomes."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from mmcore.domain.errors import PackError
from mmcore.domain.pack import PackRow
from mmcore.evaluation.secondary_outcomes import extra_figures
from mmcore.models.clinical_head import AdditiveClinicalHead
from mmcore.models.encoded import Encoded
from mmcore.models.fusion import FusionConfig, FusionModel
from mmcore.models.nodule_encoder import FINDINGS, NoduleEncoder
from mmcore.paths import DEMONSTRATIONS
from mmcore.synthetic.demonstrations.nodule import write_nodule_cases
from mmcore.tasks import get_task
from mmcore.tasks.lung_notes import compose_report, random_findings
from mmcore.training.heads.further_fields import fit_further_fields
from mmcore.training.heads.teachers import hide_untaught, is_teacher, may_teach, teaching_outcomes
from mmcore.training.image.nodule_encoder import TARGETS, Nodules, findings_of, fit_nodule_encoder
from mmcore.training.image.nodules import features_of_nodules
from mmcore.training.text.report_reader import head_of_reports

TASK = get_task("lung_nodule")
SHIPPED = DEMONSTRATIONS / "lung_nodule"


def write(path: Path, rows: list[dict]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """One nodule with four readers, one with one reader, and a UK table."""
    folder = tmp_path_factory.mktemp("pack")
    nodules = [
        {
            "nodule_uid": "1",
            "nodule_id": "7",
            "patient_id": "A",
            "pixel_spacing": "0.7",
            "age": "",
            "sex": "",
        },
        {
            "nodule_uid": "2",
            "nodule_id": "8",
            "patient_id": "B",
            "pixel_spacing": "0.7",
            "age": "61",
            "sex": "F",
        },
    ]
    grades = {
        "subtlety": 4,
        "internalStructure": 1,
        "calcification": 6,
        "sphericity": 3,
        "margin": 5,
        "lobulation": 1,
        "texture": 5,
    }
    readings = [
        {"ann_id": str(i), "nodule_uid": uid, "malignancy": m, "spiculation": 2, "diameter_mm": 9.5, **grades}
        for i, (uid, m) in enumerate([("1", 2), ("1", 3), ("1", 4), ("1", 5), ("2", 5)])
    ]
    write(folder / "nodules.csv", nodules)
    write(folder / "readings.csv", readings)
    write(folder / "patients.csv", [{"patient_id": "B", "dx_code": "2.0", "age": "", "sex": ""}])
    uk = {
        "sex": "F",
        "age": 70,
        "num.annotated": 1,
        "location": "Lingular Segment",
        "spiculate": "Yes",
        "smoke.status": "unknown",
    }
    write(
        folder / "uk_nodules.csv",
        [uk | {"diameter": 8, "malignant": 1.0}, uk | {"diameter": 9, "malignant": ""}],
    )
    np.savez(folder / "patches_hu.npz", nodule_id=np.array(["7"]), hu=np.full((1, 71, 71), -800, np.int16))
    return folder


def test_the_label_is_what_the_other_readers_thought_and_never_ones_own(pack):
    rows = {r.key: r for r in TASK.read_pack(pack).rows}
    # malignancy 2, 3, 4, 5: means of the others 4, 11/3, 10/3, 3
    assert [rows[f"1:{i}"].outcome.get("suspicious") for i in range(4)] == [1, 1, 1, None]
    assert rows["2:4"].outcome == {"confirmed_cancer": 1}  # one reader: no verdict of others, but a diagnosis
    assert "malignancy" not in rows["1:0"].values
    assert rows["1:0"].values["spiculation"] == 1.0  # grade 2 of 1 to 5, coded from 0
    assert rows["1:0"].scan is rows["1:3"].scan
    assert rows["2:4"].scan is None


def test_unknown_is_left_out_of_the_uk_table_and_a_row_is_known_by_its_content(pack):
    first, second = (r for r in TASK.read_pack(pack).rows if r.source == "uk_nodules")
    assert first.values == {
        "age_years": 70.0, "sex": 0.0, "location": 2.0, "spiculation": 3.0, "diameter_mm": 8.0, "other_nodules": 1.0,
    }  # fmt: skip
    assert first.outcome == {"malignant": 1}
    assert second.outcome == {}
    assert first.patient != second.patient


def test_a_folder_with_neither_table_is_refused(tmp_path):
    with pytest.raises(PackError) as error:
        TASK.read_pack(tmp_path)
    assert error.value.code == "pack_without_nodules"


def test_age_and_smoking_are_taught_by_the_uk_table_alone(pack):
    rows = TASK.read_pack(pack).rows
    names = [f.name for f in TASK.fields]
    teach = may_teach(TASK, rows)
    uk = np.array([r.source == "uk_nodules" for r in rows])
    assert teach[uk][:, names.index("smoking")].all()
    assert not teach[~uk][:, names.index("age_years")].any()
    assert not teach[uk][:, names.index("diameter_mm")].any()
    assert [is_teacher(TASK, r) for r in rows] == [False] * 5 + [True, False]
    assert teaching_outcomes(TASK, rows)[5].tolist() == [1.0, 0.0]


def encoded(values: np.ndarray, outcomes: np.ndarray, source: str) -> Encoded:
    names = np.array([str(i) for i in range(len(values))])
    place = np.full(len(values), source)
    return Encoded(names, {"clinical": values.astype(np.float32)}, outcomes, names, place, place)


def test_values_that_a_source_may_not_teach_are_hidden_from_training_only_there():
    values = np.ones((1, len(TASK.fields)))
    hidden = hide_untaught(TASK, encoded(values, np.ones((1, 2)), "LIDC-IDRI")).inputs["clinical"][0]
    assert [np.isnan(v) for v in hidden] == [f.taught_by == "uk_nodules" for f in TASK.fields]


def test_further_fields_are_fitted_around_the_others_which_stay():
    config = FusionConfig(
        labels=("yes", "no"),
        modalities=("clinical",),
        fields=[{"name": "old", "knots": []}, {"name": "new", "knots": []}],
    )
    model = FusionModel(config).eval().requires_grad_(False)
    model.clinical_head.weight[0] = torch.tensor([0.7, -0.7])
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (4000, 2))
    chance = 1 / (1 + np.exp(-(1.4 * values[:, 0] + 0.8 * values[:, 1] - 1)))
    yes = (rng.random(4000) < chance).astype(float)
    fit_further_fields(
        model, encoded(values, np.stack([yes, 1 - yes], 1), "there"), np.array([False, True]), 1e-6
    )
    assert model.clinical_head.weight[0].tolist() == pytest.approx([0.7, -0.7])
    gap = (model.clinical_head.weight[1, 0] - model.clinical_head.weight[1, 1]).item()
    assert gap == pytest.approx(
        0.8, abs=0.12
    )  # the log-odds for one unit, whatever share of rows is positive


def test_evidence_of_a_weight_is_that_of_the_head():
    head = AdditiveClinicalHead([(), (1.0,)], 2)
    head.weight.data.normal_()
    values = torch.tensor([[0.5, 2.0]])
    assert torch.equal(head.of_weight(head.weight, values), head(values))


def test_the_same_seed_writes_the_same_report_and_the_grades_are_in_it():
    values = {"diameter_mm": 12.0, "spiculation": 4.0}
    reports = {compose_report(values, seed) for seed in range(60)}
    assert compose_report(values, 5) == compose_report(values, 5)
    assert len(reports) > 40
    assert all(any(size in r for size in ("12", "1.2 cm")) for r in reports)
    said = [r for r in reports if "spic" in r.lower()]
    assert 0.7 < len(said) / len(reports) < 0.97  # a few findings are left out
    assert not any("no spic" in r.lower() or "without spic" in r.lower() for r in said)
    assert random_findings(3) == random_findings(3)


def test_a_head_of_reports_gives_back_a_linear_rule():
    rng = np.random.default_rng(0)
    encodings, weight = rng.normal(0, 1, (400, 6)), rng.normal(0, 1, (2, 6))
    assert head_of_reports(encodings, encodings @ weight.T) == pytest.approx(weight, abs=0.02)


def test_the_mean_of_the_map_is_the_pooled_finding_and_members_share_it():
    torch.manual_seed(0)
    encoder = NoduleEncoder(2).eval()
    x = torch.rand(3, 1, 40, 40)
    with torch.no_grad():
        maps = encoder(x)
        each = [member(x).mean((2, 3)) for member in encoder.members]
    assert maps.shape == (3, FINDINGS, 5, 5)
    assert len(TARGETS) == FINDINGS
    assert torch.allclose(maps.mean((2, 3)), (each[0] + each[1]) / 2, atol=1e-5)


def test_a_member_never_sees_the_nodules_held_out_from_it():
    rng = np.random.default_rng(0)
    squares = rng.normal(-600, 200, (64, 44, 44)).astype(np.float32)
    findings = np.concatenate([rng.normal(0, 1, (64, 9)), np.full((64, 1), np.nan)], 1)
    held_out = np.arange(64) % 2
    other = findings.copy()
    other[held_out == 0] = 9.0  # what member 0 must not see
    made = [
        fit_nodule_encoder(Nodules(squares, f, np.ones(64), held_out), 2, epochs=1, seed=0)
        for f in (findings, other)
    ]
    plain = squares[:, 2:42, 2:42]
    said = [findings_of(m, plain, held_out)[held_out == 0] for m in made]
    assert np.array_equal(said[0], said[1])
    assert not np.array_equal(*(findings_of(m, plain, held_out)[held_out == 1] for m in made))


def test_rows_of_one_nodule_share_its_features_and_rows_without_a_scan_have_none(pack):
    torch.manual_seed(0)
    features = features_of_nodules(NoduleEncoder(1).eval(), TASK.read_pack(pack).rows)
    assert np.array_equal(features[0], features[3])
    assert np.isnan(features[4:]).all()


def test_extra_outcomes_are_scored_by_patient_at_the_highest_and_beside_the_diameter():
    def row(patient: str, diameter: float, outcome: dict) -> PackRow:
        return PackRow(patient + str(diameter), patient, "s", "s", outcome, values={"diameter_mm": diameter})

    rows = [
        row("a", 5, {"confirmed_cancer": 1}),
        row("a", 9, {"confirmed_cancer": 1}),
        row("b", 20, {"confirmed_cancer": 0}),
    ]
    rows += [row("c", 6, {"malignant": 0}), row("d", 7, {"malignant": 1})]
    suspicious = np.array([0.1, 0.9, 0.5, 0.8, 0.2])
    metrics, baseline, skipped = extra_figures(TASK, rows, np.stack([suspicious, 1 - suspicious], 1), 20)
    assert metrics["auroc_confirmed"]["value"] == 1.0  # 0.9 of a against 0.5 of b
    assert metrics["auroc_confirmed"]["n"] == 2
    assert baseline["auroc_confirmed"]["value"] == 0.0  # 9 mm against 20 mm
    assert (metrics["auroc_uk"]["value"], baseline["auroc_uk"]["value"]) == (0.0, 1.0)
    assert skipped == {}


def test_the_shipped_demonstration_cases_are_as_the_code_writes_them_and_marked(tmp_path):
    for folder in write_nodule_cases(tmp_path):
        shipped = SHIPPED / folder.name
        assert sorted(p.name for p in shipped.iterdir()) == sorted(p.name for p in folder.iterdir())
        for path in (p for p in folder.iterdir() if p.suffix != ".npz"):
            assert path.read_bytes() == (shipped / path.name).read_bytes()
        with np.load(shipped / "scan.npz") as kept, np.load(folder / "scan.npz") as fresh:
            assert np.abs(kept["hu"].astype(int) - fresh["hu"]).max() <= 1
            assert (kept["hu"] == 500).sum() > 5 * 100  # the word SYNTHETIC
