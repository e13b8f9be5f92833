"""What-ifs by pencil: regions taken out, the smallest change of a value, and cases alike in evidence."""

from types import SimpleNamespace

import numpy as np
import pytest

from mmcore.cases import edits, similar
from mmcore.domain.case import Case, Waveform
from mmcore.domain.model_facts import ModelFacts
from mmcore.domain.prediction import Contrast, Prediction
from mmcore.domain.scan import Clip, CtVolume, Film, Mark
from mmcore.domain.task import Field, Modality
from mmcore.explain.counterfactual import crossings, smallest_changes, step_of
from mmcore.preprocess.inpainting import flattened, painted_out
from mmcore.preprocess.text import MASK
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import get_task
from tests.toy import toy_model


def test_a_painted_region_continues_its_surroundings_and_keeps_nothing_of_itself() -> None:
    slope = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (40, 1))
    spot = slope.copy()
    spot[15:25, 15:25] = 5.0
    painted = painted_out(spot, [(0.375, 0.375, 0.625, 0.625)])
    assert painted[15:25, 15:25] == pytest.approx(slope[15:25, 15:25], abs=0.06)
    outside = np.ones((40, 40), bool)
    outside[15:25, 15:25] = False
    assert (painted[outside] == spot[outside]).all()
    assert spot[20, 20] == 5.0  # the original is left alone


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0), (-0.2, 0.9, 2.0, 3.0)])
def test_a_region_at_the_edge_is_filled_from_the_sides_it_has(box) -> None:
    assert painted_out(np.full((20, 20), 0.25, np.float32), [box]) == pytest.approx(0.25)


def test_a_rectangle_without_area_changes_nothing() -> None:
    picture = np.random.default_rng(0).random((20, 20), dtype=np.float32)
    assert (painted_out(picture, [(0.5, 0.5, 0.5, 0.5)]) == picture).all()


def test_a_lead_is_flat_at_its_median_for_the_seconds_asked() -> None:
    samples = np.array([[1.0, 2, 3, 4, 100], [5, np.nan, 5, 7, 5]], np.float32)
    flat = flattened(samples, 1.0, ("I", "II"), ("I",), (0.0, 2.0))
    assert flat[0].tolist() == [3, 3, 3, 4, 100]
    assert np.array_equal(flat[1], samples[1], equal_nan=True)
    both = flattened(samples, 1.0, ("I", "II"), (), None)
    assert both[0].tolist() == [3] * 5
    assert np.isnan(both[1, 1]) and np.nanmax(both[1]) == 5


def test_an_edit_paints_the_scan_and_flattens_the_recording_of_a_copy() -> None:
    wave = Waveform(np.array([[1.0, 2.0, 9.0]], np.float32), 1.0, ("I",))
    case = Case("t", scan=Film(np.eye(8, dtype=np.float32)), waveform=wave)
    changed = edits.edited(case, painted=[(0, 0, 1, 1)], flat=((), None))
    assert np.ptp(changed.scan.pixels) == 0
    assert changed.waveform.samples.tolist() == [[2, 2, 2]]
    assert case.scan.pixels[0, 0] == 1 and case.waveform.samples[0, 2] == 9
    assert edits.edited(case, without=["waveform"]).waveform is None


SPO2 = Field("spo2", "%", plausible=(30, 100), reference=(96, 100))


def test_a_ct_is_painted_in_its_marked_slice_alone_and_a_clip_in_its_first_frame() -> None:
    hounsfield = np.full((3, 20, 20), -800, np.int16)
    hounsfield[:, 8:12, 8:12] = 40
    ct = CtVolume(hounsfield=hounsfield, spacing_mm=(0.7, 0.7), mark=Mark(1, 10, 10))
    painted = edits.edited(Case("t", scan=ct), painted=[(0.3, 0.3, 0.7, 0.7)]).scan
    assert isinstance(painted, CtVolume) and (painted.marked_slice == -800).all()
    assert painted.hounsfield[0, 10, 10] == painted.hounsfield[2, 10, 10] == hounsfield[1, 10, 10] == 40
    clip = Clip(np.eye(8, dtype=np.uint8)[None].repeat(2, 0) * 255)
    still = edits.edited(Case("t", scan=clip), painted=[(0, 0, 1, 1)]).scan
    assert isinstance(still, Film) and np.ptp(still.pixels) == 0


