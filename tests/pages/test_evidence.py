"""The arithmetic that the screens show: rounded numbers that add up, ratios and places in words, words as sums of tokens."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mmcore.domain.case import Case
from mmcore.domain.prediction import Attribution, Contrast, Prediction
from mmcore.domain.review import Review
from mmcore.domain.task import Modality
from pages.ui.draw import evidence, note, viewer
from pages.ui.shell.text import bound, number, percent, signed
from tests.conftest import plain

COVID = Contrast("covid19", "other_pneumonia")


def reviewed(prior: float, image: float, text: float | None) -> Review:
    """A review of two labels whose contrast has this prior and this evidence."""

    def by_label(log_odds):
        return None if log_odds is None else {"covid19": log_odds, "other_pneumonia": 0.0}

    evidence_ = {Modality.IMAGE: by_label(image), Modality.TEXT: by_label(text)}
    chances = {"covid19": 0.6, "other_pneumonia": 0.4}
    prediction = Prediction(
        "t", tuple(chances), True, by_label(prior), evidence_, chances, ("covid19",), COVID
    )
    return Review(Case("t"), prediction, (), (), None, (), (), None, {}, (), {}, chances, {})


@given(some.floats(-9, 9), some.floats(-9, 9), some.one_of(some.none(), some.floats(-9, 9)))
def test_the_numbers_shown_add_up_and_lie_close_to_what_they_stand_for(prior, image, text):
    *parts, total = evidence.rows_of(reviewed(prior, image, text))
    assert round(sum(row.log_odds for row in parts), 2) == total.log_odds
    assert abs(total.log_odds - (prior + image + (text or 0.0))) <= 0.0151
    assert parts[1].log_odds == round(image, 2)


def test_the_sum_is_written_out_with_its_odds_and_probabilities():
    review = reviewed(-0.4, 1.13, -0.02)
    assert plain(evidence.sum_in_words(evidence.rows_of(review), review)) == (
        "−0.40 + 1.13 − 0.02 = <b>+0.71</b> log-odds, that is odds 2.03 to 1: COVID-19 60.0 %, another pneumonia 40.0 %."
    )


def test_a_residual_above_the_limit_is_told_and_one_below_is_not():
    def left(residual: float) -> Attribution:
        return Attribution(Modality.TEXT, COVID, "m", "b", np.array([1.0]), 1.0 + residual, 0.0)

    review = replace(reviewed(0.0, 1.0, 1.0), attributions=(left(0.02),))
    assert [plain(w) for w in evidence.residual_warnings(review)] == [
        "The explanation of the note leaves 0.020 log-odds unexplained (limit 0.01): read it with care."
    ]
    assert evidence.residual_warnings(replace(review, attributions=(left(0.009),))) == []


@pytest.mark.parametrize(
    ("log_odds", "words"),
    [
        (np.log(3.1), "The scan multiplies the odds of COVID-19 against another pneumonia by 3.1"),
        (-np.log(24), "The scan divides the odds of COVID-19 against another pneumonia by 24"),
        (0.001, "The scan leaves the odds of COVID-19 against another pneumonia as they are"),
    ],
)
def test_a_piece_of_evidence_is_a_ratio_of_odds_in_words(log_odds, words):
    assert evidence.ratio_in_words("image", float(log_odds), COVID) == words


def test_evidence_for_a_label_alone_names_no_other():
    assert evidence.ratio_in_words("text", float(np.log(2)), Contrast("no_finding")) == (
        "The note multiplies the odds of no finding by 2.0"
    )


def test_the_vitals_are_many():
    assert evidence.ratio_in_words("clinical", -0.5, COVID).startswith("The vitals divide the odds")
    assert evidence.ratio_in_words("clinical", 0.0, COVID).startswith("The vitals leave the odds")


def test_no_line_can_end_between_a_number_and_its_unit():
    assert bound("38.9 °C, < 5 mm, 98 % of 7 mice") == "38.9\u00a0°C, <\u00a05\u00a0mm, 98\u00a0% of 7 mice"


@pytest.mark.parametrize(
    ("log_odds", "words"), [(np.log(2.5), "odds 2.50 to 1"), (-np.log(40), "odds 1 to 40")]
)
def test_odds_are_never_below_one_to_something(log_odds, words):
    assert evidence.odds(float(log_odds)) == words


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.613, "61 %"),
        (0.004, "0.4 %"),
        (0.996, "99.6 %"),
        (0.0098, "1 %"),
        (0.013, "1 %"),
        (0.00001, "< 0.1 %"),
        (0.99999, "> 99.9 %"),
    ],
)
def test_no_probability_reads_as_impossible_or_certain(probability, words):
    assert plain(percent(probability)) == words


def test_log_odds_have_a_sign_and_zero_is_not_negative():
    assert (signed(1.234), signed(-0.5), signed(-0.001)) == ("+1.23", "−0.50", "+0.00")
    assert (number(38.6), number(1234.4), number(7.0)) == ("38.6", "1234", "7")


def map_with_peak(row: int, column: int, sign: float = 1.0) -> np.ndarray:
    values = np.zeros((90, 90))
    values[row, column] = sign
    return values


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(80, 10, "lower third on the left of the picture"), (5, 85, "upper third on the right of the picture")]
    + [(45, 45, "middle third in the middle of the picture")],
)
def test_the_strongest_evidence_is_placed_in_words(row, column, words):
    assert viewer.strongest_place(map_with_peak(row, column), None) == words


def test_a_map_of_a_crop_is_placed_on_the_whole_picture():
    lower_left_quarter = (0.5, 0.0, 1.0, 0.5)
    assert (
        viewer.strongest_place(map_with_peak(0, 89), lower_left_quarter)
        == "middle third in the middle of the picture"
    )


def image_attribution(values: np.ndarray) -> Attribution:
    return Attribution(Modality.IMAGE, COVID, "grad_cam_signed", "mean", values, float(values.sum()), 0.0)


def test_evidence_inside_the_lungs_is_a_share_of_its_size():
    lungs = np.zeros((30, 30), bool)
    lungs[:15] = True
    values = map_with_peak(10, 10) + 3 * map_with_peak(80, 10, -1.0)
    assert image_attribution(values).share_inside(lungs) == pytest.approx(0.25)
    assert "25 %" in plain(viewer.alternative(image_attribution(values), lungs))
    assert "%" not in viewer.alternative(image_attribution(values), None)


def test_two_lungs_give_two_rings_on_their_own_sides():
    lungs = np.zeros((40, 40), bool)
    lungs[5:30, 4:15] = True
    lungs[5:30, 25:36] = True
    left, right = viewer.lung_rings(lungs)
    assert max(x for x, _ in left) < 0.5 < min(x for x, _ in right)
    assert (min(x for x, _ in left), max(x for x, _ in left)) == (0.1, 0.375)


def test_a_word_is_the_sum_of_its_tokens_and_a_masked_run_is_one_word():
    text = "Unproductive cough. COVID-19 suspected"
    spans = ((), (0, 2), (2, 12), (13, 18), (18, 19), (20, 38), ())
    values = np.array([0.5, 0.1, 0.2, 0.3, 0.04, -0.4, 0.6])
    attribution = Attribution(Modality.TEXT, COVID, "m", "b", values, 1.34, 0.0, parts=spans)
    words = note.words_of(text, ((20, 38, "diagnosis"),), attribution)
    assert [(w.written, round(w.value, 6), w.category) for w in words] == [
        ("Unproductive", 0.3, ""),
        ("cough.", 0.34, ""),
        ("COVID-19 suspected", -0.4, "diagnosis"),
    ]
    assert note.shown(words[1]) == "cough"
    assert note.shown(words[2]) == "[diagnosis]"


def test_words_of_an_empty_note_are_none():
    assert note.words_of("", (), None) == []
