"""Commands that measure, train, import and write cards: exit code, one JSON object, and what they leave in the model's folder."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcore.cases.worklist import open_store
from mmcore.cli.main import main
from mmcore.evaluation import scan_gates, speed, stream_speed
from mmcore.paths import MODELS
from mmcore.stores.model_folders import verified_digests
from mmcore.synthetic.film.phantom import draw
from mmcore.tasks.heart_coronary import COLUMNS
from mmcore.teaching import shortcut_model

CLEVELAND = ("age", "gender", "chest pain", "rest SBP", "exerc ind ang", "diameter narrowing")
ON_A_FOLDER = (
    ("evaluate", "--task", "chest_infection", "--data", "DIR"),
    ("train", "--task", "chest_infection", "--data", "DIR", "--out", "OUT"),
    ("compare", "--task", "chest_infection", "--data", "DIR"),
    ("card", "--task", "chest_infection", "--data", "DIR"),
    ("faithfulness", "--task", "chest_infection", "--data", "DIR"),
    ("gates", "--task", "chest_infection", "--data", "DIR"),
    ("import", "DIR"),
)
OF_A_TASK = (
    *ON_A_FOLDER[:-1],
    ("import", "DIR", "--task", "chest_infection"),
    ("bench", "--task", "chest_infection"),
)


def run(capsys, *arguments: object) -> tuple[int, dict]:
    """Exit code and the one JSON object on one line of standard output."""
    code = main([*map(str, arguments), "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    return code, json.loads(line)


@pytest.fixture
def cleveland(tmp_path) -> Path:
    """A made-up table of 60 patients in the layout of the Cleveland data; pain, pressure and angina go with the disease."""
    folder, rng = tmp_path / "table", np.random.default_rng(0)
    folder.mkdir()
    with (folder / "clinical_cleveland.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, CLEVELAND)
        writer.writeheader()
        for i in range(60):
            ill = i % 2
            pain = "asymptomatic" if rng.random() < 0.2 + 0.6 * ill else "atypical ang"
            angina = int(rng.random() < 0.1 + 0.5 * ill)
            gender = ("female", "male")[int(rng.random() < 0.5)]
            values = (
                round(rng.normal(50 + 8 * ill, 6)),
                gender,
                pain,
                round(rng.normal(125 + 10 * ill, 9)),
                angina,
                ill,
            )
            writer.writerow(dict(zip(CLEVELAND, values, strict=True)))
    return folder


@pytest.fixture
def coronary(tmp_path, environment) -> Path:
    """The folder of a copy of the shipped coronary model, which the commands then find."""
    shutil.copytree(MODELS / "heart_coronary", tmp_path / "models" / "heart_coronary")
    environment("THREEFOLD_MODELS", str(tmp_path / "models"))
    return next((tmp_path / "models" / "heart_coronary").iterdir())


@pytest.fixture
def films(tmp_path) -> Path:
    """Two drawn films of patients that taught nothing, and a row of another disease."""
    folder = tmp_path / "pack"
    (folder / "images").mkdir(parents=True)
    rows = [("id", "image", "patient", "source", "label", "age", "note")]
    for i in range(2):
        picture = np.uint8(255 * draw(70_100 + i, "no_finding", 192).pixels)
        Image.fromarray(picture).save(folder / "images" / f"{i}.png")
        rows.append((f"film-{i}", f"images/{i}.png", f"fresh-{i}", "made", "no_finding", 50, ""))
    rows.append(("other", "images/0.png", "fresh-4", "made", "tumour", 50, ""))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder


@pytest.mark.parametrize("line", ON_A_FOLDER, ids=lambda line: line[0])
def test_a_folder_that_is_not_there_is_named_and_nothing_is_written(line, capsys, tmp_path) -> None:
    places = {"DIR": tmp_path / "nowhere", "OUT": tmp_path / "out"}
    code, told = run(capsys, *(places.get(word, word) for word in line))
    assert (code, told["error"]["code"]) == (2, "no_such_folder")
    assert "nowhere" in told["error"]["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", OF_A_TASK, ids=lambda line: line[0])
def test_a_task_that_is_not_there_is_named_and_nothing_is_written(
    line, capsys, tmp_path, environment
) -> None:
    (tmp_path / "here").mkdir()
    environment("THREEFOLD_DATABASE_URL", f"sqlite:///{tmp_path / 'here' / 'cases.db'}")
    environment("THREEFOLD_DEMONSTRATIONS", "off")
    places = {"DIR": tmp_path / "here", "OUT": tmp_path / "out", "chest_infection": "gout"}
    code, told = run(capsys, *(places.get(word, word) for word in line))
    assert code == 2 and list(told) == ["error"]
    assert "gout" in told["error"]["message"] and "chest_infection" in told["error"]["message"]
    assert [p.name for p in tmp_path.iterdir()] == ["here"]


def test_bench_prints_its_figures_and_keeps_them_on_the_card_where_asked(
    capsys, coronary, monkeypatch
) -> None:
    monkeypatch.setattr(speed, "NAIVE_SAMPLES", 64)
    (coronary / "bench.json").unlink()
    code, found = run(capsys, "bench", "--task", "heart_coronary")
    assert code == 0 and not (coronary / "bench.json").exists()
    assert found["task"] == "heart_coronary" and found["model"]["version"] == coronary.name
    assert found["largest_residual"] < found["residual_limit"] == 0.01
    assert found["steps"] == {} and list(found["agreement"]) == ["clinical_largest_gap"]
    code, kept = run(capsys, "bench", "--task", "heart_coronary", "--keep")
    assert code == 0 and json.loads((coronary / "bench.json").read_text()) == kept
    assert f"{kept['case_over_forward']:g}" in (coronary / "model_card.md").read_text(encoding="utf-8")


def test_bench_of_a_stream_prints_its_figures(capsys, monkeypatch) -> None:
    monkeypatch.setattr(stream_speed, "NAIVE_SAMPLES", 64)
    code, found = run(capsys, "bench", "--task", "icu_mortality")
    assert (code, found["task"]) == (0, "icu_mortality")
    assert found["largest_residual"] < found["residual_limit"]


def test_card_puts_a_new_evaluation_into_the_card_and_leaves_the_model_as_it_was(
    capsys, coronary, cleveland
) -> None:
    before, digests = (
        json.loads((coronary / "card.json").read_text()),
        (coronary / "digests.json").read_bytes(),
    )
    code, told = run(capsys, "card", "--task", "heart_coronary", "--data", cleveland)
    assert code == 0
    assert (told["test"]["n"], told["test"]["patients"]) == (60, 60)
    assert told["test"]["metrics"]["auroc_coronary_disease"]["value"] > 0.6
    assert {k: v for k, v in told.items() if k != "test"} == {k: v for k, v in before.items() if k != "test"}
    assert json.loads((coronary / "card.json").read_text()) == told
    assert "60 rows of 60 patients" in (coronary / "model_card.md").read_text(encoding="utf-8")
    assert (coronary / "digests.json").read_bytes() == digests and verified_digests(coronary)


def test_faithfulness_prints_its_report_and_keeps_it_beside_the_card_where_asked(
    capsys, coronary, cleveland
) -> None:
    (coronary / "faithfulness.json").unlink(missing_ok=True)
    asked = ("faithfulness", "--task", "heart_coronary", "--data", cleveland, "--most", 5)
    code, found = run(capsys, *asked)
    assert code == 0 and not (coronary / "faithfulness.json").exists()
    assert (found["task"], found["n"], found["patients"]) == ("heart_coronary", 5, 5)
    assert list(found["modalities"]) == ["clinical"] and found["modalities"]["clinical"]["n"] == 5
    code, kept = run(capsys, *asked, "--keep")
    assert code == 0 and kept == found
    assert json.loads((coronary / "faithfulness.json").read_text()) == kept
    assert verified_digests(coronary)


def test_train_writes_a_model_that_the_other_commands_take(capsys, tmp_path, cleveland, environment) -> None:
    out, values = tmp_path / "out", tmp_path / "vitals.json"
    asked = ("train", "--task", "heart_coronary", "--data", cleveland, "--out", out)
    code, told = run(capsys, *asked, "--seed", 7, "--no-cross-validation")
    assert code == 0
    assert (told["task"], told["seed"], sum(told["split"].values())) == ("heart_coronary", 7, 60)
    assert told["test"]["n"] == told["split"]["test"]
    assert json.loads((out / "report.json").read_text()) == told
    environment("THREEFOLD_MODELS", str(out / "model"))
    values.write_text('{"age_years": 58, "chest_pain": "none", "exercise_angina": 1}')
    code, ill = run(capsys, "predict", "--task", "heart_coronary", "--vitals", values)
    values.write_text('{"age_years": 45, "chest_pain": "atypical", "exercise_angina": 0}')
    _, well = run(capsys, "predict", "--task", "heart_coronary", "--vitals", values)
    assert (code, ill["model"]["version"]) == (0, told["version"])
    assert ill["probabilities"]["coronary_disease"] > well["probabilities"]["coronary_disease"]


def test_gates_prints_what_is_caught_among_drawn_pictures(capsys, films, monkeypatch) -> None:
    monkeypatch.setattr(scan_gates, "DRAWN", 1)
    code, found = run(capsys, "gates", "--task", "chest_infection", "--data", films)
    assert (code, found["task"], found["films"]) == (0, "chest_infection", 2)
    assert found["detected"]["noise"]["n"] == 1


def test_gates_wants_the_folder_of_foreign_pictures_to_be_there(capsys, films, tmp_path) -> None:
    asked = ("gates", "--task", "chest_infection", "--data", films, "--foreign", tmp_path / "none")
    code, told = run(capsys, *asked)
    assert (code, told["error"]["code"]) == (2, "no_such_folder") and "none" in told["error"]["message"]


def test_import_fills_the_worklist_that_the_environment_names(capsys, films, tmp_path, environment) -> None:
    url = f"sqlite:///{tmp_path / 'cases.db'}"
    environment("THREEFOLD_DATABASE_URL", url)
    environment("THREEFOLD_DEMONSTRATIONS", "off")
    with (films / "manifest.csv").open("a") as stream:
        stream.write("torn,images/torn.png,fresh-5,made,no_finding,50,Cough.\n")
    (films / "images" / "torn.png").write_bytes((films / "images" / "0.png").read_bytes()[:200])
    code, told = run(capsys, "import", films, "--most", 2)
    left_out = {"other_label": 1}
    assert (code, told) == (
        0,
        {"task": "chest_infection", "added": 2, "already_there": 0, "left_out": left_out},
    )
    code, told = run(capsys, "import", films)
    assert (code, told["added"], told["already_there"]) == (0, 1, 2)
    opened = open_store(url)
    assert opened.keys() == {"film-0", "film-1", "torn"}
    assert opened.load("torn").scan is None and opened.load("torn").note == "Cough."
    opened.close()


def test_fooled_writes_the_lesson_model_where_it_is_told(capsys, tmp_path) -> None:
    shipped = (shortcut_model.FOLDER / shortcut_model.FILE).read_bytes()
    code, told = run(capsys, "fooled", "--out", tmp_path / "teach", "--films", 6)
    assert (code, told["films"], told["file"]) == (0, 6, shortcut_model.FILE)
    assert (tmp_path / "teach" / shortcut_model.FILE).stat().st_size == told["bytes"]
    assert (shortcut_model.FOLDER / shortcut_model.FILE).read_bytes() == shipped


def test_the_made_up_table_is_in_the_columns_that_the_task_reads() -> None:
    assert set(CLEVELAND) - {"diameter narrowing"} <= set(COLUMNS)


@pytest.mark.parametrize("task", ["icu_mortality", "heart_coronary", "chest_infection"])
def test_a_bad_prior_is_refused_alike_by_a_case_and_by_a_stay(capsys, task) -> None:
    label = {"icu_mortality": "death_in_hospital", "heart_coronary": "coronary_disease"}.get(task, "covid19")
    for stated, code in (
        (f"{label}=1", "prior_out_of_range"),
        (f"{label}=often", "prior_out_of_range"),
        ("gout=0.1", "prior_label_unknown"),
    ):
        exit_code, told = run(capsys, "predict", "--task", task, "--prior", stated)
        assert (exit_code, told["error"]["code"]) == (2, code)
