"""Watches stays as their measurements are pushed in from outside: a JSON line for every change of a risk or an alert."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mmcore.domain.errors import OutOfRangeError, UnreadableFileError
from mmcore.domain.model_facts import Json
from mmcore.domain.notice import Notice
from mmcore.domain.stream import Reading, StreamAttribution, StreamRisk
from mmcore.domain.task import StreamTask
from mmcore.intake.stream.file import read_line
from mmcore.intake.stream.log import StayLog
from mmcore.metrics.alerts import AlertRule, AlertState
from mmcore.models.stream_model import StreamModel
from mmcore.monitor.risk import explain, moved, risks
from mmcore.stores.stream_store import load_stream
from mmcore.tasks import stream_task
from mmcore.words import tell

Line: TypeAlias = dict[str, Json]  # stay, minute, risk and notices; alert and moved where they changed

CHANGE = 0.005  # of the probability; smaller ones are not told
STRONGEST = 3  # parameters named with a change


@dataclass
class WatchedStay:
    """One stay under watch: its log, the latest risk told, the state of its alert and what was explained at the last one."""

    log: StayLog
    alert: AlertState
    looked: int = 0  # whole hours looked at
    told: float | None = None
    silent: bool = False
    beyond: bool = False  # told that the model has nothing to say of so late an hour
    explained: StreamAttribution | None = None

    def has_moved(self, chance: float) -> bool:
        """Whether a risk differs from the one that was told."""
        return self.told is None or abs(chance - self.told) >= CHANGE

    def beyond_horizon(self, found: StreamRisk) -> tuple[Notice, ...]:
        """That the model has nothing to say of so late an hour, the first time."""
        if self.beyond:
            return ()
        told = tuple(n for n in found.notices if n.code == "stream_beyond_horizon")
        self.beyond = bool(told)
        return told


class Watch:
    """Stays by their keys. `accept` uses corrections without asking, e.g. a temperature in Fahrenheit without a unit."""

    def __init__(self, model: StreamModel, task: StreamTask, rule: AlertRule, accept: bool = False) -> None:
        self.model, self.task, self.rule, self.accept = model, task, rule, accept
        self.stays: dict[str, WatchedStay] = {}

    def push(self, reading: Reading) -> list[Line]:
        """What changed with one reading: lines for an alert raised or cleared at a whole hour that has passed, for a risk that
        moved, and for whatever is to be said about the reading."""
        kept = self.stays.get(reading.stay)
        if kept is None:
            log = StayLog(reading.stay, self.task, self.accept)
            kept = self.stays.setdefault(reading.stay, WatchedStay(log, AlertState(self.rule)))
        before = kept.log.latest
        notices = kept.log.add(reading)
        lines = self._look_back(kept) if kept.log.latest != before else []
        return [*lines, *self._now(kept, notices)]

    def summary(self) -> dict[str, dict[str, Json]]:
        """stay -> readings used and set aside, and the latest risk told."""
        return {
            key: {"used": len(kept.log.stay().minutes), "set_aside": len(kept.log.aside), "risk": kept.told}
            for key, kept in self.stays.items()
        }

    def _now(self, kept: WatchedStay, notices: tuple[Notice, ...]) -> list[Line]:
        """The line of a risk that moved with the latest reading, or of what is to be said of that reading; [] for neither."""
        now, chance = kept.log.latest, None
        found = None if now is None else risks(self.model, self.task, kept.log.stay(), [now])[0]
        if found is not None:
            chance, notices = found.probability, (*notices, *kept.beyond_horizon(found))
        if now is not None and chance is not None and kept.has_moved(chance):
            return [self._change(kept, now, chance, notices)]
        return [_line(kept.log.key, now, chance, notices)] if notices else []

    def _change(self, kept: WatchedStay, minute: float, chance: float, notices: Iterable[Notice]) -> Line:
        made = explain(self.model, self.task, kept.log.stay(), minute)
        shifts = moved(kept.explained, made)
        shifts.pop("")
        strongest = sorted(shifts.items(), key=lambda item: -abs(item[1]))[:STRONGEST]
        kept.told, kept.explained = chance, made
        line = _line(kept.log.key, minute, chance, notices)
        return line | {"moved": {name: round(value, 4) for name, value in strongest if abs(value) > 5e-5}}

    def _look_back(self, kept: WatchedStay) -> list[Line]:
        """Hourly looks at the whole hours that have passed, with what had been measured by then."""
        latest = kept.log.latest or 0.0
        last = min(int(latest // 60), int(self.task.stream.horizon_hours))
        hours = range(kept.looked + 1, last + 1)
        if not hours:
            return []
        kept.looked = last
        looks = risks(self.model, self.task, kept.log.stay(), [h * 60.0 for h in hours])
        return [line for found in looks if found is not None for line in self._look(kept, found)]

    def _look(self, kept: WatchedStay, found: StreamRisk) -> list[Line]:
        """The line of an alert that changed at an hour, or of silence that began; [] for neither."""
        event, since = kept.alert.look(found.probability), found.silent_minutes
        silent = since is not None and since >= self.task.stream.silence_minutes
        notices = found.notices if silent and not kept.silent else ()
        kept.silent = silent
        if not event and not notices:
            return []
        line = _line(kept.log.key, found.minute, found.probability, notices)
        return [line | {"alert": event} if event else line]


def open_watch(task_name: str, threshold: float | None, accept: bool) -> Watch:
    """A watch with the shipped model. Raises UnknownTaskError, OutOfRangeError (a threshold that is no probability)."""
    task = stream_task(task_name)
    if threshold is not None and not 0 < threshold < 1:
        raise OutOfRangeError("threshold_out_of_range", value=f"{threshold:g}")
    model = load_stream(task_name).model
    return Watch(model, task, AlertRule(threshold or model.facts.operating_point[model.label]), accept)


def watch_lines(watch: Watch, lines: Iterable[str]) -> Iterator[Line]:
    """What a stream of JSON lines leads to; a line that cannot be read is told with its number and nothing stops."""
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            reading = read_line(text)
        except UnreadableFileError:
            yield _line("", None, None, [Notice("stream_line_unreadable", {"line": number})])
            continue
        yield from watch.push(reading)


def as_text(line: Line) -> str:
    """One line of output."""
    return json.dumps(line, ensure_ascii=False)


def _line(stay: str, minute: float | None, chance: float | None, notices: Iterable[Notice]) -> Line:
    return {
        "stay": stay,
        "minute": minute,
        "risk": None if chance is None else round(chance, 4),
        "notices": [{"code": n.code, "message": tell(n)} for n in notices],
    }
