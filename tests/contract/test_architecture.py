"""Who may import whom, the size of files and folders, and what starts without torch: the table of the house, read off the code."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mmcore.paths import ROOT

TABLE = """
words, tasks, intake, preprocess, guidelines, metrics -> domain
models, synthetic -> preprocess
stores -> models
cards -> stores, metrics, tasks
gates -> intake, preprocess, models, metrics, stores, tasks
prediction -> gates, models, metrics, stores, tasks
cases -> intake, gates, preprocess, stores, tasks
explain -> prediction, models, preprocess, metrics
monitor -> intake, gates, guidelines, explain, models, preprocess, metrics, stores, tasks, words
teaching -> cases, prediction, explain, monitor, models, preprocess, metrics, synthetic, stores, tasks
evaluation -> words, tasks, intake, preprocess, guidelines, metrics, models, synthetic, stores, cards, gates, prediction, cases, explain, monitor
training -> evaluation, words, tasks, intake, preprocess, guidelines, metrics, models, synthetic, stores, cards, gates, prediction, cases, explain, monitor
pages -> cases, gates, prediction, explain, guidelines, monitor, teaching, cards, tasks, words
cli -> *
"""
EVERYWHERE = {"domain", "paths"}  # and a file's own room
MOST_FILES = 20
SOURCES = sorted([*ROOT.glob("mmcore/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])


@cache
def table() -> dict[str, set[str]]:
    """room -> rooms that it may import from."""
    found: dict[str, set[str]] = {}
    for line in TABLE.strip().splitlines():
        rooms, _, allowed = line.partition(" -> ")
        for room in rooms.split(", "):
            found[room] = set(allowed.split(", "))
    every = set(found) | EVERYWHERE
    return {room: every if "*" in allowed else allowed for room, allowed in found.items()}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports by a path of dots, in which no room is named"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    """The room a source stands in: the folder below mmcore, a file beside them by its name, "pages" for the screens."""
    parts = path.relative_to(ROOT).parts
    if parts[0] != "mmcore":
        return "pages"
    return parts[1].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_from_the_rooms_it_may(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("mmcore.")}
    room = room_of(path)
    if room not in ("__init__", "__main__"):
        assert rooms <= table().get(room, set()) | EVERYWHERE | {room}


def test_every_room_stands_in_the_table_and_no_two_need_each_other():
    rooms = {room_of(p) for p in SOURCES} - {"__init__", "__main__"} - EVERYWHERE
    assert rooms <= set(table())
    for room in rooms:
        for needed in table()[room] & rooms - {room}:
            assert room not in table()[needed], f"{room} and {needed} need each other"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_streamlit_stays_out_of_mmcore_and_torch_out_of_the_pages(path: Path) -> None:
    heads = {name.split(".")[0] for name in imports(path)}
    inside = path.relative_to(ROOT).parts[0] == "mmcore"
    assert ("streamlit" if inside else "torch") not in heads


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def test_a_page_stays_under_eighty_lines() -> None:
    assert all(len(p.read_text(encoding="utf-8").splitlines()) < 80 for p in ROOT.glob("pages/*.py"))


def test_no_folder_holds_more_than_twenty_files() -> None:
    folders = {
        p.parent for tree in ("mmcore", "pages", "tests", "benchmarks") for p in ROOT.glob(f"{tree}/**/*.py")
    }
    counts = {
        str(folder.relative_to(ROOT)): sum(p.name != "__init__.py" for p in folder.glob("*.py"))
        for folder in folders
    }
    assert {name: n for name, n in counts.items() if n > MOST_FILES} == {}


HEAVY = ("torch", "transformers", "captum", "shap")
OPEN_EVERY_PAGE = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(sys.argv[1], default_timeout=120)
app.run()
for page in ("worklist", "new_case", "teach", "models", "monitor", "review"):
    app.switch_page(f"pages/{{page}}.py").run()
    assert not app.exception, app.exception
    heavy = [name for name in {HEAVY} if name in sys.modules]
    assert not heavy, f"{{page}} imports {{heavy}}"
print("lean")
"""
IMPORT_EVERY_PART = f"""
import sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(name)
    heavy = [name for name in {HEAVY} if name in sys.modules]
    assert not heavy, f"{{name}} imports {{heavy}}"
print("lean")
"""


def _lean(*command: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", *command], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert run.stdout.strip().endswith("lean"), run.stderr[-2000:]


def test_every_page_opens_without_torch_and_libraries_of_explanations_while_no_case_is_shown(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("THREEFOLD_HOME", str(tmp_path))
    monkeypatch.setenv("THREEFOLD_OPEN", "worklist")
    monkeypatch.setenv("THREEFOLD_DEMONSTRATIONS", "off")
    _lean(OPEN_EVERY_PAGE, str(ROOT / "app.py"))


def test_no_part_of_a_page_imports_torch_or_a_library_of_explanations() -> None:
    parts = sorted(p.relative_to(ROOT).with_suffix("") for p in ROOT.glob("pages/ui/*/*.py"))
    _lean(IMPORT_EVERY_PART, *(".".join(p.parts) for p in parts))
