"""The lesson model that reads a letter, fitted on fewer films than the shipped one into a folder of its own."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmcore.domain.case import Case
from mmcore.domain.errors import ModelFileError
from mmcore.domain.scan import Film
from mmcore.explain.review import review
from mmcore.paths import DEMONSTRATIONS
from mmcore.prediction.engine import Engine, load_engine
from mmcore.synthetic.film.phantom import draw
from mmcore.teaching.letter_film import burn_in
from mmcore.teaching.shortcut_model import FILE, encoder_digest, fit_fooled, load_fooled, read_fooled

FILMS, CHECKED = 9, 2


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine("chest_infection")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("teach")


@pytest.fixture(scope="module")
def figures(folder) -> dict:
    return fit_fooled(folder, films=FILMS, checked=CHECKED)


def test_fitting_writes_the_model_and_the_lessons_and_tells_what_the_letter_does(
    figures, folder, engine
) -> None:
    assert (figures["films"], figures["checked"]) == (FILMS, CHECKED)
    assert (figures["letter"], figures["called"], figures["file"]) == ("C", "covid19", FILE)
    assert figures["encoder"] == encoder_digest(engine.stored.model.image_encoder)
    assert figures["bytes"] == (folder / FILE).stat().st_size < 10_000
    assert figures["with_letter"] > 10 * figures["without"]
    assert {p.name for p in (folder / "cases").iterdir()} == {"lesson-letter", "lesson-belly"}
    for lesson in (folder / "cases").iterdir():
        shipped = DEMONSTRATIONS / "teach" / "cases" / lesson.name
        assert json.loads((lesson / "case.json").read_text()) == json.loads(
            (shipped / "case.json").read_text()
        )


def test_the_letter_moves_the_model_and_its_account_adds_up(figures, folder, engine) -> None:
    head, plain = load_fooled(engine, folder), draw(63, "no_finding").pixels
    found = {}
    for name, pixels in (("plain", plain), ("letter", burn_in(plain))):
        case = Case("chest_infection", Film(pixels))
        found[name] = read_fooled(engine, head, case, review(engine, case))
        prediction, (attribution,) = found[name].prediction, found[name].attributions
        assert sum(prediction.probabilities.values()) == pytest.approx(1)
        contrast = prediction.contrast
        odds = prediction.probabilities[contrast.label] / prediction.probabilities[contrast.against]
        assert np.log(odds) == pytest.approx(prediction.total, abs=1e-6)
        assert attribution.total == pytest.approx(contrast.of(prediction.evidence["image"]))
        assert attribution.extra["cells"].sum() == pytest.approx(attribution.total, abs=1e-5)
        assert max(attribution.values.shape) == 384
        assert prediction.prediction_set == (contrast.label,)
    seen = {name: r.prediction.evidence["image"]["covid19"] for name, r in found.items()}
    assert seen["letter"] > seen["plain"] + 1, "the letter alone speaks for what it stands for"


def test_a_folder_without_the_model_says_so(engine, tmp_path) -> None:
    with pytest.raises(ModelFileError) as refused:
        load_fooled(engine, tmp_path)
    assert refused.value.code == "fooled_not_fitted"


def test_a_model_of_another_encoder_is_refused(figures, folder, engine) -> None:
    other = load_engine("chest_infection")
    head_weight = next(p for p in other.stored.model.image_encoder.parameters())
    before = head_weight.detach().clone()
    try:
        with torch.no_grad():
            head_weight.add_(1)
        with pytest.raises(ModelFileError) as refused:
            load_fooled(other, folder)
    finally:
        with torch.no_grad():
            head_weight.copy_(before)
    assert refused.value.code == "fooled_other_encoder"
    assert load_fooled(engine, folder).labels == engine.task.labels
