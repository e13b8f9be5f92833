"""How long people wait, in a real browser: the first screen after a start of the server, and Review after a slider moved.

python benchmarks/screens.py [RUNS]    needs Debian's chromium and chromium-driver; say how busy the machine was beside it.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

ROOT = Path(__file__).parents[1]
FLAGS = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --window-size=1440,900"
FIND = (
    "const found = []; const walk = (n) => n.querySelectorAll('*').forEach((e) => { if (e.matches(arguments[0])) "
    "found.push(e); if (e.shadowRoot) walk(e.shadowRoot); }); walk(document); return found;"
)
# the server with a stop-watch around each run of a page: wall clock and time of the processor, milliseconds
SERVE = """
import sys, time
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.web import cli
run = ScriptRunner._run_script
def timed(self, data):
    wall, busy = time.perf_counter(), time.thread_time()
    run(self, data)
    print('RUN', 1e3 * (time.perf_counter() - wall), 1e3 * (time.thread_time() - busy), flush=True)
ScriptRunner._run_script = timed
sys.argv = ['streamlit', 'run', 'app.py', '--server.headless', 'true', '--server.port', sys.argv[1]]
cli.main()
"""
SLIDER = ".st-key-prior_row input[type=range]"


def main(runs: int = 5) -> int:
    """Print both waits; 1 if a median misses its target of 2 s or 100 ms."""
    options = webdriver.ChromeOptions()
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"THREEFOLD_DATABASE_URL": f"sqlite:///{folder}/bench.db", "THREEFOLD_OPEN": "worklist"}
        try:
            log = Path(folder) / "log"
            first = [_first_screen(browser, log) for _ in range(runs)]
            wall, busy = zip(*_slider(browser, log, 4 * runs), strict=True)
        finally:
            browser.quit()
    _tell("first screen, s", first, 2.0)
    _tell("slider, ms", wall, 100.0)
    _tell("  of processor, ms", busy, 100.0)
    print(f"load of the last minute {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return int(statistics.median(first) > 2.0 or statistics.median(wall) > 100.0)


def _tell(name: str, values: Sequence[float], target: float) -> None:
    print(
        f"{name:19} median {statistics.median(values):7.2f}  least {min(values):7.2f}  most {max(values):7.2f}  target {target:g}"
    )


def _serve(log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("w") as out:
        command = [sys.executable, "-c", SERVE, str(port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    while not _answers(address):
        time.sleep(0.02)
    return process, address


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _wait(browser: WebDriver, selector: str, seconds: float = 240) -> WebElement:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := browser.execute_script(FIND, selector):
            element: WebElement = found[0]
            return element
        time.sleep(0.02)
    raise TimeoutError(f"{selector} did not come within {seconds} s")


def _first_screen(browser: WebDriver, log: Path) -> float:
    """Seconds from the start of the process to a drawn worklist."""
    start = time.monotonic()
    process, address = _serve(log)
    try:
        browser.get(address)
        _wait(browser, "tr[data-key]")
        return time.monotonic() - start
    finally:
        process.terminate()
        process.wait()


def _slider(browser: WebDriver, log: Path, moves: int) -> list[tuple[float, float]]:
    """Wall clock and processor time of the server for each key press on the pre-test probability, milliseconds."""
    process, address = _serve(log)
    try:
        browser.get(f"{address}/review?case=demo-001")
        _wait(browser, SLIDER)
        time.sleep(30)  # until the work in the background is done
        before = len(_runs(log))
        for place in range(moves):
            _wait(browser, SLIDER).send_keys(Keys.ARROW_LEFT if place % 8 < 4 else Keys.ARROW_RIGHT)
            time.sleep(1.0)
        return _runs(log)[before:]
    finally:
        process.terminate()
        process.wait()


def _runs(log: Path) -> list[tuple[float, float]]:
    lines = [line.split() for line in log.read_text().splitlines() if line.startswith("RUN ")]
    return [(float(wall), float(busy)) for _, wall, busy in lines]


if __name__ == "__main__":
    raise SystemExit(main(*(int(a) for a in sys.argv[1:])))
