"""`python -m tests.contract.complexity` fails where too many functions branch too often, or one does far too often."""

import sys
from collections.abc import Iterator
from pathlib import Path

from radon.complexity import cc_visit
from radon.visitors import Class, Function

from mmcore.paths import ROOT

CODE = ("mmcore", "pages", "app.py", "benchmarks")
USUAL = 8  # cyclomatic complexity that a function may have, comprehensions counted
MOST = 15  # that none may exceed
SHARE = 0.03  # of functions and methods that may lie above the usual


def main() -> int:
    """Print what lies above the usual, the worst first, and the share of it; 1 where that is too much."""
    found = sorted(
        ((block.complexity, f"{file.relative_to(ROOT)}:{block.lineno} {block.fullname}")
         for file in _files() for block in _functions(cc_visit(file.read_text(encoding="utf-8")))),
        reverse=True,
    )  # fmt: skip
    above = [(complexity, where) for complexity, where in found if complexity > USUAL]
    share, worst = len(above) / len(found), found[0][0]
    told = [f"{complexity:3d} {where}" for complexity, where in above]
    told += [
        f"{len(above)} of {len(found)} functions and methods ({100 * share:.1f} %) lie above {USUAL}; "
        f"{100 * SHARE:.0f} % may.",
        f"The worst has {worst}; {MOST} is the most.",
    ]
    sys.stdout.write("\n".join(told) + "\n")
    return int(share > SHARE or worst > MOST)


def _files() -> Iterator[Path]:
    for part in CODE:
        path = ROOT / part
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _functions(blocks: list[Class | Function]) -> Iterator[Function]:
    """Functions and methods, and those within them, each once: radon lists the methods of a class beside it."""
    for block in blocks:
        if isinstance(block, Function):
            yield block
            yield from _functions(block.closures)


if __name__ == "__main__":
    sys.exit(main())
