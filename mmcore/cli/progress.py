"""Progress of long work on standard error, for the command line."""

import sys
from collections.abc import Iterable, Iterator


def bar(items: Iterable) -> Iterator:
    """The items, counted as they are taken."""
    from tqdm import tqdm

    return iter(tqdm(items, file=sys.stderr, mininterval=2, unit="row"))


class Bars:
    """A progress bar on standard error for each stage of a training, one after the other."""

    def __enter__(self):
        from tqdm import tqdm

        self._make, self._stage, self._bar = tqdm, "", None
        return self._advance

    def _advance(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self.__exit__()
            self._stage, self._bar = (
                stage,
                self._make(total=total, desc=stage, file=sys.stderr, mininterval=5),
            )
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.close()
