"""Whoever takes or gives an array says its shape in the docstring: (H, W), (N, K), (T,)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmcore.paths import ROOT

NAMED = "size|side|width|count|leads|longest|length"  # lengths that a signature or a loop names
AXIS = rf"(?:[A-Z][A-Z0-9_]*|[a-z]|\d+|{NAMED}|\.\.\.)(?: (?:[-+*x/]|//|or) \w+)?"
SHAPE = re.compile(rf"\({AXIS}, {AXIS}(?:, {AXIS})*\)|\({AXIS},\)")
ARRAYS = re.compile(r"\b(?:np\.ndarray|Tensor)\b")
FILES = sorted(p.relative_to(ROOT) for p in (ROOT / "mmcore").rglob("*.py"))


def public_functions(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Name, function and docstring of what begins with no underscore; that of a network's forward, or of
    a method that a protocol only names, is also its class's."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for name, function, said in public_functions(node):
                whole = (
                    f"{said} {ast.get_docstring(node) or ''}"
                    if name == "forward" or only_named(function)
                    else said
                )
                yield f"{node.name}.{name}", function, whole
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node, ast.get_docstring(node) or ""


def only_named(function: ast.FunctionDef) -> bool:
    """Whether the body is `...` alone."""
    (first, *more) = function.body
    return (
        not more
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and first.value.value is ...
    )


def takes_or_gives_arrays(function: ast.FunctionDef) -> bool:
    given = function.args
    annotations = [a.annotation for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return any(ARRAYS.search(ast.unparse(a)) for a in (*annotations, function.returns) if a is not None)


def without_shape(source: str) -> list[str]:
    return [
        name
        for name, function, said in public_functions(ast.parse(source))
        if takes_or_gives_arrays(function) and not SHAPE.search(said)
    ]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_function_of_arrays_states_a_shape(file: Path) -> None:
    assert not without_shape((ROOT / file).read_text(encoding="utf-8"))


def test_a_function_without_a_shape_is_found_and_a_sentence_in_brackets_is_none() -> None:
    bare = 'def f(x: np.ndarray) -> float:\n    """The mean (of all, of course)."""\n'
    assert without_shape(bare) == ["f"]
    assert without_shape(bare.replace("The mean", "The mean of (N,)")) == []
    assert without_shape("class A:\n    def g(self) -> Tensor:\n        return 1\n") == ["A.g"]
    assert without_shape("def _own(x: np.ndarray) -> None: ...") == []
