"""Progress of long work on standard error, for the command line."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from mmcore.domain.progress import Progress

Item = TypeVar("Item")


def bar(items: Iterable[Item]) -> Iterator[Item]:
    """The items, counted as they are taken."""
    from tqdm import tqdm

    yield from tqdm(items, file=sys.stderr, mininterval=2, unit="row")


class Bars:
    """A progress bar on standard error for each stage of a training, one after the other."""

    def __enter__(self) -> Progress:
        from tqdm import tqdm

        self._stage, self._bar = "", tqdm(disable=True)
        return self._advance

    def _advance(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self._bar.close()
            self._stage, self._bar = stage, tqdm(total=total, desc=stage, file=sys.stderr, mininterval=5)
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        self._bar.close()
