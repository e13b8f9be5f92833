"""The fusion model: log-odds of each label as a prior plus the evidence of each modality that is present."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from mmcore.models.clinical_head import AdditiveClinicalHead
from mmcore.models.encoders import EFFICIENTNET_LITE0, build_image_encoder, build_text_encoder, mean_pool
from mmcore.models.joint_heads import JointHead, shapley_shares

ORDER = ("image", "text", "clinical")


class FusionConfig(PretrainedConfig):
    """What rebuilds the network, and what travels with it: labels, thresholds, priors, calibration, provenance.

    fields: dicts with `name`, `knots`, `background` (centroids of 20 patients or more), `identified`. facts: figures and
    settings found at training (operating point, conformal scores, training ranges, hashed patients); plain JSON values.
    """

    model_type = "threefold-fusion"

    def __init__(  # noqa: PLR0913, a configuration names all it holds
        self,
        task: str = "",
        labels: tuple[str, ...] | list[str] = (),
        exclusive: bool = True,
        image_encoder: str | None = EFFICIENTNET_LITE0,
        image_config: dict | None = None,
        image_size: int = 192,
        text_config: dict | None = None,
        max_tokens: int = 256,
        fields: tuple[dict, ...] | list[dict] = (),
        fusion: str = "additive",
        facts: dict | None = None,
        **kwargs,
    ) -> None:
        self.task, self.labels, self.exclusive = task, list(labels), exclusive
        self.image_encoder, self.image_config, self.image_size = image_encoder, image_config, image_size
        self.text_config, self.max_tokens = text_config, max_tokens
        self.fields, self.fusion, self.facts = list(fields), fusion, dict(facts or {})
        super().__init__(**kwargs)


@dataclass
class FusionOutput(ModelOutput):
    """logits (B, K); evidence (B, M, K) in the order image, text, clinical, 0 where absent; maps (B, D, h, w) or None."""

    logits: Tensor | None = None
    evidence: Tensor | None = None
    maps: Tensor | None = None


class FusionModel(PreTrainedModel):
    """prior + sum of evidence; an absent modality adds exactly 0. Source of the form: additive (naive-Bayes-like) log-odds.

    Evidence of a modality is scale * (W (encoding - reference)) + constant, with the reference the mean training features
    for the image, masks of the same length for the text, and the background for the clinical values.
    """

    config_class = FusionConfig

    def __init__(self, config: FusionConfig) -> None:
        super().__init__(config)
        k, m = len(config.labels), len(ORDER)
        self.image_encoder = self.text_encoder = None
        if config.image_encoder:
            self.image_encoder = build_image_encoder(config.image_encoder, config.image_config)
            self.image_head = nn.Linear(self.image_encoder.feature_dim, k, bias=False)
            self.register_buffer("image_mean", torch.zeros(self.image_encoder.feature_dim))
        if config.text_config:
            self.text_encoder = build_text_encoder(config.text_config)
            width = self.text_encoder.config.hidden_size
            self.text_head = nn.Linear(width, k, bias=False)
            self.register_buffer("text_masks", torch.zeros(config.max_tokens + 1, width))
        self.clinical_head = AdditiveClinicalHead([f["knots"] for f in config.fields], k)
        self.register_buffer("prior", torch.zeros(k))
        self.register_buffer("scale", torch.ones(m))
        self.register_buffer("constant", torch.zeros(m, k))
        self.register_buffer("set_scale", torch.ones(2**m))
        self.joint = None
        if config.fusion != "additive":
            self.joint = JointHead(config.fusion, self.encoding_widths(), k)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Weights come from training or a file; nothing is drawn here."""

    def encoding_widths(self) -> tuple[int, ...]:
        """Width of each modality's encoding in ORDER, 0 where the model has no such branch."""
        image = self.image_encoder.feature_dim if self.image_encoder is not None else 0
        text = self.text_encoder.config.hidden_size if self.text_encoder is not None else 0
        return image, text, len(self.clinical_head.columns)

    def encode_image(self, pixels: Tensor) -> Tensor:
        """pixels (B, 1, H, W) as preprocess.image makes them -> last feature map (B, D, h, w)."""
        return self.image_encoder(pixels)

    def encode_text(
        self, mask: Tensor, ids: Tensor | None = None, embeddings: Tensor | None = None
    ) -> Tensor:
        """Token ids or embeddings (B, T[, E]) and mask (B, T) -> pooled encoding less that of masks of the same length, (B, D)."""
        inputs = {"input_ids": ids} if embeddings is None else {"inputs_embeds": embeddings}
        hidden = self.text_encoder(**inputs, attention_mask=mask).last_hidden_state  # (B, T, D)
        return mean_pool(hidden, mask) - self.text_masks[mask.sum(1)]  # (B, D)

    def evidence(self, encodings: tuple[Tensor | None, ...], values: Tensor | None) -> Tensor:
        """Calibrated evidence (B, M, K) of centred encodings (image (B, D), text (B, D)) and values (B, F); None is absent.

        A row that is all NaN is an absent modality of that case.
        """
        heads = (
            lambda x: self.image_head(torch.nan_to_num(x)),
            lambda x: self.text_head(torch.nan_to_num(x)),
            lambda x: self.clinical_head(x).sum(1),
        )
        inputs = (*encodings, values)
        batch = len(next(x for x in inputs if x is not None))
        out = self.prior.new_zeros(batch, len(ORDER), len(self.prior))
        present = torch.zeros(batch, len(ORDER), dtype=torch.bool)
        for m, (head, x) in enumerate(zip(heads, inputs, strict=True)):
            if x is not None:
                present[:, m] = ~torch.isnan(x).all(1)
                out[:, m] = head(x) * self.scale[m] + self.constant[m]
        factor = self.set_scale[(present.long() * torch.tensor([1, 2, 4])).sum(1)]
        return out * present.unsqueeze(-1) * factor.view(-1, 1, 1)

    def fuse(self, encodings: tuple[Tensor | None, ...], values: Tensor | None) -> tuple[Tensor, Tensor]:
        """(logits (B, K), evidence (B, M, K)); for a joint fusion the evidence is each modality's exact Shapley share."""
        if self.joint is None:
            evidence = self.evidence(encodings, values)
            return self.prior + evidence.sum(1), evidence
        expanded = None if values is None else self.clinical_head.expand(values)
        return shapley_shares(self.joint, (*encodings, expanded), values)

    def forward(
        self,
        pixels: Tensor | None = None,
        ids: Tensor | None = None,
        mask: Tensor | None = None,
        values: Tensor | None = None,
        embeddings: Tensor | None = None,
    ) -> FusionOutput:
        maps = None if pixels is None else self.encode_image(pixels)
        image = None if maps is None else maps.mean((2, 3)) - self.image_mean  # (B, D)
        text = None if mask is None else self.encode_text(mask, ids, embeddings)
        logits, evidence = self.fuse((image, text), values)
        return FusionOutput(logits=logits, evidence=evidence, maps=maps)
