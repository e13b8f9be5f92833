"""The worklist through app.py: what is in a row, filters, ways to open a case."""

from mmcore.cases import worklist
from mmcore.domain.case import Case
from mmcore.domain.worklist import Decision
from pages.ui.shell import resources
from pages.ui.worklist import table
from tests.conftest import page_text, plain


def rows(store) -> dict[str, list[dict]]:
    """Key -> the cells that the table draws."""
    return {row["key"]: row["cells"] for row in (table._row(summary) for summary in worklist.worklist(store))}


def test_a_row_tells_state_label_probability_and_flags(store, visit):
    store.remember("whole", "covid19", 0.61, ("missing:text", "gated:image", "uncertain"))
    store.decide("whole", Decision("agree", "covid19"))
    title, question, _, state, label, chance, flags = rows(store)["whole"]
    assert (title["text"], question["text"], state["text"]) == ("P-17", "Chest infection", "Reviewed")
    assert (label["text"], plain(chance["text"]), chance["sort"]) == ("COVID-19", "61 %", 0.61)
    assert flags["chips"] == ["no note", "scan set aside", "uncertain"]


def test_a_row_says_beside_the_answer_what_is_no_warning(store, visit):
    store.add("heart", Case("heart_ecg"))
    store.remember("heart", "hypertrophy", 0.36, ("not_called", "second:heart_coronary"))
    _, question, _, _, label, _, flags = rows(store)["heart"]
    assert (label["text"], label["detail"]) == ("Hypertrophy", "not called")
    assert question["detail"] == "and Heart: coronary disease"
    assert flags["chips"] == []
    assert "heart" not in {row.key for row in worklist.worklist(store, flagged=True)}


def test_a_case_is_found_by_the_title_that_stands_on_the_screen(store, visit):
    store.add("demo-001", Case("chest_infection"), story={"title": "Fever and breathlessness"})
    app = visit(lang="zh")
    app = app.text_input(key="search").input("家中接触后").run()
    assert not app.exception
    assert "没有" not in page_text(app)
    assert [row.key for row in worklist.worklist(store, search="家中接触后", title=table.title_of)] == []


def test_the_first_screen_is_the_worklist_and_has_the_ways_in(store, visit):
    app = visit()
    assert not app.exception
    assert ">Worklist<" in page_text(app)
    assert {"new", "demonstration"} <= {button.key for button in app.button}
    assert len(app.get("bidi_component")) == 2  # theme switch and table


def test_a_search_without_a_match_says_how_to_go_on(store, visit):
    app = visit()
    app = app.text_input(key="search").input("no such patient").run()
    assert "No case matches" in page_text(app)


def test_the_button_opens_the_new_case_screen(store, visit):
    app = visit().button(key="new").click().run()
    assert ">New case<" in page_text(app)


def test_the_named_case_opens_at_the_first_visit_and_not_again(store, visit, environment):
    environment("THREEFOLD_OPEN", "vitals")
    app = visit()
    assert "P-18" in page_text(app)
    assert '<table class="account">' in page_text(app)
    del app.query_params["case"]  # as the links of the app leave it out
    app = app.switch_page("pages/worklist.py").run()
    assert ">Worklist<" in page_text(app)


def test_a_case_that_nobody_opened_is_scored(store, visit):
    store.add("waiting", Case("chest_infection", values={"age_years": 70.0, "sex": 1.0}))
    app = visit()
    assert not app.exception
    assert store.summary("waiting").top_label is not None


def test_a_case_that_cannot_be_scored_does_not_stop_the_others(store, visit):
    store.add("a_hopeless", Case("chest_infection"))
    store.add("waiting", Case("chest_infection", values={"age_years": 70.0, "sex": 1.0}))
    app = visit()
    assert not app.exception
    assert store.summary("waiting").top_label is not None
    assert store.summary("a_hopeless").top_label is None


def test_the_store_is_shared_by_sessions(store, visit):
    assert resources.store() is resources.store()
