"""A folder of many stays (measurements.parquet or .csv, outcomes.csv) as checked stays, all at once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmcore.domain.errors import PackError
from mmcore.domain.stream import Stay, StayPack
from mmcore.domain.task import StreamTask

if TYPE_CHECKING:
    from pandas import DataFrame

UNKNOWN = -1.0  # in this layout
NEEDED = ("record_id", "minute", "parameter", "value")
MISREAD = 1e-6  # relative; float32 of a value at the limit of its range


def read_stays(directory: Path, task: StreamTask) -> StayPack:
    """Every stay that DIR has measurements of, judged as at the bedside: what is impossible, repeated or unknown is left out.

    A stay without a row in outcomes.csv, or the file without the column, has no outcome. Raises PackError.
    """
    directory = Path(directory)
    table = _measurements(directory)
    columns, refused = _clean(table, task)
    stays = tuple(_stays(columns))
    outcome, scores = _outcomes(directory, task)
    source = {}
    if "set" in table:
        first = table.drop_duplicates("record_id")
        source = dict(zip(first["record_id"].astype(str), first["set"].astype(str), strict=True))
    told_by = [i for i, f in enumerate(task.fields) if f.name == task.columns.unit]
    return StayPack(
        stays=stays,
        outcome={s.key: outcome.get(s.key) for s in stays},
        scores=scores,
        source=source,
        unit={
            s.key: task.columns.units.get(int(v), "unknown")
            for s in stays
            for v in s.values[np.isin(s.parameters, told_by)][:1]
        },
        refused=refused,
    )


def _measurements(directory: Path) -> "DataFrame":
    import pandas as pd

    parquet, text = directory / "measurements.parquet", directory / "measurements.csv"
    try:
        table = pd.read_parquet(parquet) if parquet.is_file() else pd.read_csv(text)
    except FileNotFoundError:
        raise PackError("pack_without_measurements", directory=directory.name) from None
    except (OSError, ValueError):
        raise PackError("pack_unreadable", directory=directory.name) from None
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise PackError("pack_without_columns", directory=directory.name, names=", ".join(missing))
    return table


def _clean(table: "DataFrame", task: StreamTask) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """(stay, minute, place, value) columns in order of stay and time, and how many rows were refused by reason."""
    import pandas as pd

    refused: Counter[str] = Counter()
    known = _places(task)
    number, stays = pd.factorize(table["record_id"], sort=True)
    named, parameters = pd.factorize(table["parameter"])
    places = np.array([known.get(str(name), -1) for name in parameters] + [-1])
    rows = pd.DataFrame(
        {
            "stay": number,
            "minute": pd.to_numeric(table["minute"], errors="coerce").astype(float),
            "place": places[named],
            "value": pd.to_numeric(table["value"], errors="coerce").astype(float),
        }
    )
    low = np.array([f.plausible[0] * (1 - MISREAD) for f in task.fields])
    high = np.array([f.plausible[1] * (1 + MISREAD) for f in task.fields])
    at = rows["place"].to_numpy()
    value = rows["value"].to_numpy()
    reasons = {
        "parameter_not_known": (at < 0) | (number < 0),
        "value_unknown": np.isnan(value) | (value == UNKNOWN),
        "minute_not_usable": ~(rows["minute"].to_numpy() >= 0),
        "value_impossible": ~((value >= low[at]) & (value <= high[at])),
    }
    good = np.ones(len(rows), dtype=bool)
    for reason, bad in reasons.items():
        refused[reason] += int((good & bad).sum())
        good &= ~bad
    kept = rows[good].sort_values(["stay", "minute", "place"], kind="stable")
    again = kept.duplicated()
    refused["repeated"] += int(again.sum())
    kept = kept[~again]
    columns = {
        "stay": np.asarray(stays.astype(str))[kept["stay"].to_numpy()],
        "minute": kept["minute"].to_numpy(float),
        "place": kept["place"].to_numpy(np.int16),
        "value": kept["value"].to_numpy(float),
    }
    return columns, {k: v for k, v in refused.items() if v}


def _places(task: StreamTask) -> dict[str, int]:
    """Name or alias -> the field's place in the task."""
    return {name: i for i, f in enumerate(task.fields) for name in (f.name, *f.aliases)}


def _stays(columns: dict[str, np.ndarray]) -> Iterator[Stay]:
    keys = columns["stay"]
    if not len(keys):
        return
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    for a, b in zip(starts, np.r_[starts[1:], len(keys)], strict=True):
        yield Stay(str(keys[a]), columns["minute"][a:b], columns["place"][a:b], columns["value"][a:b])


def _outcomes(directory: Path, task: StreamTask) -> tuple[dict[str, int | None], dict[str, dict[str, float]]]:
    import pandas as pd

    path = directory / "outcomes.csv"
    if not path.is_file():
        return {}, {}
    table = pd.read_csv(path)
    if "record_id" not in table:
        raise PackError("pack_without_columns", directory=directory.name, names="record_id")
    keys = table["record_id"].astype(str)
    score = task.columns.score
    numbers = {
        n: pd.to_numeric(table[n], errors="coerce").to_numpy()
        for n in (task.outcome_column, score)
        if n in table
    }
    died = numbers.get(task.outcome_column, np.full(len(table), np.nan))
    outcome = {k: int(d) if d in (0, 1) else None for k, d in zip(keys, died, strict=True)}
    return outcome, _scores(keys, {n: numbers[n] for n in (score,) if n in numbers})


def _scores(keys: Iterable[str], numbers: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Stay -> score -> points, of those that are known; numbers: score -> (stays,)."""
    return {
        k: {n: float(points[i]) for n, points in numbers.items() if points[i] >= 0}
        for i, k in enumerate(keys)
    }