def test_words_are_masked_where_they_stand_and_a_case_without_a_note_stays_without() -> None:
    assert (
        edits.edited(Case("t", note="no cough now"), hidden=[(0, 2), (9, 12)]).note == f"{MASK} cough {MASK}"
    )
    assert edits.edited(Case("t"), hidden=[(0, 2)]).note is None


def test_the_crossing_is_exact_and_rounded_outward() -> None:
    def margin(x: np.ndarray) -> np.ndarray:
        return x - 88.04  # today's answer stands above

    assert crossings(margin, SPO2, 96.0, []) == [88.0]
    assert crossings(lambda x: -margin(x), SPO2, 80.0, []) == [88.1]
    assert crossings(lambda x: x - 20.0, SPO2, 96.0, []) == []  # the plausible range ends before


def test_a_bend_at_a_knot_is_followed() -> None:
    def margin(x: np.ndarray) -> np.ndarray:
        return 1 - 2 * np.clip(x - 97, 0, None)  # flat to the knot, then steep

    assert crossings(margin, SPO2, 90.0, [97]) == [97.6]  # 97.5 is just met, not lost


def test_flags_and_choices_are_tried_one_by_one() -> None:
    assert crossings(lambda x: 0.5 - x, Field("fever", kind="flag"), 0.0, []) == [1.0]
    assert crossings(lambda x: x + 1, Field("sex", kind="choice", choices=("F", "M")), 0.0, []) == []


@pytest.mark.parametrize(
    ("field", "step"),
    [
        (SPO2, 0.1),
        (Field("age", plausible=(0, 120)), 1.0),
        (Field("ddimer", plausible=(0, 100), reference=(0, 0.5)), 0.01),
    ],
)
def test_values_are_written_as_finely_as_people_write_them(field, step) -> None:
    assert step_of(field) == pytest.approx(step)


def toy_engine(exclusive: bool = True):
    """The chest task's first two fields on the toy model: only the age speaks, 0.1 log-odds a year for the first label."""
    import torch

    task = get_task("chest_infection")
    model = toy_model()
    head = model.clinical_head
    head.weight.data.zero_()
    head.centre.zero_()
    head.spread.fill_(1.0)
    head.weight.data[0] = torch.tensor([0.1, -0.05, -0.05])
    model.scale.fill_(1.0)
    fields = (*task.fields[:2], task.field("crp_mg_per_l"))
    small = SimpleNamespace(fields=fields, labels=task.labels, exclusive=exclusive, name=task.name)
    stored = SimpleNamespace(model=model)
    taught = {"age_years": True, "sex": True, "crp_mg_per_l": False}
    return SimpleNamespace(
        task=small, stored=stored, taught=taught, facts=ModelFacts(ranges={"age_years": [20, 90]})
    )


def account(logits, clinical, exclusive=True, image=None) -> Prediction:
    labels = get_task("chest_infection").labels
    prior = {k: x - clinical[k] for k, x in zip(labels, logits, strict=True)}
    evidence = {Modality.IMAGE: image, Modality.TEXT: None, Modality.CLINICAL: clinical}
    contrast = Contrast(labels[0], labels[1] if exclusive else None)
    chances = dict.fromkeys(labels, 1 / 3)
    return Prediction(
        "chest_infection", labels, exclusive, prior, evidence, chances, (), contrast, model_sha256="abc"
    )


def seen_at(age: float, logits, exclusive=True):
    labels = get_task("chest_infection").labels
    clinical = dict(zip(labels, (0.1 * age, -0.05 * age, -0.05 * age), strict=True))
    case = Case("chest_infection", values={"age_years": age, "sex": 1.0, "crp_mg_per_l": 3.0})
    points = dict.fromkeys(labels, 0.5)
    return SimpleNamespace(case=case, prediction=account(logits, clinical, exclusive), operating_point=points)


def test_the_smallest_change_turns_the_answer_and_a_step_less_does_not() -> None:
    # the first label leads by 1.5 log-odds, and each year moves it by 0.15: ten years less than 60 and it is level
    (change,) = smallest_changes(toy_engine(), seen_at(60.0, (1.5, 0.0, -1.0)))
    assert (change.field, change.old, change.new, change.label, change.called) == (
        "age_years",
        60.0,
        49.0,
        "other_pneumonia",
        None,
    )
    assert change.trained
    assert change.distance == pytest.approx(11 / 70)


