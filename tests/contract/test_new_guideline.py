"""Adding a guideline is adding one file: a throw-away one asks for its fact and gives its advice beside the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import mmcore.guidelines
from mmcore.domain.guideline import APPLIES, NOT_KNOWN
from mmcore.guidelines.next_steps import askable, facts_to_ask, next_steps
from mmcore.tasks import case_task
from mmcore.words import say

GUIDELINE_FILE = '''"""A throw-away guideline: who is thirsty drinks."""
from mmcore.domain.guideline import NOT_KNOWN, Advice, Facts, Guideline
from mmcore.domain.task import Field

def drink(facts: Facts) -> tuple[Advice, ...]:
    """Water for the thirsty."""
    if "thirst" not in facts:
        return (Advice("water2026", "drink", NOT_KNOWN, missing=("thirst",)),)
    return (Advice("water2026", "drink_water", facts={"thirst": facts["thirst"]}),) if facts["thirst"] else ()

GUIDELINES = (Guideline("water2026", drink, {"lung_nodule": 0}, asks=(Field("thirst", kind="flag"),)),)
'''


@pytest.fixture
def _one_more_guideline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "water.py").write_text(GUIDELINE_FILE)
    monkeypatch.setattr(mmcore.guidelines, "__path__", [*mmcore.guidelines.__path__, str(tmp_path)])
    mmcore.guidelines.guidelines.cache_clear()
    yield
    mmcore.guidelines.guidelines.cache_clear()


@pytest.mark.usefixtures("_one_more_guideline")
def test_a_guideline_of_one_file_asks_for_its_fact_and_advises_in_its_place() -> None:
    task = case_task("lung_nodule")
    assert "thirst" in {f.name for f in facts_to_ask(task, {})}
    assert askable()["thirst"].kind == "flag"
    unknown, *others = next_steps(task, {})
    assert (unknown.guideline, unknown.status, unknown.missing) == ("water2026", NOT_KNOWN, ("thirst",))
    assert {a.guideline for a in others} == {"fleischner2017"}
    first, *_ = next_steps(task, {}, {"thirst": 1.0})
    assert (first.row, first.status, first.facts) == ("drink_water", APPLIES, {"thirst": 1.0})
    assert say(f"guideline.{first.guideline}.{first.row}") == "drink water"


@pytest.mark.usefixtures("_one_more_guideline")
def test_a_guideline_keeps_to_its_tasks() -> None:
    assert "water2026" not in {a.guideline for a in next_steps(case_task("heart_ecg"), {})}
    assert "thirst" not in {f.name for f in facts_to_ask(case_task("heart_ecg"), {})}


def test_a_guideline_names_every_fact_that_it_may_miss_and_no_two_share_a_place() -> None:
    every = mmcore.guidelines.guidelines()
    assert len(every) == 7
    for guideline in every.values():
        named = {f.name for f in guideline.asks} | set(guideline.reads)
        missing = {fact for advice in guideline.rule({}) for fact in advice.missing}
        assert missing
        assert missing <= named
    places = [(task, place) for g in every.values() for task, place in g.tasks.items()]
    assert len(set(places)) == len(places)
