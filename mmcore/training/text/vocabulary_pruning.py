"""Takes out of a text encoder what English clinical notes hardly use: words of other scripts, the rarest words, far positions."""

import copy
import json
from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from mmcore.models.encoders import TextEncoder

RAREST = 2400  # words of a vocabulary that lists them by how common they are (BERT's does); they fall to word pieces


def slim(
    encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase, used: Iterable[str], longest: int
) -> tuple[TextEncoder, PreTrainedTokenizerBase]:
    """The same encoder and tokenizer with fewer embeddings: at most `longest` positions, no token that `_needless` names.

    Words of the notes `used` stay, and the special tokens keep their ids. A note that has none of the words taken out gives
    the same result as before, up to the numbering of its tokens.
    """
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = described["model"]["vocab"]
    if described["model"]["type"] != "WordPiece":
        return encoder, tokenizer
    wanted = {t for note in used for t in tokenizer.tokenize(note)} | set(tokenizer.all_special_tokens)
    needless = _needless(vocabulary, max(tokenizer.all_special_ids)) - wanted
    kept = [t for t in sorted(vocabulary, key=vocabulary.__getitem__) if t not in needless]
    rows = torch.tensor([vocabulary[t] for t in kept])
    described["model"]["vocab"] = {t: i for i, t in enumerate(kept)}
    smaller: Any = copy.deepcopy(encoder)
    table, places = smaller.get_input_embeddings(), smaller.embeddings.position_embeddings
    longest = min(longest, places.num_embeddings)
    smaller.set_input_embeddings(
        nn.Embedding.from_pretrained(table.weight[rows].clone(), padding_idx=table.padding_idx)
    )
    smaller.embeddings.position_embeddings = nn.Embedding.from_pretrained(places.weight[:longest].clone())
    smaller.embeddings.position_ids = smaller.embeddings.position_ids[:, :longest]
    smaller.embeddings.token_type_ids = smaller.embeddings.token_type_ids[:, :longest]
    smaller.config.vocab_size, smaller.config.max_position_embeddings = len(kept), longest
    names = {k: v for k, v in tokenizer.special_tokens_map.items() if isinstance(v, str)}
    return smaller, PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(described)), model_max_length=longest, **names
    )


def _needless(vocabulary: dict[str, int], last_special: int) -> set[str]:
    """Unused places and other scripts beyond the special tokens, and the RAREST whole words."""
    after = {t: i for t, i in vocabulary.items() if i > last_special}
    foreign = {t for t in after if t.startswith("[unused") or _foreign(t.removeprefix("##"))}
    words = sorted((i, t) for t, i in after.items() if t.isascii() and t.isalpha() and len(t) > 3)
    return foreign | {t for _, t in words[len(words) - min(RAREST, len(words) // 10) :]}


def _foreign(piece: str) -> bool:
    """Whether a piece holds a letter beyond Latin and Greek (signs such as the dash or the degree stay)."""
    return any(ord(c) >= 0x400 and not 0x2000 <= ord(c) < 0x2300 for c in piece)
