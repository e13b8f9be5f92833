"""What is no frontal chest X-ray adds nothing and says why; the user may overrule it; values beyond the training range warn."""

import shutil

import numpy as np
import pytest
from PIL import Image

from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.scan import Film, Scan
from mmcore.explain.review import review
from mmcore.gates import learned as picture_gate
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import load_engine
from mmcore.stores import gate_store
from mmcore.words import tell

DEMO = DEMONSTRATIONS / "chest_infection"


@pytest.fixture(scope="module")
def engine():
    return load_engine("chest_infection")


def noise() -> Scan:
    return Film(np.random.default_rng(0).random((300, 300)).astype(np.float32))


@pytest.mark.parametrize("key", [f"demo-00{i}" for i in range(1, 9)])
def test_a_demonstration_film_is_taken_for_what_it_is(engine, key: str) -> None:
    pixels = np.asarray(Image.open(DEMO / key / "scan.png").convert("L"), dtype=np.float32) / 255
    found = review(engine, Case("chest_infection", scan=Film(pixels)), tokens="token_activations")
    assert found.prediction.evidence["image"] is not None
    assert found.gates == ()


@pytest.fixture
def altered_gate(tmp_path, monkeypatch):
    """The shipped gate of films with one byte changed."""
    shutil.copytree(gate_store.GATES, tmp_path / "gates")
    weights = next(tmp_path.rglob(gate_store.WEIGHTS))
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    monkeypatch.setattr(gate_store, "GATES", tmp_path / "gates")
    picture_gate.stored_gate.cache_clear()
    yield
    picture_gate.stored_gate.cache_clear()


def test_a_film_adds_nothing_where_the_gate_that_should_look_at_it_was_altered(engine, altered_gate) -> None:
    pixels = np.asarray(Image.open(DEMO / "demo-001" / "scan.png").convert("L"), dtype=np.float32) / 255
    found = review(engine, Case("chest_infection", scan=Film(pixels), values={"age_years": 60.0}))
    assert found.prediction.evidence["image"] is None
    assert "gate.safetensors" in tell(found.gates[0]) and "overrule" in tell(found.gates[0])


def test_noise_adds_nothing_and_the_rest_is_predicted(engine) -> None:
    case = Case("chest_infection", scan=noise(), values={"age_years": 60.0})
    found = review(engine, case, tokens="token_activations")
    assert found.prediction.evidence["image"] is None
    assert found.prediction.evidence["clinical"] is not None
    assert "adds 0" in tell(found.gates[0])


def test_noise_alone_gives_no_prediction(engine) -> None:
    with pytest.raises(NothingToPredictError):
        review(engine, Case("chest_infection", scan=noise()))


def test_a_gate_that_is_overruled_opens_and_still_says_its_reason(engine) -> None:
    case = Case("chest_infection", scan=noise(), overruled=frozenset({"image"}))
    found = review(engine, case)
    assert found.prediction.evidence["image"] is not None
    assert found.gates[0].modality == "image"


def test_values_that_the_data_cannot_teach_add_nothing(engine) -> None:
    with pytest.raises(NothingToPredictError):
        review(engine, Case("chest_infection", values={"crp_mg_per_l": 300.0}))
    case = Case("chest_infection", values={"crp_mg_per_l": 300.0, "age_years": 50.0})
    both, alone = (
        review(engine, c).prediction for c in (case, Case("chest_infection", values={"age_years": 50.0}))
    )
    assert both.probabilities == alone.probabilities


def test_an_age_beyond_the_training_patients_is_said(engine) -> None:
    found = review(engine, Case("chest_infection", values={"age_years": 119.0}))
    (rare,) = (n for n in found.prediction.notices if n.code == "value_outside_training")
    assert tell(rare).startswith("age is 119 years; 98 of 100 training patients had ")


def test_nothing_is_computed_twice_when_only_the_prior_changes(engine) -> None:
    memory: dict = {}
    case = Case("chest_infection", note="Fever and dry cough. No effusion.", values={"age_years": 50.0})
    passes = []
    counter = engine.stored.model.text_encoder.register_forward_hook(lambda *_: passes.append(1))
    try:
        first = review(engine, case, memory=memory)
        needed = len(passes)
        second = review(engine, case, memory=memory, prior={"covid19": 0.02})
    finally:
        counter.remove()
    assert len(passes) == needed > 0
    assert first.prediction.evidence == second.prediction.evidence
    assert second.prediction.prior_logits["covid19"] == pytest.approx(np.log(0.02))
