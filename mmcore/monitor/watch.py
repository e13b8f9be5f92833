"""Watches stays as their measurements are pushed in from outside: a JSON line for every change of a risk or an alert."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mmcore.domain.errors import OutOfRangeError, UnreadableFileError
from mmcore.domain.model_facts import Json
from mmcore.domain.notice import Notice
from mmcore.domain.stream import Reading, StreamAttribution
from mmcore.domain.task import StreamTask
from mmcore.intake.stream.file import read_line
from mmcore.intake.stream.log import StayLog
from mmcore.metrics.alerts import AlertRule, AlertState
from mmcore.models.stream_model import StreamModel
from mmcore.monitor.risk import explain, moved, risks
from mmcore.stores.stream_store import load_stream
from mmcore.tasks import stream_task
from mmcore.words import tell

Line: TypeAlias = dict[str, Json]  # of output

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
        now = kept.log.latest
        if now is None:
            return [*lines, _line(reading.stay, None, None, notices)] if notices else lines
        found = risks(self.model, self.task, kept.log.stay(), [now])[0]
        chance = found.probability if found else None
        if found and not kept.beyond:
            beyond = tuple(n for n in found.notices if n.code == "stream_beyond_horizon")
            kept.beyond, notices = bool(beyond), (*notices, *beyond)
        if chance is not None and (kept.told is None or abs(chance - kept.told) >= CHANGE):
            lines.append(self._change(kept, now, chance, notices))
        elif notices:
            lines.append(_line(reading.stay, now, chance, notices))
        return lines

    def summary(self) -> dict[str, Line]:
        """stay -> readings used and set aside, and the latest risk told."""
        return {
            key: {"used": len(kept.log.stay().minutes), "set_aside": len(kept.log.aside), "risk": kept.told}
            for key, kept in self.stays.items()
        }

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
        lines = []
        for found in risks(self.model, self.task, kept.log.stay(), [h * 60.0 for h in hours]):
            if found is None:
                continue
            event = kept.alert.look(found.probability)
            silent = (
                found.silent_minutes is not None and found.silent_minutes >= self.task.stream.silence_minutes
            )
            notices = found.notices if silent and not kept.silent else ()
            kept.silent = silent
            if event or notices:
                line = _line(kept.log.key, found.minute, found.probability, notices)
                lines.append(line | ({"alert": event} if event else {}))
        return lines


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
