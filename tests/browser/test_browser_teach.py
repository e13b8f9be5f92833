"""Teach in a real browser: a region is marked by dragging and by keys, words are pressed, and all of it is stored and scored."""

from mmcore.paths import DEMONSTRATIONS
from mmcore.teaching import session as teach
from tests.browser.test_browser_screens import (  # noqa: F401  (fixtures among them)
    appears,
    browser,
    errors,
    found,
    press,
    pytestmark,
    serve,
    wait_for,
)
from tests.conftest import store  # noqa: F401  (a fixture)

SCROLLED = "return document.querySelector('[data-testid=stMain]').scrollTop"


def test_marks_on_scan_and_note_are_committed_and_scored(serve, browser, store):  # noqa: F811
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    session = teach.begin(store, ("demo-003",), shared=True)
    address, _ = serve()
    browser.get(f"{address}/teach?class={session.code}&me=STUDENT1")
    canvas = appears(browser, "canvas.marking")
    ActionChains(browser).move_to_element_with_offset(canvas, -120, -120).click_and_hold().move_by_offset(
        90, 80
    ).release().perform()
    wait_for(lambda: any("1 on the scan" in e.text for e in found(browser, ".quiet")), "the dragged mark")
    canvas = appears(browser, "canvas.marking")
    canvas.send_keys(Keys.ENTER, Keys.ARROW_LEFT)
    wait_for(lambda: any("2 on the scan" in e.text for e in found(browser, ".quiet")), "the mark by keys")
    press(browser, "button.word", "rusty")
    wait_for(lambda: any("1 in the note" in e.text for e in found(browser, ".quiet")), "the pressed word")
    press(browser, "button", "Commit and reveal")
    appears(browser, "table.compare")
    (kept,) = teach.teach_store(store).answers(session.code)
    first, second = kept.answer.rectangles
    assert 0 < first[0] < first[2] < 0.5
    assert second == [0.4, 0.38, 0.6, 0.58]
    assert kept.scores["region"]["area"] > 0
    assert kept.scores["words"]["evidence"] > 0
    assert errors(browser) == []


def test_the_tour_walks_through_three_cases_and_is_left(serve, browser, store, environment):  # noqa: F811
    environment("THREEFOLD_DEMONSTRATIONS", str(DEMONSTRATIONS))
    environment("THREEFOLD_OPEN", "worklist")
    address, _ = serve()
    browser.get(address)
    press(browser, ".st-key-tour button")
    shown = [
        (".sum", ""),
        (".sum", ""),
        (".note", ""),
        (".sum", ""),
        (".compare", "refuses"),
        (".compare", "Fooled model"),
    ]
    for place, (selector, words) in enumerate(shown, 1):
        wait_for(
            lambda p=place: any(f"step {p} of 7" in e.text for e in found(browser, ".chip")), f"step {place}"
        )
        wait_for(lambda s=selector, w=words: any(w in e.text for e in found(browser, s)), words or selector)
        if place == 4:
            opened = "[role=tab][aria-selected=true]"
            wait_for(lambda o=opened: any(e.text == "What if" for e in found(browser, o)), "the tab")
            wait_for(lambda: browser.execute_script(SCROLLED) > 0, "the framed tabs in view")
        strip = found(browser, ".st-key-tour_strip")[0]
        assert browser.execute_script("return arguments[0].getBoundingClientRect().top", strip) >= 0
        press(browser, ".st-key-tour_next button", "Next")
    press(browser, ".st-key-tour_leave button", "Leave the tour")
    wait_for(lambda: not found(browser, ".st-key-tour_strip"), "the end of the tour")
    assert errors(browser) == []
