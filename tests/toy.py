"""A small fusion model with seeded weights: real classes, no trained weights, quick enough for every test."""

import numpy as np
import torch
from transformers import BertConfig

from mmcore.models.encoders import mask_pooled
from mmcore.models.fusion import FusionConfig, FusionModel

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "fever",
    "cough",
    "clear",
    "lungs",
    "no",
    "effusion",
    "left",
    ".",
]
FIELDS = (
    {
        "name": "age_years",
        "knots": [40, 60],
        "background": [30.0, 50.0, 70.0],
        "identified": True,
        "sources": ["a"],
    },
    {"name": "sex", "knots": [], "background": [0.0, 1.0, 1.0], "identified": True, "sources": ["a"]},
    {"name": "crp_mg_per_l", "knots": [], "background": [], "identified": False, "sources": []},
)


def tokenizer():
    """A word tokenizer of the toy vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {w: i for i, w in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        pad_token="[PAD]",
    )


def toy_model(fusion: str = "additive", task: str = "chest_infection") -> FusionModel:
    """Three labels, lite0 with seeded weights, a two-layer BERT of width 32, three clinical fields of which one is not taught."""
    torch.manual_seed(0)
    text = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=64,
    )  # fmt: skip
    config = FusionConfig(
        task=task,
        labels=("covid19", "other_pneumonia", "no_finding"),
        text_config=text.to_dict(),
        max_tokens=24,
        fields=FIELDS,
        fusion=fusion,
    )
    model = FusionModel(config).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.2 if parameter.dim() == 2 else 0.15)
    model.requires_grad_(False)
    model.image_mean.copy_(torch.rand(1280))
    model.clinical_head.fit_background(
        torch.tensor([[30.0, 0, torch.nan], [50, 1, torch.nan], [70, 1, torch.nan]]),
        torch.tensor(np.random.default_rng(0).uniform(20, 80, (50, 3)), dtype=torch.float32),
    )
    model.clinical_head.identified[2] = 0
    model.prior.copy_(torch.tensor([-1.0, -1.2, -1.1]))
    model.scale.copy_(torch.tensor([0.8, 1.5, 0.6]))
    model.constant.copy_(torch.tensor([[0.1, -0.2, 0.1], [0.0, 0.3, -0.3], [0.2, -0.1, -0.1]]))
    model.text_masks.copy_(mask_pooled(model.text_encoder, tokenizer(), 24))
    return model
