"""The Models page: the most sobering figure first, small groups left out, differences in words, the network as it is stored."""

import html
import json

import pytest

from mmcore.cards import read as cards
from mmcore.cards.read import Card
from mmcore.cards.structure import read_structure
from mmcore.words import say
from tests.conftest import page_text, plain


def figure(value: float, spread: float = 0.05) -> dict:
    return {"value": value, "low": value - spread, "high": value + spread}


def group(patients: int, **metrics: float) -> dict:
    return {"n": 2 * patients, "patients": patients, "metrics": {k: figure(v) for k, v in metrics.items()}}


CARD = Card(
    "chest_infection",
    "9.9.9",
    "# the words",
    {
        "leave_publisher_out": {"all": group(300, macro_auroc=0.61)},
        "test": {
            **group(100, macro_auroc=0.8, accuracy=0.7, auroc_not_yet_in_icu=0.7, sensitivity_covid19=0.6),
            "by_sex": {
                "F": group(50, macro_auroc=0.9),
                "M": group(50, macro_auroc=0.7),
                "unknown": group(30),
            },
            "by_source": {"tiny": group(5, macro_auroc=0.2)},
            "by_sex_and_age": {"F 60_75": group(34, macro_auroc=0.81), "M 60_75": group(3, macro_auroc=0.2)},
            "by_modalities": {"image": group(60, macro_auroc=0.75)},
            "baseline": {"name": "age_years and sex", "metrics": {"macro_auroc": figure(0.82)}},
        },
    },
)


def test_the_most_sobering_figure_comes_first_and_the_baseline_last() -> None:
    found = [(f.code, f.figure["value"]) for f in cards.headline(CARD)]
    assert found == [("away", 0.61), ("extra", 0.7), ("test", 0.8), ("baseline", 0.82)]
    assert cards.baseline_wins(CARD)


def test_a_small_group_is_counted_but_has_no_figure() -> None:
    rows = {
        (g, n): (counts["patients"], shown) for g, n, counts, shown in cards.group_rows(CARD, "macro_auroc")
    }
    assert rows["by_source", "tiny"] == (5, None)
    assert rows["by_sex", "F"] == (50, figure(0.9))


def test_the_widest_gap_of_each_grouping_is_named() -> None:
    (gap,) = cards.fairness(CARD)
    assert (gap["grouping"], gap["better"], gap["worse"], gap["gap"]) == ("by_sex", "F", "M", 0.2)


def test_a_patient_belongs_to_the_narrowest_group_that_is_large_enough() -> None:
    woman = cards.group_of_patient(CARD, {"sex": 0.0, "age_years": 61.0}, "image")
    assert [(g, n) for g, n, _ in woman] == [("by_sex_and_age", "F 60_75"), ("by_modalities", "image")]
    man = cards.group_of_patient(CARD, {"sex": 1.0, "age_years": 61.0}, "image")
    assert [(g, n) for g, n, _ in man] == [("by_sex", "M"), ("by_modalities", "image")]
    nobody_like = cards.group_of_patient(CARD, {"sex": 1.0, "age_years": 90.0}, "text")
    assert [g for g, _, _ in nobody_like] == ["by_sex", "by_modalities"]
    assert [g for g, _, _ in cards.group_of_patient(CARD, {}, "text")] == ["by_modalities"]


def test_a_decision_curve_helps_where_it_is_above_both_others() -> None:
    from pages.ui.models.trust import useful_range

    curve = {
        "thresholds": [0.1, 0.2, 0.3, 0.4, 0.5],
        "model": [0.3, 0.25, 0.2, -0.1, 0.1],
        "treat_all": [0.4, 0.2, 0.1, 0.0, -0.2],
    }
    assert useful_range(curve) == (0.2, 0.3)
    assert useful_range({**curve, "model": [-1.0] * 5}) is None


