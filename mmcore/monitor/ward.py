"""A ward of stays replayed hour by hour: their risks, what moved them, their early-warning scores and their alerts."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmcore.domain.errors import PackError
from mmcore.domain.model_facts import AlertRow, AlertTable
from mmcore.domain.notice import Notice
from mmcore.domain.stream import Stay, StreamAttribution, StreamRisk
from mmcore.domain.task import StreamTask
from mmcore.guidelines.news2 import News2
from mmcore.intake.stream.file import read_stay
from mmcore.intake.stream.log import StayLog
from mmcore.intake.stream.pack import read_stays
from mmcore.metrics.alerts import AlertRule, AlertState
from mmcore.monitor.risk import early_warning, explain, is_measured, moved, risks
from mmcore.paths import DEMONSTRATIONS, settings
from mmcore.stores.alert_store import Alert, AlertStore
from mmcore.stores.stream_store import StoredStream, load_stream
from mmcore.tasks import stream_task

MOST_BEDS = 12  # of a folder of real stays; a screen holds no more
SNOOZE_HOURS = 4.0  # judgement: this project's
TOLD_MINUTES = 240.0  # for so long a doubtful reading stays on the screen; judgement
FIRST_HOUR = 12.0  # where a replay stands at first, so that there is something to see; judgement


@dataclass(frozen=True)
class Bed:
    """A replayed stay with everything known of it at each whole hour. risks[h] and warnings[h] are of hour h, from 0 to the horizon.

    notices: minute and sentence of what was said while its measurements were read; synthetic: made up here.
    """

    key: str
    stay: Stay
    risks: tuple[StreamRisk | None, ...]
    warnings: tuple[News2, ...]
    notices: tuple[tuple[float, Notice], ...]
    synthetic: bool


@dataclass(frozen=True)
class WardSettings:
    """What a ward is set to. threshold is of the alert, None while alerts are off; hour: where the replay stands.

    agreed: beds whose proposed corrections are used.
    """

    hour: float = FIRST_HOUR
    threshold: float | None = None
    looked: int = 0
    bed: str = ""
    agreed: tuple[str, ...] = ()


def ward_name(task: StreamTask) -> str:
    """The task, and the folder that THREEFOLD_WARD names or that it is the demonstration."""
    folder = settings().ward
    return f"{task.name}: {folder.name if folder else 'demonstration'}"


def open_ward(stored: StoredStream, agreed: Collection[str] = ()) -> tuple[Bed, ...]:
    """The beds: stays made up by this project, with the corrections agreed to, or the first stays of the folder that
    THREEFOLD_WARD names."""
    task, folder = stream_task(stored.model.task), settings().ward
    if folder:
        if not folder.is_dir():
            raise PackError("no_such_folder", directory=folder.name)
        stays = [s for s in read_stays(folder, task).stays if is_measured(s, task).any()]
        return tuple(_bed(stored, task, s, (), False) for s in stays[:MOST_BEDS])
    found = []
    for about in sorted((DEMONSTRATIONS / task.name).glob("*/stay.json")):
        key = json.loads(about.read_text(encoding="utf-8"))["key"]
        readings = read_stay((about.parent / "measurements.csv").read_bytes())
        log = StayLog(key, task, key in agreed)
        told = [(float(str(r.minute)), notice) for r in readings for notice in log.add(r)]
        found.append(_bed(stored, task, log.stay(), tuple(told), True))
    return tuple(found)


def _bed(
    stored: StoredStream,
    task: StreamTask,
    stay: Stay,
    notices: tuple[tuple[float, Notice], ...],
    synthetic: bool,
) -> Bed:
    hours = np.arange(int(task.stream.horizon_hours) + 1) * 60.0
    return Bed(
        stay.key,
        stay,
        tuple(risks(stored.model, task, stay, hours.tolist())),
        tuple(early_warning(stay, task, m) for m in hours),
        notices,
        synthetic,
    )


def account_of(stored: StoredStream, bed: Bed, hour: float) -> StreamAttribution:
    """The exact account of a bed's risk at a whole hour."""
    return explain(stored.model, stream_task(stored.model.task), bed.stay, hour * 60)


def shift(stored: StoredStream, bed: Bed, since: float | None, hour: float) -> dict[str, float]:
    """Parameter -> change of its log-odds since an hour (None: since nothing was known), "" the change of the constant."""
    before = (
        account_of(stored, bed, since) if since is not None and bed.risks[int(since)] is not None else None
    )
    return moved(before, account_of(stored, bed, hour))


