"""The Teach screen and the tour through app.py with the shipped model: ask, commit, reveal, reload, refuse, be fooled."""

import base64
import re

import pytest

from mmcore.paths import DEMONSTRATIONS
from mmcore.teaching import session as teach
from mmcore.teaching import shortcut_model as fooled
from pages.ui.shell import resources
from tests.conftest import page_text

ANSWERS = {"covid19": 0, "other_pneumonia": 30, "no_finding": 90}


@pytest.fixture(scope="module")
def shipped():
    """The shipped model in memory, without any patient."""
    return resources.engine(fooled.TASK)


def answered(visit, store, key: str = "demo-003"):
    """A session of one case, its sliders moved and the answer committed: (app, session)."""
    session = teach.begin(store, (key, "demo-005"), shared=True)
    app = visit()
    app.query_params["class"] = session.code
    app.query_params["me"] = "STUDENT1"
    app = app.switch_page("pages/teach.py").run()
    for label, share in ANSWERS.items():
        app.slider(key=f"teach_{label}_{key}").set_value(share)
    return app.button(key=f"teach_reveal_{key}").click().run(), session


def test_before_the_answer_neither_model_nor_truth_is_on_the_screen(store, visit):
    app = visit().switch_page("pages/teach.py").run()
    assert not app.exception
    text = page_text(app)
    assert '<table class="account">' not in text
    assert "compare" not in text
    assert len(app.slider) == 3
    assert "[test]" not in text  # the note stands in its component, masked


def test_a_committed_answer_is_scored_beside_the_model_and_stays_after_a_reload(store, visit):
    app, session = answered(visit, store)
    assert not app.exception
    (kept,) = teach.teach_store(store).answers(session.code)
    assert kept.answer.probabilities == {"covid19": 0.0, "other_pneumonia": 0.25, "no_finding": 0.75}
    assert kept.scores["student"]["brier"] == pytest.approx(0.75**2 + 0.75**2)
    assert kept.scores["student"]["right"] is False
    assert sum(kept.scores["chances"].values()) == pytest.approx(1)
    assert app.query_params["case"] == "demo-003"  # the reveal, not the next case
    again = visit(**{"class": session.code, "me": "STUDENT1"})
    again.query_params["case"] = "demo-003"
    again = again.switch_page("pages/teach.py").run()
    for shown in (page_text(app), page_text(again)):
        assert '<table class="account">' in shown
        assert re.search(r"<td>75 %</td>", shown)
        assert "1.12" in shown  # the Brier score


def test_a_lesson_is_answered_by_the_fooled_model_marked_as_such_with_the_shipped_one_beside(store, visit):
    app = visit(case="whole")
    app.query_params["case"] = "lesson-letter"
    app = app.switch_page("pages/teach.py").run()
    app = app.button(key="teach_look_lesson-letter").click().run()
    text = page_text(app)
    assert not app.exception
    assert "taught on purpose to read a burned-in letter" in text
    assert {"Fooled model", "Shipped model"} <= set(re.findall(r'<th scope="col">(.*?)</th>', text))


def test_the_fooled_model_is_sure_because_of_the_letter_and_its_map_adds_up(store, shipped):
    summary, case = teach.open_case(store, "lesson-letter")
    seen = teach.read(shipped, summary, case, {})
    (attribution,) = seen.review.attributions
    assert seen.review.prediction.probabilities["covid19"] > 0.9
    assert abs(attribution.residual) < 1e-6
    size = attribution.values.clip(0)
    rows, columns = size.shape
    assert (
        size[: rows // 3, : columns // 4].sum() > 0.35 * size.sum()
    )  # a twelfth of the film holds a third of it
    assert seen.shipped.prediction.probabilities["covid19"] < 0.5


def test_the_lesson_without_lungs_is_refused(store, shipped):
    summary, case = teach.open_case(store, "lesson-belly")
    seen = teach.read(shipped, summary, case, {})
    assert seen.review is None
    assert teach.score(teach.Answer(None), seen, summary.story, shipped.task)["model"]["right"] is True


def test_a_head_of_another_encoder_is_refused_with_the_remedy(shipped, tmp_path):
    from safetensors.torch import load_file, save_file

    tensors = load_file(fooled.FOLDER / fooled.FILE)
    facts = {"labels": '["a"]', "figures": '{"encoder": "of another model"}'}
    save_file(tensors, tmp_path / fooled.FILE, metadata=facts)
    with pytest.raises(fooled.ModelFileError) as refused:
        fooled.load_fooled(shipped, tmp_path)
    assert refused.value.code == "fooled_other_encoder"


def test_a_class_link_with_an_unknown_code_says_so(store, visit):
    app = visit()
    app.query_params["class"] = "NOSUCH"
    app = app.switch_page("pages/teach.py").run()
    assert not app.exception
    assert "NOSUCH" in page_text(app)


def test_the_tour_begins_with_the_first_case_and_shows_the_lessons_unasked(database, environment, visit):
    environment("THREEFOLD_DEMONSTRATIONS", str(DEMONSTRATIONS))
    environment("THREEFOLD_OPEN", "worklist")
    app = visit().button(key="tour").click().run()
    assert not app.exception
    assert "family contact" in page_text(app)
    assert '<table class="account">' in page_text(app)
    for key, words in (("lesson-belly", "The model refuses"), ("lesson-letter", "Fooled model")):
        app.query_params["case"] = key
        app = app.switch_page("pages/teach.py").run()
        assert words in page_text(app)


def test_without_the_demonstration_cases_the_tour_cannot_begin(store, visit, environment):
    environment("THREEFOLD_OPEN", "worklist")
    assert visit().button(key="tour").disabled


def test_on_an_ecg_leads_and_seconds_are_marked_and_scored_against_the_evidence(store, visit):
    session = teach.begin(store, ("heart-004",), shared=True)
    app = visit()
    app.query_params["class"], app.query_params["me"] = session.code, "STUDENT2"
    app = app.switch_page("pages/teach.py").run()
    assert not app.exception and '<table class="account">' not in page_text(app)
    app.select_slider(key="teach_leads_heart-004").set_value(("II", "aVF"))
    app.slider(key="teach_seconds_heart-004").set_value((2.0, 4.5))
    app = app.button(key="teach_mark_heart-004").click().run()
    assert "Marked: 1 on the scan or the ECG" in page_text(app)
    assert len(marks_on(app)) == 5  # II, III, aVR, aVL, aVF
    app = app.button(key="teach_reveal_heart-004").click().run()
    assert not app.exception
    (kept,) = teach.teach_store(store).answers(session.code)
    assert [list(r) for r in kept.answer.rectangles] == [pytest.approx([1 / 12, 0.2, 6 / 12, 0.45])]
    assert kept.scores["region"]["area"] == pytest.approx(5 / 12 * 0.25, abs=0.005)
    assert 0 < kept.scores["region"]["evidence"] < 1
    assert "dashed frames: your marks" in page_text(app) and len(marks_on(app)) == 5


def marks_on(app) -> list[str]:
    """The frames on the ECG that is on the screen."""
    (drawn,) = re.findall(r"svg\+xml;base64,([^\"]+)", page_text(app))
    return re.findall(r'<rect class="mark"', base64.b64decode(drawn).decode())
