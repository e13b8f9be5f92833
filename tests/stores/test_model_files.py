"""A model file that is damaged, altered, cut short, unlisted or made for another model is refused in words, never run."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from mmcore.cli.main import main
from mmcore.domain.errors import ModelFileError
from mmcore.stores.model_folders import write_digests
from mmcore.stores.model_store import WEIGHTS, load_model
from mmcore.words import tell
from tests.toy import tokenizer, toy_model


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A stored toy model."""
    from mmcore.stores.model_store import save_model

    folder = tmp_path_factory.mktemp("models") / "chest_infection" / "1.0.0"
    save_model(toy_model(), tokenizer(), None, folder)
    return folder


@pytest.fixture
def stored(sound, tmp_path) -> Path:
    copy = tmp_path / "chest_infection" / "1.0.0"
    shutil.copytree(sound, copy)
    return copy


def one_byte(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(data)


def cut_short(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1000])


def cut_short_and_listed(folder: Path) -> None:
    cut_short(folder)
    write_digests(folder)


def without_list(folder: Path) -> None:
    (folder / "digests.json").unlink()


def unlisted(folder: Path) -> None:
    listed = json.loads((folder / "digests.json").read_text())
    del listed[WEIGHTS]
    (folder / "digests.json").write_text(json.dumps(listed))


def a_weight_missing(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    del state[sorted(state)[0]]
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    write_digests(folder)


def weights_of_another_shape(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    name = next(n for n in sorted(state) if state[n].ndim == 2)
    state[name] = state[name][:-1].contiguous()
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    write_digests(folder)


def gone(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


HARM = {
    "one byte changed": (one_byte, "model_file_altered"),
    "cut short": (cut_short, "model_file_altered"),
    "cut short, and listed as it is": (cut_short_and_listed, "model_weights_unfit"),
    "no list of checksums": (without_list, "model_digests_unreadable"),
    "weights not listed": (unlisted, "model_digests_unreadable"),
    "a weight missing": (a_weight_missing, "model_weights_unfit"),
    "weights of another shape": (weights_of_another_shape, "model_weights_unfit"),
    "no weights": (gone, "model_file_altered"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_harmed_model_is_refused_in_both_languages(stored, harm):
    do, code = HARM[harm]
    do(stored)
    with pytest.raises(ModelFileError) as caught:
        load_model(stored, "chest_infection")
    assert caught.value.code == code
    for language in ("en", "zh"):
        assert "{" not in tell(caught.value, language)


def test_weights_of_another_task_are_refused(stored):
    with pytest.raises(ModelFileError) as caught:
        load_model(stored, "lung_nodule")
    assert caught.value.code == "model_of_another_task"


def test_the_command_line_says_it_in_words_and_leaves_with_two(stored, environment, capsys):
    one_byte(stored)
    environment("THREEFOLD_MODELS", str(stored.parents[1]))
    note = stored.parent / "note.txt"
    note.write_text("Fever and cough for three days.")
    assert main(["predict", "--task", "chest_infection", "--note", str(note), "--json"]) == 2
    out = json.loads(capsys.readouterr().out)
    assert out["error"]["code"] == "model_file_altered"
    assert "Install the model again" in out["error"]["message"]


def test_the_sound_one_loads(stored):
    assert load_model(stored, "chest_infection").version == "1.0.0"