def test_the_figure_of_this_patient_s_group_is_told_in_words(monkeypatch) -> None:
    from types import SimpleNamespace

    from pages.ui.review import group
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    prediction = SimpleNamespace(evidence={"image": {"a": 0.1}, "text": None})
    case = SimpleNamespace(values={"sex": 0.0, "age_years": 61.0}, scan=None)
    told = group.words_of(CARD, SimpleNamespace(prediction=prediction, case=case))
    assert "Tested on 34 women of 60 to under 75: AUROC 0.81 (0.76 to 0.86)." in told
    assert "With scan: 0.75 (0.70 to 0.80), 60 patients." in told
    assert "on hospitals never seen: 0.61" in told
    few = SimpleNamespace(prediction=SimpleNamespace(evidence={"text": {}}), case=case)
    assert "Too few patients were tested with note (0)." in group.words_of(CARD, few)
    assert group.words_of(None, few) == ""


@pytest.mark.parametrize(
    ("p_values", "exclusive", "words"),
    [
        ({"covid19": 0.4, "other_pneumonia": 0.15, "no_finding": 0.01}, True, "At 90 % confidence these cannot be excluded: COVID-19, another pneumonia."),
        ({"covid19": 0.4, "other_pneumonia": 0.05, "no_finding": 0.01}, True, "At 90 % confidence only COVID-19 remains."),
        (
            {"covid19": 0.4, "not covid19": 0.01, "other_pneumonia": 0.05, "not other_pneumonia": 0.6, "no_finding": 0.3, "not no_finding": 0.3},
            False,
            "At 90 % confidence: COVID-19 present; another pneumonia excluded; no finding neither excluded nor confirmed.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_excluded_is_told_in_words(monkeypatch, p_values, exclusive: bool, words: str) -> None:
    from mmcore.domain.prediction import Contrast, Prediction
    from pages.ui.review import answer
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    labels = ("covid19", "other_pneumonia", "no_finding")
    chances = {"covid19": 0.6, "other_pneumonia": 0.3, "no_finding": 0.1}
    prediction = Prediction(
        "chest_infection", labels, exclusive, {}, {}, chances, (), Contrast("covid19"), p_values=p_values
    )
    assert plain(answer.set_words(prediction, 0.9, other_prior=False)) == words
    told = plain(answer.set_words(prediction, 0.9, other_prior=True))
    assert told.startswith(words) and "another pre-test probability leaves the set as it is" in told
    assert words not in plain(answer.set_words(prediction, 0.8, other_prior=False))


def test_the_full_card_names_no_identifier_of_a_report(monkeypatch) -> None:
    from pages.ui.models import text as card_text
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    told = card_text.in_words(
        "| auroc_covid19 | other_pneumonia |\n| image+text (n=9) | age_years, `a_file.json` |"
    )
    assert told == "| AUROC of COVID-19 | another pneumonia |\n| Scan, note (n=9) | age, `a_file.json` |"


def test_the_tests_of_the_explanations_are_told_in_words(monkeypatch) -> None:
    from pages.ui.models import checks as card_checks
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    found = {
        "n": 40, "patients": 30,
        "modalities": {"image": {
            "n": 40, "tested": 38, "green": figure(0.5), "amber": figure(0.3), "grey": figure(0.2),
            "beats_random_deletion": figure(0.85), "median_agreement": 0.7,
        }},
        "inside_lungs": {"n": 12, "share": figure(0.66)},
        "randomised": {"image": {"head": 0.4, "head and 1 of 1 parts of the encoder": 0.12}},
        "shortcuts": {"image": {"accuracy": 0.87, "majority": 0.6}},
    }  # fmt: skip
    told = plain(card_checks._faithfulness(found))
    for words in (
        "green 50 %, amber 30 %, grey 20 % of 40",
        "85 % (80 %–90 %) of 38 cases",
        "0.70",
        "66 % of the evidence, 12 films",
        "correlation of 0.12",
        "87 % of cases",
    ):
        assert words in told
    assert "No test of the explanations" in card_checks._faithfulness({})


def test_the_structure_is_that_of_the_stored_weights(tmp_path) -> None:
    from mmcore.stores.model_store import save_model
    from tests.toy import toy_model

    model = toy_model()
    save_model(model, None, None, tmp_path)
    found = read_structure(tmp_path)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert [b.modality for b in found.branches] == ["image", "text", "clinical"]
    assert found.branches[0].scale == pytest.approx(0.8)
    assert found.branches[1].constants == pytest.approx(
        {"covid19": 0.0, "other_pneumonia": 0.3, "no_finding": -0.3}
    )
    assert found.prior["covid19"] == pytest.approx(-1.0)
    assert found.set_scales == {}
    assert found.branches[1].blocks[0].name == "embeddings"


def test_weights_of_another_kind_have_no_picture(tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"task": "icu_mortality"}))
    assert read_structure(tmp_path) is None


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Hospitals and publishers never seen"), ("zh", "从未见过的医院")]
)
def test_the_page_shows_a_card_in_both_languages(store, visit, language: str, word: str) -> None:
    app = visit(lang=language).switch_page("pages/models.py").run()
    assert not app.exception
    text = page_text(app)
    assert word in text and 'class="network"' in text and 'class="forests' in text


