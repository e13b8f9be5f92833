"""Measuring the gates of scans on drawn films and drawn pictures of other things, through the shipped model and gate."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmcore.domain.errors import PackError
from mmcore.domain.patient_marks import patient_mark
from mmcore.evaluation import scan_gates
from mmcore.evaluation.scan_gates import MIRRORED, Seen, measure_gates, summary
from mmcore.gates.learned import stored_gate
from mmcore.prediction.engine import load_engine
from mmcore.synthetic.film.gate_pictures import SPOILT
from mmcore.synthetic.film.limbs import BODY_PARTS
from mmcore.synthetic.film.phantom import draw
from mmcore.words import tell

FILMS = 3


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """Three drawn films of two hospitals, and a row without a picture."""
    folder = tmp_path_factory.mktemp("pack")
    (folder / "images").mkdir()
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "image", "patient", "source", "publisher", "label", "age"])
        for i in range(FILMS):
            picture = np.uint8(255 * draw(70_000 + i, "no_finding", 256).pixels)
            Image.fromarray(picture).save(folder / "images" / f"{i}.png")
            place = ("north", "north") if i else ("south", "ward")
            writer.writerow([f"key-{i}", f"images/{i}.png", f"fresh-{i}", *place, "no_finding", 50])
        writer.writerow(["key-9", "", "fresh-9", "north", "north", "no_finding", 50])
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """A photograph of a package and a CT slice that lies loose."""
    root = tmp_path_factory.mktemp("foreign")
    rng = np.random.default_rng(0)
    for name in ("photograph/holiday/1.png", "ct/2.png"):
        (root / name).parent.mkdir(parents=True)
        Image.fromarray(rng.integers(0, 255, (64, 64), dtype=np.uint8)).save(root / name)
    (root / "ct" / "list.txt").write_text("not a picture")
    return root


@pytest.fixture(scope="module")
def found(pack, foreign) -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_gates, "DRAWN", 1)
        return measure_gates(load_engine("chest_infection"), [pack], foreign)


def test_every_film_is_judged_once_and_counts_with_its_own_source(found) -> None:
    assert found["task"] == "chest_infection"
    assert found["films"] == found["false_alarms"]["n"] == FILMS
    by_source = found["false_alarms_by_source"]
    assert {name: share["n"] for name, share in by_source.items()} == {"north": 2, "south/ward": 1}
    alarms = sum(round(s["n"] * s["value"]) for s in by_source.values())
    assert round(FILMS * found["false_alarms"]["value"]) == alarms
    of = found["false_alarms_of"]
    assert sum(of[whose]["value"] for whose in ("rules", "sight", "model")) == pytest.approx(alarms / FILMS)


def test_each_film_is_mirrored_once_and_spoilt_in_two_ways(found) -> None:
    assert found["mirrored_told"]["n"] == found["mirrored_told_of_good_films"]["n"] == FILMS
    spoilt = {kind: found["detected"][kind]["n"] for kind in SPOILT if kind in found["detected"]}
    assert sum(spoilt.values()) == 2 * FILMS


def test_drawn_and_given_pictures_of_other_things_are_judged_by_kind_and_source(found) -> None:
    counted = {kind: share["n"] for kind, share in found["detected"].items() if kind not in SPOILT}
    assert counted == {
        "other_body_part": len(BODY_PARTS),
        "lateral": 1,
        "noise": 1,
        "drawing": 1,
        "photograph": 1,
        "ct": 1,
    }
    sources = {kind: set(by) for kind, by in found["detected_by_source"].items()}
    assert sources["photograph"] == {"holiday"} and sources["ct"] == {"folder"}
    assert sources["other_body_part"] == set(BODY_PARTS)
    assert not set(sources) & set(SPOILT)
    assert all(found["detected"][kind]["value"] == 1 for kind in ("noise", "photograph", "ct"))


def test_at_most_the_asked_number_of_films_of_each_source_is_taken(pack, monkeypatch) -> None:
    monkeypatch.setattr(scan_gates, "DRAWN", 0)
    found = measure_gates(load_engine("chest_infection"), [pack], None, most=1)
    assert {n: s["n"] for n, s in found["false_alarms_by_source"].items()} == {"north": 1, "south/ward": 1}
    assert found["films"] == 2
    assert set(found["detected"]) <= set(SPOILT)


@pytest.mark.parametrize("torn", [b"", b"no picture", None], ids=["empty", "text", "cut short"])
def test_a_torn_picture_is_named_in_one_sentence(pack, tmp_path, monkeypatch, torn) -> None:
    monkeypatch.setattr(scan_gates, "DRAWN", 0)
    engine, whole = load_engine("chest_infection"), (pack / "images" / "0.png").read_bytes()
    damaged = whole[: len(whole) // 2] if torn is None else torn
    for path in ("films/images/0.png", "films/foreign/photograph/9.png"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(damaged)
    (tmp_path / "films" / "manifest.csv").write_text(
        "id,image,patient,source,publisher,label,age\nk-00001,images/0.png,p,n,n,no_finding,50\n"
    )
    for data, foreign, name in (
        (tmp_path / "films", None, "0.png in the folder images"),
        (pack, tmp_path / "films" / "foreign", "9.png in the folder photograph"),
    ):
        with pytest.raises(PackError) as told:
            measure_gates(engine, [data], foreign, most=1)
        assert tell(told.value).startswith(f"The picture {name} is damaged")


def test_shares_are_of_the_pictures_they_name() -> None:
    seen = [
        Seen("frontal", "a", "", ""),
        Seen("frontal", "a", "scan_unfamiliar", "model"),
        Seen("frontal", "b", "", "", told=("scan_looks_mirrored",)),
        Seen("frontal", "b", "", ""),
        Seen(MIRRORED, "a", "", "", told=("scan_looks_mirrored",)),
        Seen(MIRRORED, "b", "", ""),
        Seen("upside_down", "a", "scan_looks_upside_down", "sight", put_right=True),
        Seen("upside_down", "b", "scan_looks_noise", "sight"),
        Seen("noise", "drawn", "scan_looks_noise", "sight"),
    ]
    told = summary(seen)
    assert (told["false_alarms"]["n"], told["false_alarms"]["value"]) == (4, 0.25)
    assert told["false_alarms_by_source"]["a"]["value"] == 0.5
    assert told["false_alarms_by_source"]["b"]["value"] == 0
    assert (
        told["false_alarms_of"]["model"]["value"] == 0.25 and told["false_alarms_of"]["rules"]["value"] == 0
    )
    assert (
        told["detected"]["upside_down"]["value"] == 1 and told["named_rightly"]["upside_down"]["value"] == 0.5
    )
    assert (told["put_right_with_consent"]["n"], told["put_right_with_consent"]["value"]) == (2, 0.5)
    assert told["mirrored_told"]["value"] == 0.5 and told["mirrored_told_of_good_films"]["value"] == 0.25
    assert set(told["detected_by_source"]) == {"noise"}


def test_no_pictures_give_no_share() -> None:
    nothing = {"n": 0, "value": None, "low": None, "high": None}
    told = summary([])
    assert told["false_alarms"] == told["put_right_with_consent"] == told["mirrored_told"] == nothing
    assert told["detected"] == {} and told["false_alarms_by_source"] == {}


def test_patients_whom_the_model_or_the_gate_has_met_are_left_out(pack, monkeypatch) -> None:
    engine = load_engine("chest_infection")
    gate = stored_gate("frontal_chest_xray")
    met_by_gate = replace(gate, taught_by=gate.taught_by | {patient_mark("fresh-0")})
    monkeypatch.setattr(scan_gates, "stored_gate", lambda kind: met_by_gate)
    facts = replace(engine.facts, patients={"train": [patient_mark("fresh-1")], "calibration": []})
    met_by_model = SimpleNamespace(task=engine.task, facts=facts)
    assert [row.patient for row in scan_gates._held_back(met_by_model, pack, 9)] == ["fresh-2"]


def test_the_shipped_gate_names_no_patient() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{16}", mark) for mark in stored_gate("frontal_chest_xray").taught_by)
