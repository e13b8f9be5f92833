"""A small text encoder that reads composed reports, and a head that says of a report what the fields it states would say."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertTokenizer, PreTrainedTokenizerBase

from mmcore.models.encoders import TextEncoder, load_text_encoder, mean_pool

BATCH = 32
RIDGE = 0.003  # of the mean variance of a pooled feature


def shrunk(name: str, layers: int, words: int) -> tuple[TextEncoder, PreTrainedTokenizerBase]:
    """The first `layers` layers of a BERT encoder and its `words` first (most frequent) pieces; 0 keeps all.

    What is cut from the vocabulary is still read: in smaller pieces, single letters at last.
    """
    encoder, tokenizer = load_text_encoder(name)
    if layers:
        encoder.encoder.layer = encoder.encoder.layer[:layers]
        encoder.config.num_hidden_layers = layers
    if words:
        pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        kept = [(p, i) for p, i in pieces if i < words or len(p.removeprefix("##")) == 1]
        kept = [(p, i) for p, i in kept if not p.startswith("[unused")]
        table = encoder.get_input_embeddings().weight.data[[i for _, i in kept]]
        encoder.set_input_embeddings(nn.Embedding.from_pretrained(table.clone(), freeze=False, padding_idx=0))
        encoder.config.vocab_size = len(kept)
        tokenizer = BertTokenizer(vocab={piece: i for i, (piece, _) in enumerate(kept)}, do_lower_case=True)
    return encoder.eval(), tokenizer


def pooled(
    encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase, masks: Tensor, notes: Sequence[str]
) -> np.ndarray:
    """(N, E) pooled encodings less those of masks of the same length, in batches of like length."""
    out = np.zeros((len(notes), masks.shape[1]), dtype=np.float32)
    order = np.argsort([len(note) for note in notes])
    with torch.inference_mode():
        for first in range(0, len(notes), BATCH):
            part = order[first : first + BATCH]
            coded = tokenizer(
                [notes[i] for i in part],
                padding=True,
                truncation=True,
                max_length=len(masks) - 1,
                return_tensors="pt",
            )
            mask = coded["attention_mask"]
            hidden = encoder(input_ids=coded["input_ids"], attention_mask=mask).last_hidden_state
            out[part] = (mean_pool(hidden, mask) - masks[mask.sum(1)]).numpy()
    return out


def head_of_reports(encodings: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """(K, E) by ridge regression of evidence (N, K), log-odds, on encodings (N, E) of reports; without an intercept, since an
    empty report says nothing.
    """
    gram = encodings.T @ encodings
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return np.linalg.solve(gram, encodings.T @ evidence).T.astype(np.float32)


def composed(
    draw: Callable[[int], Mapping[str, float]],
    write: Callable[[Mapping[str, float], int], str],
    count: int,
    seed: int,
) -> tuple[list[Mapping[str, float]], list[str]]:
    """`count` sets of values and the reports written of them."""
    values = [draw(seed + i) for i in range(count)]
    return values, [write(v, seed + i) for i, v in enumerate(values)]
