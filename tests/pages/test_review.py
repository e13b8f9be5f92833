"""The review screen, opened through app.py with the shipped model: an account that adds up, and a decision that stays."""

import re
import time

import pytest

from mmcore.cases import worklist
from mmcore.domain.case import Case
from tests.conftest import page_text, plain

NUMBER = r'class="value[^"]*">([+−]?[\d.]+)</td>'


def shown_numbers(app) -> list[float]:
    """The numbers of the first account on the screen, top to bottom: prior, modalities, total."""
    table = re.search(r'<table class="account">.*?</table>', page_text(app), re.DOTALL).group()
    return [float(text.replace("−", "-")) for text in re.findall(NUMBER, table)]


def test_the_numbers_shown_add_up_to_the_total_shown(store, visit):
    app = visit(case="whole")
    assert not app.exception
    *parts, total = shown_numbers(app)
    assert len(parts) == 4
    assert round(sum(parts), 2) == total
    sentence = re.search(r'<div class="sum">(.*?)</div>', page_text(app)).group(1)
    written, result = re.sub(r"</?b>", "", sentence).split(" = ")
    terms = [float(x) for x in re.findall(r"[+-]?[\d.]+", written.replace("−", "-").replace(" ", ""))]
    assert terms == parts
    assert float(result.split()[0].replace("−", "-")) == total


def test_another_pre_test_probability_moves_the_prior_and_no_evidence(store, visit):
    app = visit(case="whole")
    before = shown_numbers(app)
    app = app.selectbox(key="prior_label_whole").set_value("covid19").run()
    slider = app.select_slider[0]
    app = slider.set_value(0.02 if slider.value != 0.02 else 0.05).run()
    app = app.selectbox(key="contrast_whole").select_index(1).run()
    prior_moved = shown_numbers(app)
    app = app.button(key="prior_reset_whole").click().run()
    usual = shown_numbers(app)
    assert prior_moved[0] != usual[0]
    assert prior_moved[1:-1] == pytest.approx(usual[1:-1], abs=0.011)
    assert before != prior_moved


def test_another_pre_test_probability_is_not_kept_in_the_worklist(store, visit):
    app = visit(case="whole")
    kept = store.summary("whole").top_probability
    app.select_slider[0].set_value(0.02).run()
    assert store.summary("whole").top_probability == kept
    assert kept != 0.5  # what the review found has replaced what the fixture stored


def test_the_contrast_can_be_chosen_and_every_one_adds_up(store, visit):
    app = visit(case="whole")
    choices = app.selectbox(key="contrast_whole").options
    assert len(choices) == 7  # the usual one and six ordered pairs
    for place in range(1, 7):
        app = app.selectbox(key="contrast_whole").select_index(place).run()
        *parts, total = shown_numbers(app)
        assert round(sum(parts), 2) == total


def test_what_is_missing_stands_there_greyed_and_adds_nothing(store, visit):
    app = visit(case="vitals")
    text = page_text(app)
    assert text.count('<tr class="absent">') == 2
    assert "Not given: adds nothing" in text
    assert store.summary("vitals").flags[:2] == ("missing:image", "missing:text")


def test_a_case_with_nothing_says_so_and_shows_no_traceback(store, visit):
    app = visit(case="empty")
    assert not app.exception
    assert "Nothing is left to predict from" in page_text(app)


def test_an_unknown_case_is_named_and_the_way_back_is_shown(store, visit):
    app = visit(case="nonsense")
    assert not app.exception
    assert "nonsense" in page_text(app)


def test_masked_words_are_seen_as_masked_and_the_rest_of_the_note_is_there(store, visit):
    text = page_text(visit(case="whole"))
    assert re.search(r'class="masked"[^>]*>\[test\]', text)
    assert "RT-PCR" not in re.search(r'<div class="note".*?</div>', text, re.DOTALL).group()
    assert 'class="w negated"' in text
    assert ">Crackles<" in text


def test_the_note_is_shown_at_once_and_then_worked_out_exactly(store, visit):
    app = visit(case="whole")
    assert '<div class="note"' in page_text(app)
    for _ in range(600):
        if "Working out each word exactly" not in page_text(app):
            break
        time.sleep(0.5)
        app = app.run()
    assert "Working out each word exactly" not in page_text(app)
    assert re.search(r"Words [+−][\d.]+ \+ constant [+−][\d.]+ \+ rest [+−]0\.\d\d = note", page_text(app))


def test_values_stand_with_unit_and_reference_range(store, visit):
    text = page_text(visit(case="whole"))
    assert "38.6 °C" in text
    assert "96 to 100" in text
    assert "outside reference" in text


