"""The README's command lines are those of the parser, option by option, and no command is missing from it."""

import argparse
import shlex

import pytest

from mmcore.cli.main import _parser
from mmcore.paths import ROOT

CALL = "python -m mmcore "
TOLD = [
    line.strip().removeprefix(CALL)
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith(f"    {CALL}")
]


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
