"""Attributions kept in memory are those of the scale that the present modalities give a note."""

import pytest

from mmcore.domain.case import Case
from mmcore.domain.prediction import Contrast
from mmcore.explain.review import Review, review
from mmcore.prediction.engine import Engine, load_engine
from tests.conftest import NOTE

CONTRAST = Contrast("covid19", "no_finding")
ALONE = Case("chest_infection", note=NOTE)
WITH_VALUES = Case("chest_infection", note=NOTE, values={"age_years": 61.0, "sex": 1.0})


@pytest.fixture
def engine():
    """The shipped model, made to count a note beside values thirtyfold, so that its tolerance is a thirtieth."""
    loaded = load_engine("chest_infection")
    model = loaded.stored.model
    kept = model.set_scale.clone()
    text, clinical = (1 << model.modalities.index(name) for name in ("text", "clinical"))
    model.set_scale[text | clinical] = 30.0
    yield loaded
    model.set_scale.copy_(kept)


def steps(seen: Review) -> int:
    (text,) = (a for a in seen.attributions if a.modality == "text")
    return text.extra["steps"]


def test_a_note_kept_where_it_counts_for_little_is_not_taken_where_it_counts_for_more(engine: Engine) -> None:
    memory: dict = {}
    alone = steps(review(engine, ALONE, contrast=CONTRAST, memory=memory))
    after = steps(review(engine, WITH_VALUES, contrast=CONTRAST, memory=memory))
    fresh = steps(review(engine, WITH_VALUES, contrast=CONTRAST, memory={}))
    assert after == fresh > alone
