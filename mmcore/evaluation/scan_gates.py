"""Measures the gates of a task's scans: what share of each kind of foreign or spoilt picture is caught, and of good films doubted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmcore.cases.pack_rows import drawn_of_each_source, quick_scan, read_pack
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.scan import Film, Scan
from mmcore.domain.task import CaseTask
from mmcore.gates.case import find_image_gate
from mmcore.gates.learned import correctable, stored_gate
from mmcore.gates.scan import Verdict, corrected, judge_scan
from mmcore.metrics.coverage import clopper_pearson
from mmcore.models.gate import KINDS
from mmcore.models.inputs import image_input
from mmcore.prediction.engine import Engine
from mmcore.synthetic.film.gate_pictures import SPOILT, folder, made_up, small_film

DRAWN, SEED = 25, 9_000_000  # pictures of each drawn kind, and seeds that never taught the gate
MIRRORED = "mirrored"
Progress = Callable[[Iterable[PackRow]], Iterator[PackRow]]
Share = dict[str, float | None]  # n, and the value with its interval; None where n is 0


@dataclass(frozen=True)
class Seen:
    """What became of one picture: kind and source, the code of what closed it ("" if nothing did), put right or not.

    whose: rules, sight (the learned gate) or model (its own eyes).
    """

    kind: str
    source: str
    code: str
    whose: str
    told: tuple[str, ...] = ()
    put_right: bool = False


def measure_gates(
    engine: Engine, data: Sequence[Path], foreign: Path | None, progress: Progress = iter, most: int = 120
) -> dict[str, object]:
    """Detection by kind and false alarms by source with exact binomial 95 % intervals, as JSON.

    Films are those of patients that trained neither the model nor the gate; at most `most` of a source.
    """
    rows = [r for d in data for r in _held_back(engine, d, most)]
    seen = [s for row in progress(rows) for s in _films(engine, row)]
    others = ((kind, source, Film(picture)) for kind, source, picture in _foreign(foreign))
    seen += [_judged(engine, kind, source, scan) for kind, source, scan in others]
    return summary(seen) | {"films": len(rows), "task": engine.task.name, "model": engine.stored.version}


def summary(seen: Sequence[Seen]) -> dict[str, object]:
    """{false_alarms, false_alarms_by_source, detected, detected_by_source, named, corrected, mirrored} of pictures judged."""
    films = [s for s in seen if s.kind == KINDS[0]]
    mirrored = [s for s in seen if s.kind == MIRRORED]
    kinds = sorted({s.kind for s in seen} - {KINDS[0], MIRRORED})
    closed = {k: [s for s in seen if s.kind == k] for k in kinds}
    return {
        "false_alarms": _caught(films),
        "false_alarms_by_source": _caught_by_source(films),
        "false_alarms_of": {whose: _closed_by(films, whose) for whose in ("rules", "sight", "model")},
        "detected": {k: _caught(pictures) for k, pictures in closed.items()},
        "detected_by_source": {k: _caught_by_source(closed[k]) for k in kinds if k not in SPOILT},
        "named_rightly": {k: _named(pictures, k) for k, pictures in closed.items()},
        "put_right_with_consent": _put_right_of(closed),
        "mirrored_told": _told_mirrored(mirrored),
        "mirrored_told_of_good_films": _told_mirrored(films),
    }


def _caught(pictures: Iterable[Seen]) -> Share:
    return _share(bool(s.code) for s in pictures)


def _caught_by_source(pictures: Sequence[Seen]) -> dict[str, Share]:
    sources = sorted({s.source for s in pictures})
    return {name: _caught(s for s in pictures if s.source == name) for name in sources}


def _closed_by(pictures: Sequence[Seen], whose: str) -> Share:
    return _share(s.whose == whose for s in pictures)


def _named(pictures: Sequence[Seen], kind: str) -> Share:
    return _share(s.code == f"scan_looks_{kind}" for s in pictures)


def _put_right_of(closed: Mapping[str, Sequence[Seen]]) -> Share:
    return _share(
        s.put_right for kind, pictures in closed.items() if correctable_kind(kind) for s in pictures
    )


def _told_mirrored(pictures: Sequence[Seen]) -> Share:
    return _share("scan_looks_mirrored" in s.told for s in pictures)


def correctable_kind(kind: str) -> bool:
    """Whether a picture of that kind can be told by its look and turned back; a mirrored one may be a heart on the right."""
    from mmcore.preprocess.corrections import UNDO

    return kind in UNDO and kind != MIRRORED


def _share(outcomes: Iterable[bool]) -> Share:
    known = list(outcomes)
    if not known:
        return {"n": 0, "value": None, "low": None, "high": None}
    return {"n": len(known), **clopper_pearson(sum(known), len(known))}


def _held_back(engine: Engine, data: Path, most: int) -> list[PackRow]:
    """Rows with a scan whose patient neither the model nor the gate has met, at most `most` of each source."""
    met = _met(engine)
    given = [r for r in read_pack(engine.task, data).rows if r.image is not None]
    rows = [r for r in given if patient_mark(r.patient) not in met]
    return drawn_of_each_source(rows, most, seed=0)


def _met(engine: Engine) -> frozenset[str]:
    """The marks of patients that trained the model or the gate of its scans."""
    gate = stored_gate(engine.task.image.name) if engine.task.image else None
    return engine.facts.met | (gate.taught_by if gate else frozenset())


def _films(engine: Engine, row: PackRow) -> Iterator[Seen]:
    """The film itself, mirrored, and two spoilt versions of it, of kinds that its key decides; nothing of a row without a picture."""
    if row.image is None:
        return
    scan = quick_scan(row.image)
    source = row.source if row.publisher == row.source else f"{row.source}/{row.publisher}"
    yield _judged(engine, KINDS[0], source, scan)
    rng = np.random.default_rng(int.from_bytes(row.key.encode()[-6:], "big"))
    film = small_film(scan.pixels) / np.float32(255)
    yield _judged(engine, MIRRORED, source, Film(np.ascontiguousarray(film[:, ::-1])), quick=True)
    for kind in rng.permutation(list(SPOILT))[:2]:
        spoilt = Film(np.ascontiguousarray(SPOILT[kind](film, rng), dtype=np.float32))
        yield _judged(engine, str(kind), source, spoilt)


def _foreign(root: Path | None) -> Iterator[tuple[str, str, np.ndarray]]:
    yield from made_up(DRAWN, SEED)
    if root is not None:
        yield from folder(root)


def _judged(engine: Engine, kind: str, source: str, scan: Scan, quick: bool = False) -> Seen:
    verdict = judge_scan(engine.task.image, scan)
    told = tuple(n.code for n in verdict.warnings)
    if verdict.closed is not None:
        whose = "sight" if verdict.closed.code.startswith("scan_looks_") else "rules"
        return Seen(kind, source, verdict.closed.code, whose, told, _put_right(engine.task, scan, verdict))
    if quick or engine.stored.model.image_encoder is None:
        return Seen(kind, source, "", "", told)
    ready = image_input(scan, engine.stored.lungs, engine.facts.image_size)
    own = find_image_gate(
        engine.facts.familiar, ready, engine.stored.model.encode_map("image", ready.pixels)[0]
    )
    return Seen(kind, source, own[0].code if own else "", "model" if own else "", told)


def _put_right(task: CaseTask, scan: Scan, verdict: Verdict) -> bool:
    if verdict.correction is None or correctable(verdict.correction) is None:
        return False
    return judge_scan(task.image, replace(corrected(scan, verdict.correction), notices=())).closed is None
