"""Figures with their intervals as tables: a metric a line, what was scored a column."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmcore.cards.report import Report, part


@dataclass(frozen=True)
class Table:
    """heads: the columns' names; lines: a metric and its figure in each column, {} where it has none."""

    heads: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Report, ...]], ...]


def columns(scored: Mapping[str, Report]) -> Table:
    """The metrics of each thing that was scored; what has none is left out."""
    found = {head: metrics for head, metrics in scored.items() if metrics}
    names = dict.fromkeys(name for metrics in found.values() for name in metrics)
    lines = ((name, tuple(part(metrics, name) for metrics in found.values())) for name in names)
    return Table(tuple(found), tuple(lines))


def groups(found: Report) -> Table:
    """The metrics of each group that has some, with the rows behind it."""
    return columns(
        {
            f"{name} (n={group['n']})" if "n" in group else name: part(group, "metrics")
            for name, group in ((name, part(found, name)) for name in found)
        }
    )
