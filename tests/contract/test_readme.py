"""The README's command lines are those of the parser, and the modules, paths and settings that it names are there, none missing."""

import argparse
import re
import shlex
from importlib.util import find_spec

import pytest

from mmcore.cli.main import _parser
from mmcore.paths import ROOT

CALL = "python -m mmcore "
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOLD = [line.strip().removeprefix(CALL) for line in README.splitlines() if line.startswith(f"    {CALL}")]


@pytest.mark.parametrize("line", TOLD)
def test_a_command_line_of_the_readme_is_one_that_the_program_takes(line: str) -> None:
    words = shlex.split(line, comments=True)
    given = _parser().parse_args(words)
    assert callable(given.run)
    assert given.json == ("--json" in words)


@pytest.mark.parametrize(
    "line", ["evaluate --task chest_infection --data DIR --yearly", "tasks --jason", "sing"]
)
def test_a_command_line_that_the_program_does_not_take_is_found_out(line: str, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        _parser().parse_args(shlex.split(line))
    assert left.value.code == 2
    assert "usage: python -m mmcore" in capsys.readouterr().err


def test_every_command_of_the_program_stands_in_the_readme() -> None:
    commands = next(a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    assert set(commands.choices) == {line.split()[0] for line in TOLD}


def test_every_module_and_path_of_the_readme_is_there() -> None:
    modules = set(re.findall(r"python -m ([a-z_.]+)", README))
    paths = set(re.findall(r"(?:mmcore|assets|tests|benchmarks)/[\w./-]+", README))
    paths |= set(re.findall(r"requirements[\w-]*\.txt|app\.py", README))
    assert {"mmcore", "benchmarks.compare"} <= modules and "assets/models" in paths
    assert {m for m in modules if find_spec(m) is None} == set()
    assert {p for p in paths if not (ROOT / p.rstrip(".")).exists()} == set()


def test_the_settings_of_the_readme_are_those_that_are_read() -> None:
    read = set(re.findall(r"THREEFOLD_[A-Z_]+", (ROOT / "mmcore" / "paths.py").read_text(encoding="utf-8")))
    assert set(re.findall(r"^\| `(THREEFOLD_[A-Z_]+)`", README, re.MULTILINE)) == read
