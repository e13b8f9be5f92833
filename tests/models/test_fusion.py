"""The fusion model: prior plus evidence, absent is zero, saved and loaded as it was, shares that sum."""

import numpy as np
import pytest
import torch

from mmcore.domain.task import Modality
from mmcore.models.fusion import FusionModel, set_place
from tests.toy import tokenizer, toy_model

NAN = float("nan")
PIXELS = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
VALUES = torch.tensor([[64.0, 1.0, NAN]])


def given(text: str = "fever cough . no effusion"):
    coded = tokenizer()([text], return_tensors="pt")
    return {"pixels": PIXELS, "ids": coded["input_ids"], "mask": coded["attention_mask"], "values": VALUES}


def test_logits_are_the_prior_plus_the_evidence() -> None:
    model = toy_model()
    out = model(**given())
    assert torch.allclose(out.logits, model.prior + out.evidence.sum(1), atol=1e-5)


@pytest.mark.parametrize("absent", [("pixels",), ("ids", "mask"), ("values",)])
def test_an_absent_modality_adds_exactly_zero_and_changes_no_other(absent: tuple[str, ...]) -> None:
    model, whole = toy_model(), given()
    part = {k: v for k, v in whole.items() if k not in absent}
    m = {"pixels": 0, "ids": 1, "values": 2}[absent[0]]
    full, less = model(**whole).evidence[0], model(**part).evidence[0]
    assert (less[m] == 0).all()
    others = [i for i in range(3) if i != m]
    assert torch.allclose(full[others], less[others], atol=1e-5)


def test_an_empty_note_says_only_its_constant() -> None:
    model = toy_model()
    out = model(**given("[MASK] [MASK] [MASK]"))
    assert torch.allclose(out.evidence[0, 1], model.constant[1], atol=1e-5)


def test_a_field_at_the_mean_of_its_background_says_nothing_and_an_untaught_field_never_does() -> None:
    model = toy_model()
    by_field = model.clinical_head(torch.tensor([[NAN, 2 / 3, 500.0]]))[0]
    assert torch.allclose(by_field, torch.zeros_like(by_field), atol=1e-5)


def test_a_label_that_the_data_cannot_teach_gets_no_evidence_from_a_field_and_the_rest_sum_to_zero() -> None:
    model = toy_model()
    model.clinical_head.identified[0] = torch.tensor([0.0, 1.0, 1.0])
    age = model.clinical_head(torch.tensor([[70.0, NAN, NAN]]))[0, 0]
    assert age[0] == 0
    assert age[1] == pytest.approx(-age[2].item(), abs=1e-5)
    assert age[1] != 0


def test_a_row_of_unknowns_is_an_absent_modality() -> None:
    model = toy_model()
    image, text = torch.full((2, 1280), NAN), torch.randn(2, 32)
    logits, evidence = model.fuse(
        {"image": image, "text": text, "clinical": torch.tensor([[NAN] * 3, [50.0, NAN, NAN]])}
    )
    assert torch.isfinite(logits).all()
    assert (evidence[:, 0] == 0).all()
    assert (evidence[0, 2] == 0).all()


def test_a_model_saved_and_loaded_gives_the_same_logits(tmp_path) -> None:
    model = toy_model()
    model.save_pretrained(tmp_path)
    again = FusionModel.from_pretrained(tmp_path).eval()
    assert torch.allclose(model(**given()).logits, again(**given()).logits, atol=1e-6)
    assert (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("fusion", ["concat", "gated", "attention"])
def test_shares_of_a_joint_fusion_are_exact_shapley_values(fusion: str) -> None:
    model = toy_model(fusion)
    image, text = torch.randn(1, 1280), torch.randn(1, 32)
    logits, shares = model.fuse({"image": image, "text": text, "clinical": VALUES})
    expanded = model.clinical_head.expand(VALUES)

    def worth(*chosen: bool) -> np.ndarray:
        return model.joint((image, text, expanded), torch.tensor([chosen]))[0].numpy()

    assert np.allclose(shares.sum(1)[0], logits[0] - worth(False, False, False), atol=1e-5)
    by_hand = (
        2 * (worth(True, False, False) - worth(False, False, False))
        + (worth(True, True, False) - worth(False, True, False))
        + (worth(True, False, True) - worth(False, False, True))
        + 2 * (worth(True, True, True) - worth(False, True, True))
    ) / 6
    assert np.allclose(shares[0, 0], by_hand, atol=1e-5)


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(ValueError, match="additive, concat, gated or attention"):
        toy_model("sum")


def test_a_set_of_modalities_has_the_place_that_its_bits_name() -> None:
    model = toy_model()
    every = torch.tensor(
        [[False, False, False], [True, False, False], [False, True, True], [True, True, True]]
    )
    assert set_place(every).tolist() == [0, 1, 6, 7]
    assert set_place(every[2]).item() == 6
    model.set_scale.copy_(torch.arange(8.0))
    assert [model.factor(s) for s in ((), ("image",), ("clinical", "text"), model.modalities)] == [0, 1, 6, 7]
    assert model.factor({Modality.CLINICAL}) == 4