def notices_of(bed: Bed, hour: float) -> tuple[Notice, ...]:
    """What is to be said of a bed at an hour: silence, the horizon, and readings of the last hours that were doubtful."""
    found = bed.risks[int(hour)]
    recent = [n for minute, n in bed.notices if 0 <= hour * 60 - minute < TOLD_MINUTES]
    return (*(found.notices if found else (Notice("stream_nothing_measured"),)), *recent)


def offers_corrections(bed: Bed, hour: float) -> bool:
    """Whether a correction was proposed, or used, by an hour."""
    return any("corrected" in n.values for minute, n in bed.notices if minute <= hour * 60)


def with_consent(settings: WardSettings, key: str) -> WardSettings:
    """The settings with a bed's corrections agreed to, or no longer."""
    others = tuple(k for k in settings.agreed if k != key)
    return replace(settings, agreed=others if key in settings.agreed else (*others, key))


def alert_figures(stored: StoredStream) -> AlertTable:
    """What each threshold did to patients who did not train the model."""
    return stored.model.facts.alerts


def figures_at(stored: StoredStream, threshold: float) -> AlertRow:
    """The row of alert_figures nearest to a threshold."""
    return min(alert_figures(stored).table, key=lambda row: abs(row["threshold"] - threshold))


def usual_threshold(stored: StoredStream) -> float:
    """The tabled threshold nearest to the model's operating point."""
    return figures_at(stored, float(stored.model.facts.operating_point[stored.model.label]))["threshold"]


def settings_of(store: AlertStore, ward: str) -> WardSettings:
    """What a ward is set to."""
    usual, kept = WardSettings(), store.settings(ward)
    return WardSettings(
        hour=kept.get("hour", usual.hour),
        threshold=kept.get("threshold", usual.threshold),
        looked=kept.get("looked", usual.looked),
        bed=kept.get("bed", usual.bed),
        agreed=tuple(kept.get("agreed", usual.agreed)),
    )


def keep(store: AlertStore, ward: str, settings: WardSettings) -> None:
    """Remember what a ward is set to."""
    store.keep_settings(ward, {name: getattr(settings, name) for name in WardSettings.__dataclass_fields__})


def bring_up_to(store: AlertStore, ward: str, beds: Sequence[Bed], settings: WardSettings) -> WardSettings:
    """Look at every hour that has passed since the last look; alerts are raised and cleared in the store.

    Alerts that are off raise nothing. A threshold that is new raises what stands above it already.
    """
    hour = int(settings.hour)
    if settings.threshold is not None:
        standing = _standing(store, ward)
        for bed in beds:
            _look(
                store, ward, bed, AlertRule(settings.threshold), settings.looked, hour, standing.get(bed.key)
            )
    return replace(settings, looked=max(hour, settings.looked))


def _standing(store: AlertStore, ward: str) -> dict[str, Alert]:
    """Bed -> its alert that stands."""
    return {a.stay: a for a in store.alerts(ward) if a.cleared_hour is None}


def _look(
    store: AlertStore, ward: str, bed: Bed, rule: AlertRule, looked: int, hour: int, standing: Alert | None
) -> None:
    for h, risk, active in _hourly(bed, rule, hour):
        if h < min(looked, hour):
            continue
        if active and standing is None:
            store.raise_alert(ward, bed.key, float(h), rule.threshold, risk)
            standing = _standing(store, ward).get(bed.key)
        elif not active and standing is not None:
            store.clear(standing.number, float(h))
            standing = None


def _hourly(bed: Bed, rule: AlertRule, hour: int) -> Iterator[tuple[int, float, bool]]:
    """(hour, risk, whether an alert stands by the rule) of each hour up to one at which there is a risk."""
    state = AlertState(rule)
    for h in range(hour + 1):
        found = bed.risks[h]
        if found is not None:
            state.look(found.probability)
            yield h, found.probability, state.active


def restart(store: AlertStore, ward: str, settings: WardSettings) -> WardSettings:
    """Begin the replay anew: no alert has been raised."""
    store.forget(ward)
    return replace(settings, hour=0.0, looked=0)


__all__ = ["Alert", "AlertStore", "Bed", "StoredStream", "WardSettings", "load_stream"]
