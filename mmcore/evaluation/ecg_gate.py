"""Fits what a recording must measure like to be taken for an ECG, and measures what the gate catches and doubts wrongly."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mmcore.cases.pack_rows import has_label, read_pack
from mmcore.domain.case import LEADS, Waveform
from mmcore.domain.errors import PackError
from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.progress import Progress
from mmcore.evaluation.encode_rows import features_of_waveforms
from mmcore.gates.ecg import ecg_gates, fit_familiar_ecg
from mmcore.intake.ecg.doubts import find_doubt
from mmcore.metrics.coverage import clopper_pearson
from mmcore.models.inputs import waveform_input
from mmcore.prediction.engine import Engine
from mmcore.preprocess.waveform import RATE_HZ, ready
from mmcore.stores.model_folders import write_digests
from mmcore.synthetic.ecg.foreign import NO_ECG, SPOILT

DRAWN = 40  # of each kind
SEED = 5


@dataclass(frozen=True)
class Recording:
    """An ECG of a patient not met, and whether the row has a label of the task."""

    row: PackRow
    ecg: Waveform
    labelled: bool


def keep_ecg_gate(engine: Engine, data: Path, progress: Progress) -> None:
    """Store in the model's configuration what its training ECGs measured; weights and probabilities stay as they are.

    Raises PackError where DIR does not hold the training patients. The engine in memory is not to be used afterwards.
    """
    rows = [r for r, _ in _recorded(engine, data) if has_label(engine.task, r)]
    marks = [patient_mark(r.patient) for r in rows]
    measures = features_of_waveforms(engine.stored.model, rows, progress)
    parts = (np.isin(marks, engine.facts.patients[part]) for part in ("train", "calibration"))
    found = fit_familiar_ecg(*(measures[part] for part in parts))
    if found is None:
        raise PackError("pack_without_training_patients", directory=Path(data).name)
    path = engine.stored.directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["facts"]["familiar_ecg"] = asdict(found)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    write_digests(engine.stored.directory)


def measure_ecg_gate(engine: Engine, data: Path, progress: Progress) -> dict[str, Json]:
    """Shares with intervals: false alarms on recordings of patients not met, by source, and detection of each kind of foreign one.

    Patients without a label of the task count among those not met: they taught the encoder at most, not the gate. Recordings
    that the rules for files stop, as they would at the bedside, are counted by reason and are no false alarms of the gate.
    """
    new = _new_recordings(engine, data)
    doubted = [find_doubt(r.ecg) for r in new]
    stopped = Counter(d.notice.code for d in doubted if d is not None)
    taken = [r for r, d in zip(new, doubted, strict=True) if d is None]
    alarms = []
    for done, recording in enumerate(taken):
        alarms.append((recording, _closed(engine, recording.ecg.samples, recording.ecg.rate_hz)))
        progress("held-back ECGs", done + 1, len(taken))
    detected, stopped_too = _foreign(engine, [r for r in taken if r.labelled][:DRAWN], progress)
    return {
        "task": engine.task.name,
        "version": engine.stored.version,
        "false_alarms_same_sources": _share([closed for r, closed in alarms if r.labelled]),
        "false_alarms_other_sources": _share([closed for r, closed in alarms if not r.labelled]),
        "false_alarms_by_source": _by_source(alarms),
        "stopped_by_file_rules": dict(stopped),
        "detected": detected,
        "detected_with_file_rules": stopped_too,
    }


def _new_recordings(engine: Engine, data: Path) -> list[Recording]:
    met = engine.facts.met
    found = [Recording(row, ecg, has_label(engine.task, row)) for row, ecg in _recorded(engine, data)]
    return [r for r in found if not r.labelled or patient_mark(r.row.patient) not in met]


def _by_source(alarms: Sequence[tuple[Recording, bool]]) -> dict[str, Json]:
    names = sorted({r.row.source for r, _ in alarms})
    return {name: _share([closed for r, closed in alarms if r.row.source == name]) for name in names}


def _foreign(
    engine: Engine, known: Sequence[Recording], progress: Progress
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Kind -> share of foreign and of spoilt recordings that the gate catches, and that it or the rules for files do."""
    rng = np.random.default_rng(SEED)
    sources = [ready(r.ecg.samples, r.ecg.rate_hz) for r in known]
    detected: dict[str, Json] = {}
    stopped_too: dict[str, Json] = {}
    for kind in (*NO_ECG, *SPOILT):
        made = _made(kind, sources, rng)
        closed = [_closed(engine, x, RATE_HZ) for x in made]
        detected[kind] = _share(closed)
        by_rule = [find_doubt(Waveform(np.asarray(x, np.float32), RATE_HZ, LEADS)) is not None for x in made]
        stopped_too[kind] = _share([a or b for a, b in zip(closed, by_rule, strict=True)])
        progress("foreign recordings", len(detected), len(NO_ECG) + len(SPOILT))
    return detected, stopped_too


def _made(kind: str, sources: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """DRAWN recordings that are no ECG, or each of the sources spoilt; (12, 1000) millivolts."""
    if kind in NO_ECG:
        return [NO_ECG[kind](rng) for _ in range(DRAWN)]
    return [SPOILT[kind](x, rng) for x in sources]


def _recorded(engine: Engine, data: Path) -> list[tuple[PackRow, Waveform]]:
    rows = read_pack(engine.task, Path(data)).rows
    return [(r, r.waveform) for r in rows if r.waveform is not None]


def _closed(engine: Engine, samples: np.ndarray, rate_hz: float) -> bool:
    ecg = Waveform(np.asarray(samples, np.float32), rate_hz, LEADS)
    maps = engine.stored.model.encode_map("waveform", waveform_input(ecg))[0]
    return bool(ecg_gates(ecg, engine.facts.familiar_ecg, maps))


def _share(outcomes: Sequence[bool]) -> dict[str, float | None]:
    if not outcomes:
        return {"n": 0, "value": None, "low": None, "high": None}
    return {"n": len(outcomes), **clopper_pearson(sum(outcomes), len(outcomes))}
