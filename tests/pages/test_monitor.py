"""The monitor page: a ward of made-up stays, its clock, its alerts, in both languages and without a model."""

import pytest
from streamlit.testing.v1 import AppTest

from mmcore.monitor import ward
from tests.conftest import page_text


@pytest.fixture
def monitor(visit):
    """The app opened at the monitor; alerts are read from the test's database."""

    def at(**parameters: str) -> AppTest:
        app = visit(**parameters)
        app.switch_page("pages/monitor.py")
        return app.run()

    return at


def shown(app: AppTest) -> str:
    assert not app.exception
    return page_text(app)


def test_the_ward_shows_every_bed_with_its_risk_and_says_that_it_is_made_up(monitor):
    text = shown(monitor())
    assert all(f"Bed {i}" in text for i in range(1, 9))
    assert "Synthetic" in text
    assert "NEWS2" in text


def test_before_alerts_are_on_their_figures_are_shown_and_then_they_are_raised_and_kept(monitor, database):
    app = monitor()
    assert "of alerts were followed by death in hospital" in shown(app)
    assert "Alerts are off" in page_text(app)
    app.slider[0].set_value(40).run()
    app.toggle(key="alerts_on_icu_mortality").set_value(True).run()
    standing = ward.AlertStore(ward_engine(database)).alerts("icu_mortality: demonstration")
    assert "bed-1" in {a.stay for a in standing}
    first = standing[0]
    app.button(key=f"acknowledge_{first.number}").click().run()
    again = monitor()  # another session, as after a reload
    assert again.slider[0].value == 40
    assert again.toggle(key="alerts_on_icu_mortality").value is True
    kept = {
        a.number: a for a in ward.AlertStore(ward_engine(database)).alerts("icu_mortality: demonstration")
    }
    assert kept[first.number].acknowledged is not None


def test_a_click_on_a_bed_shows_it_and_silence_is_told(monitor):
    app = monitor()
    app.slider[0].set_value(33).run()
    app.button(key="show_bed-7").click().run()
    assert "Nothing has been measured for" in shown(app)


def test_a_look_at_the_beds_forgets_no_case_that_was_read_in_this_session(monitor):
    app = monitor()
    app.session_state["memory"] = {f"case-{i}": {"encodings": i} for i in range(8)}
    for bed in range(1, 9):
        app.button(key=f"show_bed-{bed}").click().run()
        assert not app.exception
    kept = {key: of for key, of in app.session_state["memory"].items() if not key.startswith("ward:")}
    assert kept == {f"case-{i}": {"encodings": i} for i in range(8)}


def test_doubtful_readings_are_told_when_they_come(monitor):
    app = monitor()
    app.slider[0].set_value(16).run()
    app.button(key="show_bed-8").click().run()
    assert "Did you mean 7.35?" in shown(app)


def test_a_proposed_correction_is_used_with_consent_and_set_aside_again(monitor):
    app = monitor()
    app.slider[0].set_value(16).run()
    app.button(key="show_bed-8").click().run()
    app.button(key="ward_agree_bed-8").click().run()
    assert "7.35 is used, as you confirmed" in shown(app)
    app.button(key="ward_take_back_bed-8").click().run()
    assert "Did you mean 7.35?" in shown(app)
    assert "as you confirmed" not in page_text(app)


def test_the_replay_starts_over_and_forgets_its_alerts(monitor, database):
    app = monitor()
    app.slider[0].set_value(40).run()
    app.toggle(key="alerts_on_icu_mortality").set_value(True).run()
    app.button(key="ward_restart").click().run()
    assert ward.AlertStore(ward_engine(database)).alerts("icu_mortality: demonstration") == ()
    assert app.slider[0].value == 0
    assert '<span class="chance">–</span>' in shown(app)


def test_in_chinese(monitor):
    text = shown(monitor(lang="zh"))
    assert "院内死亡风险" in text
    assert "Bed 1" not in text


def test_without_a_model_the_page_says_so(monitor, environment, tmp_path):
    from pages.ui.shell import resources

    environment("THREEFOLD_MODELS", str(tmp_path))
    resources.stream.clear()
    text = shown(monitor())
    resources.stream.clear()
    assert "no trained model" in text


def ward_engine(url: str):
    import sqlalchemy

    return sqlalchemy.create_engine(url)