def test_every_shipped_model_has_a_card_that_opens(store, visit) -> None:
    app = visit().switch_page("pages/models.py").run()
    for card in cards.all_cards():
        if len({c.task for c in cards.all_cards()}) > 1:
            app.button_group(key="model_task").set_value(card.task).run()
        assert not app.exception
        outcome = say(f"model_facts.{card.task}.outcome")
        assert html.escape(outcome[:1].upper() + outcome[1:]) in page_text(app)


def test_the_counts_of_all_test_patients_are_not_told_of_a_figure_of_some_of_them() -> None:
    counts = {f.code: (f.n, f.patients) for f in cards.headline(CARD)}
    assert counts == {"away": (600, 300), "extra": (0, 0), "test": (200, 100), "baseline": (200, 100)}


def test_what_only_this_task_asks_comes_before_unseen_hospitals_where_it_is_lower() -> None:
    card = Card("x", "1", "", CARD.report | {"leave_publisher_out": {"all": group(300, macro_auroc=0.75)}})
    assert [f.code for f in cards.headline(card)] == ["extra", "away", "test", "baseline"]


def test_no_shipped_card_shows_an_identifier_as_the_name_of_a_group(monkeypatch) -> None:
    from pages.ui.models import words as card_words
    from pages.ui.shell import text

    for language in ("en", "zh"):
        monkeypatch.setattr(text.state, "language", lambda chosen=language: chosen)
        for card in cards.all_cards():
            named = {n: card_words.group_words(g, n) for g, n, *_ in cards.group_rows(card, "macro_auroc")}
            assert named and [n for n, told in named.items() if told == n and n.islower()] == []


def test_a_model_of_one_input_has_no_tab_of_fusions_and_a_yes_or_no_answer_no_mean_over_labels(
    store, visit
) -> None:
    app = visit(task="heart_coronary").switch_page("pages/models.py").run()
    assert not app.exception
    assert [tab.label for tab in app.tabs] == [
        "By group",
        "Calibration and use",
        "Checks",
        "Structure",
        "Full card",
    ]
    drawn = "".join(element.proto.body for element in app.get("html"))  # all but the full card
    assert "AUROC" in drawn and "mean over labels" not in drawn
    assert "under 1 MB" in plain(page_text(app))


def test_of_counted_cases_all_may_be_meant(monkeypatch) -> None:
    from pages.ui.models import head as card_head
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    sets = {"confidence": 0.9, "coverage": 1.0, "interval": {"low": 0.88, "high": 1.0}}
    (told,) = card_head._promises({"prediction_sets": sets})
    assert plain(told) == "Sets at 90 %: the true answer is in 100 % (88 % to 100 %) of them."
