"""Composed notes and the fit of the text encoder, on a real but tiny BERT."""

import pytest
import torch
from safetensors import safe_open
from transformers import BertConfig, BertModel, BertTokenizerFast

from mmcore.preprocess.text import mask_leaks
from mmcore.tasks.chest_infection import LABELS
from mmcore.tasks.chest_notes import knowledge_notes
from mmcore.tasks.chest_terms import LEAK_TERMS
from mmcore.training.text import encoder as text_encoder
from mmcore.training.text.encoder import fit_text_encoder


@pytest.fixture
def base(tmp_path):
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] lobar clear ground glass lungs consolidation opacities".split()
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


NOTES = ("lobar consolidation", "ground glass opacities", "clear lungs") * 6
FINDINGS = ("other_pneumonia", "covid19", "no_finding") * 6
PATIENTS = tuple(str(i // 3) for i in range(18))


def test_composed_notes_are_the_same_for_the_same_seed_and_balanced():
    notes, labels = knowledge_notes(60, seed=4)
    assert (notes, labels) == knowledge_notes(60, seed=4)
    assert notes != knowledge_notes(60, seed=5)[0]
    assert {label: labels.count(label) for label in set(labels)} == dict.fromkeys(LABELS, 20)


def test_composed_notes_name_neither_the_diagnosis_nor_its_test():
    notes, _ = knowledge_notes(600, seed=1)
    hidden = [note for note in notes if mask_leaks(note, LEAK_TERMS).spans]
    assert not hidden


def test_only_the_last_layers_learn(base, monkeypatch):
    monkeypatch.setattr(text_encoder, "NOTES_AN_EPOCH", 30)
    before = BertModel.from_pretrained(base, add_pooling_layer=False).state_dict()
    model = fit_text_encoder(NOTES, FINDINGS, PATIENTS, base=base, seed=0, epochs=2)
    changed = {
        name for name, value in model.encoder.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith(("encoder.layer.1.", "encoder.layer.2.")) for name in changed)
    assert model.weight.shape == (16, 3)
    assert set(model.labels) == set(LABELS)


def test_fitting_lowers_the_loss_and_reports_every_epoch(base, monkeypatch):
    monkeypatch.setattr(text_encoder, "NOTES_AN_EPOCH", 120)
    monkeypatch.setattr(text_encoder, "ENCODER_RATE", 3e-3)
    monkeypatch.setattr(text_encoder, "HEAD_RATE", 3e-2)
    seen = []
    fit_text_encoder(
        NOTES,
        FINDINGS,
        PATIENTS,
        base=base,
        seed=0,
        epochs=4,
        progress=lambda epoch, loss: seen.append((epoch, loss)),
    )
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4]
    assert seen[-1][1] < 0.8 * seen[0][1]


def test_an_interrupted_fit_resumes_after_its_last_epoch(base, tmp_path, monkeypatch):
    monkeypatch.setattr(text_encoder, "NOTES_AN_EPOCH", 30)
    kept = tmp_path / "kept.safetensors"
    first, second = [], []
    arguments = {"base": base, "seed": 0, "checkpoint": kept}
    fit_text_encoder(NOTES, FINDINGS, PATIENTS, epochs=1, progress=lambda e, _: first.append(e), **arguments)
    fit_text_encoder(NOTES, FINDINGS, PATIENTS, epochs=3, progress=lambda e, _: second.append(e), **arguments)
    assert (first, second) == ([1], [2, 3])
    with safe_open(kept, framework="pt") as stored:
        assert stored.metadata()["epoch"] == "3"


def test_nothing_to_learn_from_is_an_error(base):
    with pytest.raises(ValueError, match="no notes"):
        fit_text_encoder((), (), (), base=base, seed=0, epochs=1)
