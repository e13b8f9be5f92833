"""Who may import whom, and the size of files: the table of the house, read off the code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EVERYTHING = {
    "domain", "tasks", "intake", "preprocess", "models", "training", "evaluation", "explain", "stores", "report", "services",
}  # fmt: skip
ALLOWED = {
    "domain": {"domain"},
    "tasks": {"tasks", "domain"},
    "intake": {"intake", "domain"},
    "preprocess": {"preprocess", "domain"},
    "models": {"models", "domain"},
    "evaluation": {"evaluation", "domain"},
    "report": {"report", "domain"},
    "training": {"training", "preprocess", "models", "evaluation", "domain"},
    "explain": {"explain", "preprocess", "models", "domain"},
    "stores": {"stores", "models", "domain"},
    "services": EVERYTHING,
    "serving": EVERYTHING,
}
SOURCES = sorted([*ROOT.glob("mmcore/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])


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


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_imports_only_from_the_rooms_it_may(path: Path) -> None:
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("mmcore.")}
    parts = path.relative_to(ROOT).parts
    if parts[0] != "mmcore":
        assert rooms <= {"services", "tasks", "domain"}
    elif len(parts) > 2:
        assert rooms <= ALLOWED[parts[1]]


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