def test_independent_labels_cross_their_operating_point() -> None:
    engine, seen = toy_engine(exclusive=False), seen_at(60.0, (1.0, 0.0, 0.0), exclusive=False)
    (change,) = smallest_changes(engine, seen)
    # 1.0 above the point at log-odds 0; the columns of a label that others are taught too sum to 0, so 0.1 a year
    assert (change.new, change.label, change.called) == (49.0, "covid19", False)


def test_where_no_value_can_there_is_none_and_without_values_nothing_is_said() -> None:
    assert smallest_changes(toy_engine(), seen_at(60.0, (90.0, 0.0, 0.0))) == ()
    seen = seen_at(60.0, (1.0, 0.0, 0.0))
    seen.prediction.evidence[Modality.CLINICAL] = None
    seen.prediction.prior_logits["covid19"] = 0.0
    assert smallest_changes(toy_engine(), SimpleNamespace(**(vars(seen)))) is None


def evidence(image: float | None, clinical: float) -> dict:
    labels = get_task("chest_infection").labels
    spread = lambda x: None if x is None else dict(zip(labels, (x, -x, 0.0), strict=True))  # noqa: E731
    return {"image": spread(image), "text": None, "clinical": spread(clinical)}


def test_the_nearest_case_says_the_same_and_the_case_itself_is_not_among_them(tmp_path) -> None:
    store = CaseStore(f"sqlite:///{tmp_path / 'c.db'}")
    for key, given in {
        "me": (1.0, 0.5),
        "twin": (1.0, 0.6),
        "other": (-1.0, 0.5),
        "blind": (None, 0.5),
    }.items():
        store.add(key, Case("chest_infection"), patient_key=key)
        store.remember_evidence(key, "abc", evidence(*given))
    store.add("old", Case("chest_infection"))
    store.remember_evidence("old", "another model", evidence(1.0, 0.5))
    mine = evidence(1.0, 0.5)
    prediction = account((1.0, 0.0, 0.0), mine["clinical"], image=mine["image"])
    found = similar.similar_cases(store, "me", prediction)
    assert [n.summary.key for n in found] == ["twin", "blind", "other"]
    assert found[0].closeness == "very"
    kinds = [{b.modality: b.kind for b in n.beside} for n in found]
    assert kinds[0] == {"image": "same", "text": "silent", "clinical": "same"}
    assert (kinds[1]["image"], kinds[2]["image"]) == ("one", "opposite")
    assert [row.key for row in similar.not_scored(store, "chest_infection", "abc")] == ["old"]
    store.close()


def test_a_constant_over_exclusive_labels_is_no_difference() -> None:
    labels = get_task("chest_infection").labels
    one = evidence(1.0, 0.5)
    shifted = one | {"image": {k: v + 3.0 for k, v in one["image"].items()}}
    prediction = account((1.0, 0.0, 0.0), one["clinical"], image=one["image"])
    assert similar.vector(shifted, prediction) == pytest.approx(similar.vector(one, prediction))
    assert len(labels) * 3 == len(similar.vector(one, prediction))


def test_evidence_is_kept_once_a_case_and_an_unknown_case_is_refused(tmp_path) -> None:
    from mmcore.domain.errors import CaseNotFoundError

    store = CaseStore(f"sqlite:///{tmp_path / 'c.db'}")
    store.add("a", Case("chest_infection"))
    store.remember_evidence("a", "one", evidence(1.0, 0.5))
    store.remember_evidence("a", "two", evidence(None, 0.25))
    assert store.evidence("chest_infection", "one") == {}
    assert store.evidence("chest_infection", "two") == {"a": evidence(None, 0.25)}
    assert store.evidence("lung_nodule", "two") == {}
    with pytest.raises(CaseNotFoundError):
        store.remember_evidence("b", "two", {})
    store.close()


def test_a_database_made_before_gains_the_table(tmp_path) -> None:
    import sqlalchemy as sql

    url = f"sqlite:///{tmp_path / 'c.db'}"
    first = CaseStore(url)
    first.add("a", Case("chest_infection"))
    with first.engine.begin() as connection:
        connection.execute(sql.text("DROP TABLE case_evidence"))
    first.close()
    again = CaseStore(url)
    again.remember_evidence("a", "one", evidence(1.0, 0.5))
    assert list(again.evidence("chest_infection", "one")) == ["a"]
    again.close()
