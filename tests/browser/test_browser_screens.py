"""The screens in a real browser, served by a real Streamlit with a database of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import ROOT, store  # noqa: F401  (a fixture)

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()), reason="needs Debian's chromium and chromium-driver"
)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --window-size=1440,900"
)
PATIENCE = 240  # seconds; the first review loads the model, on a busy machine
IN_SHADOW = (
    "const found = []; const walk = (n) => { n.querySelectorAll('*').forEach((e) => { if (e.matches(arguments[0])) "
    "found.push(e); if (e.shadowRoot) walk(e.shadowRoot); }); }; walk(document); return found;"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def serve(store, database):  # noqa: F811
    """serve() starts a server on the test's database and gives (address, process); all are ended afterwards."""
    running = []

    def start() -> tuple[str, subprocess.Popen]:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "app.py",
            "--server.port",
            str(port),
            "--server.headless",
            "true",
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=subprocess.DEVNULL)
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: healthy(address), "the server")
        return address, process

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=60)


def healthy(address: str) -> bool:
    try:
        return urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture
def browser(tmp_path):
    """A Chromium of 1440 x 900 with an empty profile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_script_timeout(120)
    size = {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield driver
    driver.quit()


def wait_for(happened, what: str):
    """The first true value of happened(), asked twice a second."""
    from selenium.common.exceptions import StaleElementReferenceException

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = happened()
        except StaleElementReferenceException:  # the page was drawn anew between two steps: look again
            value = None
        if value:
            return value
        time.sleep(0.5)
    pytest.fail(f"{what} did not come within {PATIENCE} s")


def found(browser, selector: str) -> list:
    """Elements of the page and of every shadow tree in it."""
    return browser.execute_script(IN_SHADOW, selector)


def appears(browser, selector: str):
    return wait_for(lambda: found(browser, selector), selector)[0]


def press(browser, selector: str, words: str = "") -> None:
    """Click the first element of the selector whose text begins with the words, as soon as it is there."""

    def pressed() -> bool:
        wanted = [e for e in found(browser, selector) if e.text.startswith(words)]
        if wanted:
            wanted[0].click()
        return bool(wanted)

    wait_for(pressed, f"{selector} {words}")


def errors(browser) -> list[str]:
    """What the console calls severe, without the probes that Streamlit makes for its own address."""
    return [
        e["message"]
        for e in browser.get_log("browser")
        if e["level"] == "SEVERE" and "_stcore" not in e["message"]
    ]


def test_one_click_opens_a_case_and_the_answer_needs_no_scrolling(serve, browser):
    address, _ = serve()
    browser.get(address)
    press(browser, "tr[data-key=whole] button.open")
    end_of_account = appears(browser, ".sum")
    assert "case=whole" in browser.current_url
    assert browser.execute_script("return arguments[0].getBoundingClientRect().bottom", end_of_account) <= 900
    canvas = appears(browser, "canvas")
    assert browser.execute_script("return arguments[0].getBoundingClientRect().bottom", canvas) <= 900
    assert errors(browser) == []


def test_a_deep_link_on_a_fresh_server_opens_the_case(serve, browser):
    address, _ = serve()
    browser.get(f"{address}/review?case=vitals&lang=zh")
    appears(browser, "table.account")
    assert "case=vitals" in browser.current_url
    assert "仅供研究与教学" in appears(browser, ".disclaimer").text


def test_the_name_of_the_worklist_typed_into_the_address_leads_home(serve, browser):
    address, _ = serve()
    browser.get(address)
    appears(browser, "tr[data-key=whole]")
    browser.get(f"{address}/worklist")
    appears(browser, "tr[data-key=whole]")
    assert browser.current_url.rstrip("/") == address
    assert errors(browser) == []


def test_the_scan_is_drawn_and_the_switch_takes_the_evidence_off_without_asking_the_server(serve, browser):
    address, _ = serve()
    browser.get(f"{address}/?case=whole")
    appears(browser, ".sum")
    total = (
        "const c = arguments[0]; const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let colour = 0, light = 0; for (let i = 0; i < p.length; i += 4) { light += p[i]; "
        "colour += Math.abs(p[i] - p[i + 2]); } return [light, colour];"
    )

    def measured() -> list[int]:
        return (
            browser.execute_script(total, found(browser, "canvas")[0]) if found(browser, "canvas") else [0, 0]
        )

    wait_for(lambda: all(measured()), "a picture with its evidence")
    press(browser, "button[data-show=off]")
    wait_for(lambda: measured()[1] == 0 < measured()[0], "the picture without colour")


def test_a_case_can_be_opened_with_the_keyboard_alone(serve, browser):
    from selenium.webdriver.common.keys import Keys

    address, _ = serve()
    browser.get(address)
    button = appears(browser, "tr[data-key=vitals] button.open")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    appears(browser, "table.account")
    assert "case=vitals" in browser.current_url


def test_a_decision_survives_a_reload_and_a_killed_server(serve, browser, store):  # noqa: F811
    address, process = serve()
    browser.get(f"{address}/?case=vitals")
    press(browser, "button", "Agree")
    wait_for(lambda: store.summary("vitals").state == "reviewed", "the decision")
    process.kill()
    address, _ = serve()
    browser.get(f"{address}/?case=vitals")
    wait_for(lambda: any("Agreed on" in e.text for e in found(browser, ".quiet")), "the stored decision")


def test_dark_is_the_first_theme_and_light_can_be_chosen_and_stays(serve, browser):
    address, _ = serve()
    browser.get(address)
    scheme = "const a = document.querySelector('.stApp'); return a && getComputedStyle(a).colorScheme"
    wait_for(lambda: browser.execute_script(scheme) == "dark", "the dark theme")
    press(browser, "button", "Light")
    wait_for(lambda: browser.execute_script(scheme) == "light", "the light theme")
    browser.get(f"{address}/new_case")
    wait_for(lambda: found(browser, "h1.screen"), "another screen")
    assert browser.execute_script(scheme) == "light"


def test_nothing_is_loaded_from_elsewhere(serve, browser):
    address, _ = serve()
    browser.get(f"{address}/?case=vitals")
    appears(browser, "table.account")
    names = browser.execute_script("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert [n for n in names if not n.startswith((address, "data:", "blob:"))] == []