def test_agreement_is_stored_with_what_was_shown(store, visit):
    app = visit(case="whole")
    app.button(key="agree_whole").click().run()
    (decision,) = store.decisions("whole")
    assert (decision.action, store.summary("whole").state) == ("agree", "reviewed")
    assert sum(decision.shown["probabilities"].values()) == pytest.approx(1)
    assert decision.label == max(decision.shown["probabilities"], key=decision.shown["probabilities"].get)


def test_an_override_needs_a_label_and_a_reason(store, visit):
    app = visit(case="whole")
    app = app.button(key="store_whole").click().run()
    assert "Choose a label and a reason" in page_text(app)
    assert store.decisions("whole") == ()


def test_an_override_is_stored_with_its_coded_reason_and_comment(store, visit):
    app = visit(case="whole")
    app.selectbox(key="instead_whole").select_index(0)
    app.selectbox(key="reason_whole").select_index(worklist.OVERRIDE_REASONS.index("later_result"))
    app.text_area(key="comment_whole").input("sputum culture grew pneumococci")
    app.button(key="store_whole").click().run()
    (decision,) = store.decisions("whole")
    assert (decision.action, decision.reason) == ("override", "later_result")
    assert decision.comment == "sputum culture grew pneumococci"
    assert store.summary("whole").state == "overridden"


def test_setting_the_note_aside_shows_both_accounts_and_stores_nothing(store, visit):
    app = visit(case="whole")
    aside = next(group for group in app.button_group if group.key.startswith("aside_"))
    app = aside.set_value(["text"]).run()
    tables = re.findall(r'<table class="account">.*?</table>', page_text(app), re.DOTALL)
    assert len(tables) == 3  # above, as it is, what if
    assert ["absent" in table for table in tables] == [False, False, True]
    assert store.load("whole").note


def test_with_the_estimate_first_the_answer_is_hidden_until_it_is_committed(store, visit):
    app = visit()
    app.toggle(key="estimate").set_value(True).run()
    app.query_params["case"] = "whole"
    app = app.switch_page("pages/review.py").run()
    assert '<table class="account">' not in page_text(app)
    assert 'class="chance"' not in page_text(app)
    app.radio(key="guess_whole").set_value("no_finding").run()
    app = app.button(key="commit_whole").click().run()
    assert '<table class="account">' in page_text(app)
    app.button(key="agree_whole").click().run()
    assert store.decisions("whole")[0].shown["estimate"] == {"label": "no_finding", "probability": 0.5}


def test_the_screen_speaks_chinese_and_says_once_what_it_is_not_for(store, visit):
    text = page_text(visit(case="whole", lang="zh"))
    assert text.count("仅供研究与教学，不得用于临床") == 1
    assert "尚无证据时" in text
    assert "Before any evidence" not in text


def test_the_screen_says_once_what_it_is_not_for(store, visit):
    assert page_text(visit(case="whole")).count("Research and education, not for clinical use") == 1


def test_a_case_without_a_note_opens_on_its_vitals(store, visit):
    for key, first in (("whole", "Note"), ("vitals", "Vitals")):
        tabs = visit(case=key).get("tab_container")
        assert tabs[0].proto.tab_container.default_tab_index == (0 if first == "Note" else 1)


def test_a_case_without_a_picture_leaves_its_room_to_the_answer(store, visit):
    text = page_text(visit(case="vitals"))
    assert "No scan" not in text and '<table class="account">' in text
    store.add("note", Case("heart_ecg", note="palpitations"))
    app = visit(case="note")
    assert not app.exception
    assert "No ECG in this case" in page_text(app) and "No scan" not in page_text(app)


def test_labels_that_reach_their_own_operating_point_beside_the_likeliest_are_named(monkeypatch):
    from types import SimpleNamespace

    from pages.ui.review import answer
    from pages.ui.shell import text

    monkeypatch.setattr(text.state, "language", lambda: "en")
    chances = {"not_suspicious": 0.62, "suspicious": 0.38}
    prediction = SimpleNamespace(labels=tuple(chances), probabilities=chances, exclusive=True)
    points = {"not_suspicious": 0.77, "suspicious": 0.23}
    seen = SimpleNamespace(prediction=prediction, operating_point=points)
    told = plain(answer._point_words(seen, "not_suspicious"))
    assert told.endswith("At or above its own operating point as well: suspicious nodule 38 %.")
    seen.operating_point = {"not_suspicious": 0.77, "suspicious": 0.4}
    assert "as well" not in answer._point_words(seen, "not_suspicious")
