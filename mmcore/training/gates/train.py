"""Trains the gate of a task's scans: films of its packs, films spoilt in every way, and pictures of other things."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from mmcore.cases.pack_rows import drawn_of_each_source, quick_scan, read_pack
from mmcore.domain.model_facts import Json
from mmcore.domain.pack import PackRow
from mmcore.domain.patient_marks import patient_mark
from mmcore.domain.task import CaseTask
from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights
from mmcore.models.gate import BATCH, KINDS, SIZE, GateNet, features_of
from mmcore.preprocess.image import thumbnail
from mmcore.stores.gate_store import save_gate
from mmcore.synthetic.film.gate_pictures import SPOILT, another, folder, made_up, small_film, varied
from mmcore.synthetic.film.phantom import FIRST_TRAINING_SEED, draw
from mmcore.training.gates.fit import Examples, across, fit_heads, thresholds
from mmcore.training.splits import TRAIN, split_patients

MOST = 450  # films of one source
DRAWN = 40  # pictures of each drawn kind
PHANTOMS = 60
PHANTOM_SEED = FIRST_TRAINING_SEED + 50_000
FEW = 60  # pictures of a package; those of a smaller one are shown from three sides more
Picture = tuple[np.ndarray, str, int, str, str]  # picture, kind, mirrored, source, part
Progress = Callable[[str, int, int], None]


def train_gate(
    task: CaseTask, data: Sequence[Path], foreign: Path | None, out: Path, version: str, progress: Progress
) -> dict[str, Json]:
    """Fit and store the gate under OUT/VERSION. Features are kept in OUT/features, so that a run that was stopped goes on.

    Returns the counts of pictures by kind and the thresholds.
    """
    films = [row for directory in data for row in _chosen(read_pack(task, directory).rows)]
    parts = split_patients([row.patient for row in films])
    net = _fresh()
    groups: dict[str, Callable[[], Iterator[Picture]]] = {
        "films": lambda: _films(films, parts),
        "phantoms": _phantoms,
        "drawn": lambda: ((p, k, -1, s, TRAIN) for k, s, p in made_up(DRAWN, PHANTOM_SEED)),
        "foreign": lambda: _foreign(foreign) if foreign else iter(()),
    }
    kept = [
        _examples(net, out / "features" / f"{name}.npz", make, name, progress)
        for name, make in groups.items()
    ]
    examples = joined([e for e in kept if len(e.kind)])
    fit_heads(net, examples)
    found = thresholds(net, examples)
    taught_by = sorted({patient_mark(row.patient) for row in films if parts[row.patient] != "test"})
    description = {
        "picture": task.image.name if task.image else task.name,
        "version": version,
        "thresholds": found,
        "taught_by": taught_by,
    }
    save_gate(net, description, out / version)
    counts = {kind: int((examples.kind == i).sum()) for i, kind in enumerate(KINDS)}
    never_seen = across(examples, _groups(examples))
    return {"pictures": counts, "thresholds": found, "patients": len(taught_by), "never_seen": never_seen}


def _groups(examples: Examples) -> dict[str, np.ndarray]:
    """Hospitals of films, the two largest publishers of a source that has several, packages of pictures, drawn parts."""
    names = examples.source
    whose = np.array([name.split("/")[0] for name in names])
    groups = {str(w): whose == w for w in np.unique(whose) if w != "phantom" and (whose == w).sum() >= 40}
    publishers, counts = np.unique(names[whose != names], return_counts=True)
    largest = [str(p) for p in publishers[np.argsort(-counts)] if len(set(str(p).split("/"))) > 1]
    return groups | {p: names == p for p in largest[:2]}


def joined(parts: Sequence[Examples]) -> Examples:
    """The examples of several groups as one."""
    return Examples(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Examples)))


def _fresh() -> GateNet:
    net, whole = GateNet().eval(), load_imagenet_weights(EfficientNetLite0()).state_dict()
    net.trunk.load_state_dict({name: whole[name] for name in net.trunk.state_dict()})
    return net.requires_grad_(False)


def _examples(
    net: GateNet, path: Path, make: Callable[[], Iterator[Picture]], name: str, progress: Progress
) -> Examples:
    if path.is_file():
        with np.load(path) as kept:
            return Examples(*(kept[f.name] for f in fields(Examples)))
    features, facts, batch = [], [], []
    for done, (picture, *fact) in enumerate(make(), start=1):
        batch.append(thumbnail(picture, SIZE))
        facts.append(fact)
        if len(batch) == BATCH:
            features.append(features_of(net, batch))
            batch = []
            progress(name, done, done)
    features += [features_of(net, batch)] if batch else []
    kind, mirrored, source, part = zip(*facts, strict=True) if facts else ((), (), (), ())
    found = Examples(
        np.concatenate(features) if features else np.zeros((0, net.mean.numel()), np.float16),
        np.array([KINDS.index(k) for k in kind], dtype=np.int64),
        np.array(mirrored, dtype=np.int64),
        np.array(source, dtype=str),
        np.array(part, dtype=str),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{f.name: getattr(found, f.name) for f in fields(Examples)})
    return found


def _chosen(rows: Sequence[PackRow]) -> list[PackRow]:
    """At most MOST rows with a picture of each source, drawn by chance."""
    return drawn_of_each_source([row for row in rows if row.image is not None], MOST, seed=1)


def _films(rows: Sequence[PackRow], parts: dict[str, str]) -> Iterator[Picture]:
    rng = np.random.default_rng(1)
    for row, path in ((r, r.image) for r in rows if r.image is not None):
        film, part = small_film(quick_scan(path).pixels) / np.float32(255), parts[row.patient]
        source = f"{row.source}/{row.publisher}"
        yield from _of_film(film, source, part, rng)


def _of_film(film: np.ndarray, source: str, part: str, rng: np.random.Generator) -> Iterator[Picture]:
    """The film, mirrored and spoilt in four ways; outside the training part as it is and spoilt in every way."""
    learnt = part == TRAIN

    def fresh() -> np.ndarray:
        return varied(film, rng) if learnt else film

    yield fresh(), "frontal", 0, source, part
    yield fresh()[:, ::-1], "frontal", 1, source, part
    spoilt = [str(k) for k in rng.choice(list(SPOILT), 4, replace=False)] if learnt else list(SPOILT)
    for kind in spoilt:
        yield SPOILT[kind](fresh(), rng), kind, -1, source, part


def _phantoms() -> Iterator[Picture]:
    rng, labels = np.random.default_rng(2), ("covid19", "other_pneumonia", "no_finding")
    for i in range(PHANTOMS):
        film = small_film(draw(PHANTOM_SEED + i, labels[i % 3], size=192).pixels) / np.float32(255)
        yield film, "frontal", 0, "phantom", TRAIN
        yield from _of_film(film, "phantom", TRAIN, rng)


def _foreign(root: Path) -> Iterator[Picture]:
    rng = np.random.default_rng(3)
    found = list(folder(root))
    counts: dict[tuple[str, str], int] = {}
    for kind, source, _ in found:
        counts[kind, source] = counts.get((kind, source), 0) + 1
    for kind, source, picture in found:
        yield picture, kind, -1, source, TRAIN
        for _ in range(3 if counts[kind, source] < FEW else 0):
            yield another(picture, rng), kind, -1, source, TRAIN
