"""Curves by pencil: lines between nodes, held ends, unknown adds nothing, and the discount of fields that say alike."""

import pytest
import torch

from mmcore.domain.evidence import Curve
from mmcore.models.clinical_head import AdditiveClinicalHead, Curves

NAN = float("nan")
RISING = Curve((10.0, 20.0, 40.0), ((0.0,), (1.0,), (2.0,)))


def _one(curve: Curve, value: float) -> float:
    return Curves([curve], 1, False, {})(torch.tensor([[value]]))[0, 0, 0].item()


@pytest.mark.parametrize(
    ("value", "found"), [(5, 0.0), (10, 0.0), (15, 0.5), (20, 1.0), (30, 1.5), (40, 2.0), (900, 2.0)]
)
def test_a_curve_is_a_line_between_its_nodes_and_is_held_beyond_its_ends(value, found):
    assert _one(RISING, value) == pytest.approx(found)


def test_an_unknown_value_adds_exactly_nothing_even_where_the_curve_does_not_pass_through_nought():
    assert _one(Curve((0.0, 1.0), ((-0.4,), (0.9,))), NAN) == 0.0


def test_dependent_fields_are_discounted_by_how_many_say_the_same():
    step = (0.0, 1.0)
    fields = [Curve(step, ((0.0, 0.0), (1.0, 0.0)), group="fever") for _ in range(2)]
    head = Curves(fields, 2, True, {"fever": 0.5})
    alone, both = head(torch.tensor([[1.0, NAN]]))[0], head(torch.tensor([[1.0, 1.0]]))[0]
    assert alone[:, 0].tolist() == pytest.approx([1.0, 0.0])  # a lone value keeps all of it
    assert both[:, 0].tolist() == pytest.approx([2 / 3, 2 / 3])  # n = 2: 1 / (1 + 0.5) each
    assert both[:, 0].sum() > alone[:, 0].sum()  # agreeing evidence never lowers the sum


def test_a_dependent_field_that_says_nothing_costs_the_others_nothing():
    fields = [Curve((0.0, 1.0), ((0.0, 0.0), (x, 0.0)), group="fever") for x in (2.0, 0.0)]
    found = Curves(fields, 2, True, {"fever": 0.5})(torch.tensor([[1.0, 1.0]]))[0]
    assert found[:, 0].tolist() == pytest.approx([2.0, 0.0])


def test_independent_labels_are_discounted_each_on_its_own():
    fields = [Curve((0.0, 1.0), ((0.0, 0.0), row), group="g") for row in ((1.0, 1.0), (1.0, 0.0))]
    found = Curves(fields, 2, False, {"g": 1.0})(torch.tensor([[1.0, 1.0]]))[0]
    assert found.tolist() == [pytest.approx([0.5, 1.0]), pytest.approx([0.5, 0.0])]


def test_a_field_has_either_a_learned_line_or_a_curve():
    head = AdditiveClinicalHead([(), ()], 1, False, [None, RISING])
    with torch.no_grad():
        head.weight.fill_(1.0)
    head.identified[1] = 0
    assert head(torch.tensor([[3.0, 20.0]]))[0, :, 0].tolist() == pytest.approx([3.0, 1.0])
