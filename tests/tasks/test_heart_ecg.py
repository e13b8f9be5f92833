"""The heart's task: the pack's rows, what the labels may be read off, the generator's diseases and their measurements."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from mmcore.cases.pack_rows import outcomes_of
from mmcore.domain.case import LEADS
from mmcore.domain.errors import PackError
from mmcore.domain.pack import PackRow
from mmcore.domain.task import CaseTask, Field, Modality
from mmcore.evaluation.evaluate import evaluate
from mmcore.models.ecg_encoder import EcgEncoder
from mmcore.prediction.engine import load_engine
from mmcore.preprocess.ecg_measures import MEASURES, measure
from mmcore.preprocess.waveform import ready, take_wander_out
from mmcore.synthetic.ecg.beats import (
    HEALTHY,
    brugada_like,
    draw,
    inferior_infarct,
    left_anterior_block,
    left_bundle_branch_block,
    lv_hypertrophy,
)
from mmcore.synthetic.ecg.generator import fibrillation, noise, sinus, strip
from mmcore.tasks import get_task
from mmcore.training.heads.teachers import granted_outcomes
from mmcore.training.recipe import settings_for
from mmcore.training.run import TrainingRun

NAMES = [m.name for m in MEASURES]


def measured(shape=HEALTHY, rhythm=None, seed=3) -> dict[str, float]:
    """Name -> measure of a made-up strip."""
    rng = np.random.default_rng(seed)
    made = strip(draw(shape), rhythm or sinus(72, rng), rng)
    values, _, _ = measure(take_wander_out(made))
    return dict(zip(NAMES, values, strict=True))


@pytest.fixture
def pack(tmp_path):
    """A made-up pack of three rows: LUDB-like, Brugada-like, and one of a source without labels."""
    rng = np.random.default_rng(0)
    x = np.stack([strip(draw(HEALTHY), sinus(70, rng), rng) for _ in range(3)]).astype(np.float16)
    shuffled = [*LEADS[6:], *LEADS[:6]]
    np.savez(
        tmp_path / "ecg_12lead_100hz_10s.npz",
        x=x[:, [LEADS.index(n) for n in shuffled]],
        leads=np.array([n.upper() for n in shuffled]),
        record_id=np.array(["1", "2", "3"]),
    )
    (tmp_path / "ecg_meta.csv").write_text(
        "source,record_id,patient_id,age,sex,text,y_ischemia,y_brugada\n"
        "ludb,1,p1,61,M,Sinus rhythm. Ischemia: anterior wall.,1.0,\n"
        "brugada_huca,2,p2,,,,,0\n"
        "ptbxl,3,p3,40,F,normal ECG,,\n"
    )
    return tmp_path, x


def test_a_pack_gives_rows_whose_unknown_labels_are_unknown(pack):
    folder, x = pack
    rows = get_task("heart_ecg").read_pack(folder).rows
    assert [r.outcome.get("ischaemia") for r in rows] == [1, None, None]
    assert [r.outcome.get("brugada") for r in rows] == [None, 0, None]
    assert (
        rows[2].outcome == {} and rows[1].values == {} and rows[0].values == {"age_years": 61.0, "sex": 1.0}
    )
    assert np.array_equal(rows[0].waveform.samples, x[0].astype(np.float32))


def test_the_diagnosis_list_is_no_input(pack):
    assert all(r.note is None for r in get_task("heart_ecg").read_pack(pack[0]).rows)


def test_training_takes_brugada_for_absent_where_a_cardiologists_list_does_not_name_it_and_no_figure_does(
    pack,
):
    table = pack[0] / "ecg_meta.csv"
    listed = "cardiologist diagnosis list (=label source)"
    table.write_text(
        "source,record_id,patient_id,text,text_kind,y_ischemia,y_brugada\n"
        f"ludb,1,p1,Sinus rhythm.,{listed},0,\n"
        f"ludb,2,p2,Brugada pattern.,{listed},0,\n"
        "ptbxl,3,p3,normal ECG,PTB-XL report,,\n"
    )
    task = get_task("heart_ecg")
    rows = task.read_pack(pack[0]).rows
    assert [dict(r.teach) for r in rows] == [{"brugada": 0.0}, {}, {}]
    brugada, ischaemia = task.labels.index("brugada"), task.labels.index("ischaemia")
    granted = granted_outcomes(task, rows)
    assert granted[0, [brugada, ischaemia]].tolist() == [0, 0]
    assert np.isnan(granted[1:, brugada]).all() and np.isnan(outcomes_of(task, rows)[:, brugada]).all()


def test_what_training_takes_for_granted_moves_the_head_and_stays_unknown():
    task = CaseTask("granted", ("here", "there"), False, (Modality.CLINICAL,), (Field("size_mm", "mm"),))
    rng = np.random.default_rng(0)

    def rows(teach: dict) -> list[PackRow]:
        known = [
            PackRow(
                f"a{i}", f"a{i}", "a", "a", {"there": i % 2}, values={"size_mm": i % 2 + rng.normal(0, 0.5)}
            )
            for i in range(80)
        ]
        other = [
            PackRow(f"b{i}", f"b{i}", "b", "b", {"here": i % 2}, values={"size_mm": 2.0 + i % 2}, teach=teach)
            for i in range(80)
        ]
        return [*known, *other]

    def fitted(teach: dict, folder: Path):
        run = TrainingRun(task, rows(teach), (), None, settings_for(task, {}), folder, lambda *told: None)
        model, _, _, taught, _ = run.fit("x", np.arange(160), np.arange(0), 0)
        return model.clinical_head.weight[:, 1], taught.outcomes[:, 1]

    with TemporaryDirectory() as folder:
        alone, known = fitted({}, Path(folder))
        lower, still = fitted({"there": 0.0}, Path(folder))
    assert np.isnan(known[80:]).all() and np.isnan(still[80:]).all()
    assert float(lower.sum()) < 0.5 * float(alone.sum())


def test_how_often_a_label_is_called_where_nobody_looked_is_told_by_source(pack):
    found = evaluate(load_engine("heart_ecg"), pack[0], resamples=20)["called_where_unknown"]
    assert {k: sorted(v) for k, v in found.items() if k in ("brugada", "ischaemia")} == {
        "brugada": ["ludb", "ptbxl"],
        "ischaemia": ["brugada_huca", "ptbxl"],
    }
    assert found["brugada"]["ptbxl"]["n"] == 1 and found["brugada"]["ptbxl"]["value"] == 0


def test_a_pack_whose_recordings_and_rows_differ_is_refused(pack):
    table = pack[0] / "ecg_meta.csv"
    table.write_text(table.read_text() + "ludb,4,p4,50,F,,1,\n")
    with pytest.raises(PackError) as told:
        get_task("heart_ecg").read_pack(pack[0])
    assert told.value.code == "pack_counts_differ"


def test_every_measure_that_a_label_is_read_off_exists():
    task = get_task("heart_ecg")
    assert set(task.measures) == set(task.labels)
    assert [n for names in task.measures.values() for n in names if n not in NAMES] == []


def test_the_textbook_is_measured_off_the_made_up_hearts():
    rng = np.random.default_rng(1)
    healthy = measured()
    assert 70 < healthy["rate"] < 74 and 70 < healthy["qrs_width"] < 115
    assert measured(lv_hypertrophy())["sokolow"] > 3.5 > healthy["sokolow"]
    assert measured(left_bundle_branch_block())["qrs_width"] > 120
    assert measured(left_anterior_block())["axis_left_30"] > 0.5 > healthy["axis_left_30"]
    assert measured(inferior_infarct())["q_aVF"] > 0.2 > healthy["q_aVF"]
    assert measured(brugada_like())["st_j_V2"] > healthy["st_j_V2"] + 0.1
    irregular = measured(rhythm=fibrillation(90, rng))
    assert (
        irregular["rr_spread"] > 0.1 > healthy["rr_spread"] and irregular["p_repeats"] < healthy["p_repeats"]
    )


def test_every_draw_differs_and_the_same_seed_gives_the_same():
    first, second, again = (noise(np.random.default_rng(seed)) for seed in (1, 2, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, second)


def test_the_encoders_map_pools_to_its_measures_and_keeps_a_leads_measure_in_its_lead():
    import torch

    encoder = EcgEncoder().eval()
    x = torch.randn(2, 12, 1000, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps, (pooled, _) = encoder(x), encoder.pooled(x)
    assert maps.shape[:3] == (2, len(MEASURES), 12)
    assert torch.allclose(maps.mean((2, 3)), pooled, atol=1e-5)
    elsewhere = [n for n in range(12) if LEADS[n] != "V2"]
    assert maps[:, NAMES.index("r_V2"), elsewhere].abs().max() == 0


def test_preparing_takes_slow_wander_out_and_leaves_the_beats():
    rng = np.random.default_rng(0)
    samples = strip(draw(HEALTHY), sinus(70, rng), rng)
    wander = 0.5 * np.sin(2 * np.pi * 0.15 * np.arange(1000) / 100)
    plain, moved = ready(samples, 100), ready(samples + wander, 100)
    assert plain.shape == (12, 1000) and plain.dtype == np.float32
    assert np.abs(plain - moved)[:, 100:-100].max() < 0.05
