"""Adding a task of a stream is adding one file: a throw-away task is read, trained, listed, and watched on the screen."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mmcore.tasks
from mmcore.cli import main as cli
from mmcore.intake.stream.pack import read_stays
from mmcore.training.stream import fit as stream_fit
from mmcore.training.stream import train as stream_train
from tests.conftest import page_text

TASK_FILE = '''"""A throw-away question: will the reactor leak within a day?"""
from mmcore.domain.stream import StreamRules
from mmcore.domain.task import Field, Modality, StreamTask

TASK = StreamTask("reactor", ("leak",), False, (Modality.CLINICAL,),
                  (Field("size_l", "L", plausible=(1, 100)),
                   Field("pressure_bar", "bar", plausible=(0, 200), reference=(20, 60)),
                   Field("drops_ml", "mL", plausible=(0, 50))),
                  stream=StreamRules(admission=("size_l",), horizon_hours=24.0, hours=(6, 24), sums=("drops_ml",)))
'''
STAYS = 60


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """The throw-away task, in a folder of its own beside the others."""
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "reactor.py").write_text(TASK_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmcore.tasks, "__path__", [*mmcore.tasks.__path__, str(folder)])
        mmcore.tasks.all_tasks.cache_clear()
        yield mmcore.tasks.stream_task("reactor")
    mmcore.tasks.all_tasks.cache_clear()


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Path:
    """Stays of a day; the pressure of every other one rises, and it leaks."""
    folder, rng = tmp_path_factory.mktemp("pack"), np.random.default_rng(0)
    with (folder / "measurements.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["record_id", "minute", "parameter", "value"])
        for i in range(STAYS):
            writer.writerow([f"vat-{i}", 0, "size_l", 10 + i % 7])
            for hour in range(24):
                rising = (i % 2) * 2 * hour
                writer.writerow([f"vat-{i}", 60 * hour + 5, "pressure_bar", 40 + rising + rng.normal(0, 2)])
                writer.writerow([f"vat-{i}", 60 * hour + 9, "drops_ml", 1 + i % 3])
    rows = "\n".join(f"vat-{i},{i % 2}" for i in range(STAYS))
    (folder / "outcomes.csv").write_text(f"record_id,leak\n{rows}\n")
    return folder


@pytest.fixture(scope="module")
def trained(task, pack, tmp_path_factory) -> tuple[dict, Path]:
    """The report of a small training, and the folder of its model."""
    out = tmp_path_factory.mktemp("out")
    small = [replace(p, settings=replace(p.settings, rounds=8, smallest_leaf=4)) for p in stream_fit.PLANS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_fit, "PLANS", tuple(small))
        patch.setattr(stream_train, "SEEDS", 1)
        report = stream_train.train_stream(task.name, pack, out, 5, False, lambda *_: None)
    return report, out / "model"


@pytest.fixture
def shipped(trained, environment):
    """The app and the commands with the throw-away model."""
    from pages.ui.shell import resources

    resources.stream.clear()
    environment("THREEFOLD_MODELS", str(trained[1]))
    yield
    resources.stream.clear()


def run(capsys, *arguments: str) -> dict:
    assert cli.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_its_stays_are_read_and_its_outcome_by_the_name_of_its_label(task, pack) -> None:
    found = read_stays(pack, task)
    assert len(found.stays) == STAYS and sum(found.outcome.values()) == STAYS // 2
    assert not found.refused


def test_it_is_trained_within_its_own_horizon_and_has_a_card(task, trained) -> None:
    report, models = trained
    assert report["test"]["metrics"]["auroc_24h"]["value"] > 0.9
    assert report["test"]["hour"] == 24 and report["test"]["max_residual"] < 1e-9
    (folder,) = (models / task.name).iterdir()
    assert json.loads((folder / "config.json").read_text())["calibration"]["hours"][-1] == 24
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert "over 24 hours" in card and "death" not in card


def test_it_is_listed_predicted_and_explained_by_the_commands(task, shipped, capsys, tmp_path) -> None:
    listed = {t["name"]: t for t in run(capsys, "tasks")["tasks"]}
    assert listed[task.name]["model_version"] == "1.0.0" and listed[task.name]["labels"] == ["leak"]
    file = tmp_path / "stay.csv"
    file.write_text("minute,parameter,value\n0,size_l,12\n" + "".join(
        f"{60 * h},pressure_bar,{40 + 3 * h}\n" for h in range(1, 20)
    ))  # fmt: skip
    found = run(capsys, "predict", "--task", task.name, "--vitals", str(file))
    assert found["probabilities"]["leak"] > 0.5
    assert max(found["by_parameter"], key=found["by_parameter"].get) == "pressure_bar"
    assert found["news2"]["points"] == {}


def test_the_monitor_shows_the_risk_of_its_stays_and_offers_both_tasks(
    task, shipped, pack, environment, visit
) -> None:
    environment("THREEFOLD_WARD", str(pack))
    app = visit(task=task.name)
    app.switch_page("pages/monitor.py").run()
    assert not app.exception
    text = page_text(app)
    assert "Risk of leak at hour 12" in text and "NEWS2" not in text
    assert {button.key for button in app.button} >= {"show_vat-0", "show_vat-1"}
    offered = next(group for group in app.button_group if group.key == "ward_task")
    assert offered.value == task.name and len(offered.options) == 2
    app.slider[0].set_value(24).run()
    app.button(key="show_vat-1").click().run()
    assert not app.exception and app.slider[0].max == 24
    assert "Pressure bar" in page_text(app)
