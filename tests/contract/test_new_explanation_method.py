"""Adding an explanation method is adding one file: a throw-away one is asked for by its name and explains the case."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mmcore.explain.methods
from mmcore.domain.case import Case
from mmcore.domain.task import Modality
from mmcore.explain.review import review
from mmcore.prediction.engine import load_engine
from mmcore.words import say
from tests.conftest import NOTE

METHOD_FILE = '''"""A throw-away method: every token says the same."""
from dataclasses import dataclass
import numpy as np
from mmcore.domain.prediction import Attribution
from mmcore.domain.task import Modality

@dataclass(frozen=True)
class EvenShares:
    name: str = "even_shares"
    modalities: tuple[Modality, ...] = (Modality.TEXT,)
    default: bool = False

    def attribute(self, engine, encodings, wanted, memory) -> Attribution:
        spans = encodings.text_in.spans
        values = np.full(len(spans), (wanted.total - wanted.constant) / len(spans))
        return Attribution(wanted.modality, wanted.prediction.contrast, self.name, "nothing",
                           values, wanted.total, wanted.constant, parts=spans)

EXPLAINER = EvenShares()
'''
CASE = Case("chest_infection", note=NOTE, values={"age_years": 61.0, "sex": 1.0})


@pytest.fixture
def _one_more_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "even_shares.py").write_text(METHOD_FILE)
    monkeypatch.setattr(mmcore.explain.methods, "__path__", [*mmcore.explain.methods.__path__, str(tmp_path)])
    mmcore.explain.methods.explainers.cache_clear()
    yield
    mmcore.explain.methods.explainers.cache_clear()


@pytest.mark.usefixtures("_one_more_method")
def test_a_method_of_one_file_explains_what_it_can_and_the_rest_keeps_its_default() -> None:
    found = review(load_engine("chest_infection"), CASE, tokens="even_shares")
    methods = {a.modality: a.method for a in found.attributions}
    assert methods == {Modality.TEXT: "even_shares", Modality.CLINICAL: "exact_shapley"}
    (text,) = (a for a in found.attributions if a.method == "even_shares")
    assert np.ptp(text.values) == 0
    assert abs(text.residual) < 1e-9
    assert say(f"method.{text.method}") == "even shares"


@pytest.mark.usefixtures("_one_more_method")
def test_a_new_method_that_nobody_asks_for_changes_nothing() -> None:
    found = review(load_engine("chest_infection"), CASE)
    assert {a.method for a in found.attributions} == {"integrated_gradients", "exact_shapley"}


def test_every_modality_has_one_default_and_no_two_methods_share_a_name() -> None:
    every = mmcore.explain.methods.explainers()
    assert [sum(e.default and m in e.modalities for e in every) for m in Modality] == [1] * len(Modality)
    assert len({e.name for e in every}) == len(every) == 4
