"""A model on disk: what was saved is what runs, and a file that was changed is refused."""

import shutil

import pytest
import torch

from mmcore.cards.write import keep_bench
from mmcore.domain.errors import ModelFileError, ModelNotTrainedError
from mmcore.paths import MODELS
from mmcore.stores.model_folders import model_directory, newest, next_version, shipped_version, version_of
from mmcore.stores.model_store import load_model, save_model, stored_lungs
from tests.toy import tokenizer, toy_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    directory = tmp_path_factory.mktemp("models") / "chest_infection" / "1.2.0"
    save_model(toy_model(), tokenizer(), None, directory)
    return directory


def test_what_was_saved_is_what_runs(folder) -> None:
    stored = load_model(folder, "chest_infection")
    assert (stored.version, stored.lungs) == ("1.2.0", None)
    saved, loaded = toy_model(), stored.model
    values = torch.tensor([[64.0, 1.0, float("nan")]])
    assert torch.allclose(saved.clinical_head(values), loaded.clinical_head(values))
    pixels = torch.rand(1, 1, 64, 64)
    assert torch.allclose(
        saved.encode_map("image", pixels), loaded.encode_map("image", pixels), atol=0.05, rtol=0.05
    )
    assert not any(p.requires_grad for p in loaded.parameters())


def test_one_byte_changed_in_the_weights_is_refused_by_name(folder, tmp_path) -> None:
    copy = tmp_path / "1.2.0"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    with pytest.raises(ModelFileError) as caught:
        load_model(copy, "chest_infection")
    assert caught.value.code == "model_file_altered"
    assert caught.value.values["name"] == "model.safetensors"


def test_a_model_of_another_task_is_refused(folder) -> None:
    with pytest.raises(ModelFileError) as caught:
        load_model(folder, "lung_nodule")
    assert caught.value.code == "model_of_another_task"


def test_a_folder_without_digests_is_refused(folder, tmp_path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFileError):
        load_model(tmp_path, "chest_infection")


def test_the_newest_version_is_taken_by_number_and_none_is_an_error(folder, environment) -> None:
    environment("THREEFOLD_MODELS", str(folder.parents[1]))
    (folder.parent / "1.10.0").mkdir(exist_ok=True)
    (folder.parent / "1.10.0" / "config.json").write_text("{}")
    assert model_directory("chest_infection").name == "1.10.0"
    assert shipped_version("heart") is None
    with pytest.raises(ModelNotTrainedError):
        model_directory("heart")
    assert next_version("heart") == "1.0.0"
    assert next_version("chest_infection") == "1.11.0"


def test_a_bench_that_is_kept_is_on_the_card_and_alters_no_model(tmp_path, environment) -> None:
    copy = tmp_path / "chest_infection" / "3.0.0"
    shutil.copytree(model_directory("chest_infection"), copy)
    environment("THREEFOLD_MODELS", str(tmp_path))
    found = {"threads": 2, "forward_ms": 41.6, "steps": {"text": 5}, "naive_over_case": 250.5}
    found |= {f"{name}_over_forward": 1.5 for name in ("case", "what_if")} | {"case_over_forward_quick": 1.25}
    keep_bench("chest_infection", found)
    text = (copy / "model_card.md").read_text(encoding="utf-8")
    assert "250.5 times as long" in text and "quick token method 1.25" in text
    assert load_model(copy, "chest_infection").version == "3.0.0"


def test_versions_are_ordered_by_number_and_not_as_text(tmp_path):
    for name in ("1.9.0", "1.10.0", "1.2.11"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    assert newest(tmp_path, "config.json") == tmp_path / "1.10.0"
    assert [p.name for p in sorted(tmp_path.iterdir(), key=version_of)] == ["1.2.11", "1.9.0", "1.10.0"]


def test_the_lung_finder_of_the_newest_chest_model_is_taken(tmp_path, environment):
    shipped = sorted((MODELS / "chest_infection").glob("*/lungs.safetensors"))[-1]
    for name, whole in (("1.10.0", True), ("1.9.0", False)):
        folder = tmp_path / "chest_infection" / name
        folder.mkdir(parents=True)
        (folder / "lungs.safetensors").write_bytes(shipped.read_bytes() if whole else b"of an older version")
    environment("THREEFOLD_MODELS", str(tmp_path))
    assert stored_lungs(None) is not None
