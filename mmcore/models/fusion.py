"""The fusion model: log-odds of each label as a prior plus the evidence of each modality that is present."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils.generic import ModelOutput

from mmcore.domain.model_facts import Json
from mmcore.models.clinical_head import AdditiveClinicalHead
from mmcore.models.ecg_encoder import build_waveform_encoder
from mmcore.models.encoders import (
    EFFICIENTNET_LITE0,
    ImageEncoder,
    TextEncoder,
    WaveformEncoder,
    build_image_encoder,
    build_text_encoder,
    mean_pool,
)
from mmcore.models.field_facts import FieldFacts, curve_of
from mmcore.models.joint_heads import JointHead, shapley_shares
from mmcore.models.lungs import organ_shares

Inputs = Mapping[str, Tensor | None]
"""modality -> centred encodings (B, D), for clinical the values (B, F); None, or a row of NaN, is absent."""


class FusionConfig(PretrainedConfig):
    """What rebuilds the network, and what travels with it: labels, thresholds, priors, calibration, provenance.

    modalities: the order of evidence. dependence: group of fields -> r of their discount; beside_image: (K, K), by which clinical
    evidence is multiplied where an image answers the same question, () for as it is. organ_pooling: cells of the image's map count by their share of the organ. facts: figures and settings found at training (operating point, conformal scores, training ranges, hashed
    patients); plain JSON values.
    """

    model_type = "threefold-fusion"

    def __init__(  # noqa: PLR0913, a configuration names all it holds
        self,
        task: str = "",
        labels: Sequence[str] = (),
        exclusive: bool = True,
        modalities: Sequence[str] = ("image", "text", "clinical"),
        image_encoder: str | None = EFFICIENTNET_LITE0,
        image_config: Mapping[str, Json] | None = None,
        image_size: int = 192,
        organ_pooling: bool = False,
        text_config: Mapping[str, Json] | None = None,
        max_tokens: int = 256,
        waveform_config: Mapping[str, int] | None = None,
        fields: Sequence[FieldFacts] = (),
        fusion: str = "additive",
        facts: Mapping[str, Json] | None = None,
        dependence: Mapping[str, float] | None = None,
        beside_image: Sequence[Sequence[float]] = (),
        **kwargs: Json,
    ) -> None:
        self.task, self.labels, self.exclusive = task, list(labels), exclusive
        self.modalities = list(modalities)
        self.image_encoder, self.image_config, self.image_size = image_encoder, image_config, image_size
        self.organ_pooling = organ_pooling
        self.text_config, self.max_tokens, self.waveform_config = text_config, max_tokens, waveform_config
        self.fields, self.fusion, self.facts = list(fields), fusion, dict(facts or {})
        self.dependence, self.beside_image = dict(dependence or {}), [list(row) for row in beside_image]
        of_the_library: Callable[..., None] = (
            super().__init__
        )  # it types each of its settings; files hold any
        of_the_library(**kwargs)


def set_place(here: Tensor) -> Tensor:
    """Which modalities are here, (..., M) bool -> the place (...) of that set among all 2^M: bit m tells of modality m."""
    return (here.long() << torch.arange(here.shape[-1])).sum(-1)


@dataclass
class FusionOutput(ModelOutput):
    """logits (B, K); evidence (B, M, K) in the order of config.modalities, 0 where absent; maps: modality -> (B, D, h, w)."""

    logits: Tensor | None = None
    evidence: Tensor | None = None
    maps: dict[str, Tensor] | None = None


class FusionModel(PreTrainedModel):
    """prior + sum of evidence; an absent modality adds exactly 0. Source of the form: additive (naive-Bayes-like) log-odds.

    Evidence of a modality is scale * (W (encoding - reference)) + constant, with the reference the mean training features
    for image and waveform, masks of the same length for the text, and the background for the clinical values.
    Takes pixels (B, C, H, W), samples (B, 12, L), ids and mask (B, T) or embeddings (B, T, E), and values (B, F).
    """

    config_class = FusionConfig
    config: FusionConfig
    image_encoder: ImageEncoder | None
    waveform_encoder: WaveformEncoder | None
    text_encoder: TextEncoder | None
    image_head: nn.Linear  # (D, K) weights, as the other heads
    waveform_head: nn.Linear
    text_head: nn.Linear
    image_mean: Tensor  # (D,) training features
    waveform_mean: Tensor
    text_masks: Tensor  # (max_tokens + 1, D) of notes that are nothing but masks
    prior: Tensor  # (K,) log-odds
    scale: Tensor  # (M,)
    constant: Tensor  # (M, K)
    set_scale: Tensor  # (2^M,) at `set_place`
    joint: JointHead | None

    def __init__(self, config: FusionConfig) -> None:
        super().__init__(config)
        k, m = len(config.labels), len(config.modalities)
        self.image_encoder = None
        self.text_encoder = None
        self.waveform_encoder = None
        if "image" in config.modalities and config.image_encoder:
            self.image_encoder = build_image_encoder(config.image_encoder, config.image_config)
            self._add_map_head("image", self.image_encoder.feature_dim, k)
        if "waveform" in config.modalities and config.waveform_config:
            self.waveform_encoder = build_waveform_encoder(config.waveform_config)
            self._add_map_head("waveform", self.waveform_encoder.feature_dim, k)
        if "text" in config.modalities and config.text_config:
            self.text_encoder = build_text_encoder(config.text_config)
            width = self.text_encoder.config.hidden_size
            self.text_head = nn.Linear(width, k, bias=False)
            self.register_buffer("text_masks", torch.zeros(config.max_tokens + 1, width))
        self.clinical_head = AdditiveClinicalHead(
            [f["knots"] for f in config.fields],
            k,
            config.exclusive,
            [curve_of(f) for f in config.fields],
            config.dependence,
        )
        self.register_buffer("prior", torch.zeros(k))
        self.register_buffer("scale", torch.ones(m))
        self.register_buffer("constant", torch.zeros(m, k))
        self.register_buffer("set_scale", torch.ones(2**m))
        self.joint = None
        if config.fusion != "additive":
            widths = self.encoding_widths()
            self.joint = JointHead(config.fusion, tuple(widths[name] for name in config.modalities), k)
        PreTrainedModel.post_init(self)

    def _add_map_head(self, name: str, width: int, labels: int) -> None:
        setattr(self, f"{name}_head", nn.Linear(width, labels, bias=False))
        self.register_buffer(f"{name}_mean", torch.zeros(width))

    def _init_weights(self, module: nn.Module) -> None:
        """Weights come from training or a file; nothing is drawn here."""

    @property
    def modalities(self) -> list[str]:
        """The order of evidence."""
        return self.config.modalities

    def encoder_of(self, modality: str) -> ImageEncoder | WaveformEncoder | TextEncoder | None:
        """The encoder of a modality; None for clinical values and where the model has no such branch."""
        found: ImageEncoder | WaveformEncoder | TextEncoder | None = getattr(
            self, f"{modality}_encoder", None
        )
        return found

    def encoding_widths(self) -> dict[str, int]:
        """Width of each modality's encoding, 0 where the model has no such branch."""
        mapped = {"image": self.image_encoder, "waveform": self.waveform_encoder}
        maps = {name: 0 if e is None else e.feature_dim for name, e in mapped.items()}
        text = self.text_encoder.config.hidden_size if self.text_encoder is not None else 0
        return maps | {"text": text, "clinical": len(self.clinical_head.columns)}

    def encode_map(self, modality: str, x: Tensor) -> Tensor:
        """Image (B, 1 or 2, H, W) or waveform (B, leads, L) as preprocess makes them -> last feature map (B, D, h, w).

        An image's second channel says where the organ lies, 0 to 1. With organ_pooling what a cell says beyond the mean
        training features counts by its share of the organ, so the mean over cells is the mean over the organ and the map
        is flat outside it.
        """
        encoder = self.image_encoder if modality == "image" else self.waveform_encoder
        if encoder is None:
            raise ValueError(f"the model of {self.config.task} has no encoder of {modality}")
        if modality != "image":
            return encoder(x)
        maps = encoder(x[:, :1])
        if not self.config.organ_pooling or x.shape[1] == 1:
            return maps
        mean = self.image_mean[:, None, None]
        return mean + (maps - mean) * organ_shares(x[:, 1:], (maps.shape[-2], maps.shape[-1]))

    def encode_text(
        self, mask: Tensor, ids: Tensor | None = None, embeddings: Tensor | None = None
    ) -> Tensor:
        """Token ids or embeddings (B, T[, E]) and mask (B, T) -> pooled encoding less that of masks of the same length, (B, D)."""
        inputs = {"input_ids": ids} if embeddings is None else {"inputs_embeds": embeddings}
        if self.text_encoder is None:
            raise ValueError(f"the model of {self.config.task} has no encoder of text")
        hidden: Tensor = self.text_encoder(**inputs, attention_mask=mask).last_hidden_state  # (B, T, D)
        return mean_pool(hidden, mask) - self.text_masks[mask.sum(1)]  # (B, D)

    def centred(self, modality: str, maps: Tensor) -> Tensor:
        """Feature maps (B, D, h, w) -> pooled features less the mean training features, (B, D)."""
        mean: Tensor = getattr(self, f"{modality}_mean")
        return maps.mean((2, 3)) - mean

    def presence(self, inputs: Inputs) -> Tensor:
        """(B, M) bool: which modalities each row has."""
        batch = len(next(x for x in inputs.values() if x is not None))
        here = torch.zeros(batch, len(self.modalities), dtype=torch.bool)
        for m, name in enumerate(self.modalities):
            x = inputs.get(name)
            if x is not None:
                here[:, m] = ~torch.isnan(x).all(1)
        return here

    def raw_evidence(self, modality: str, x: Tensor) -> Tensor:
        """Evidence (B, K) of a modality's input before calibration; an all-NaN row scores as its reference."""
        if modality == "clinical":
            terms: Tensor = self.clinical_head(x)  # (B, F, K)
            return terms.sum(1)
        found: Tensor = getattr(self, f"{modality}_head")(torch.nan_to_num(x))
        return found

    def evidence(self, inputs: Inputs) -> Tensor:
        """Calibrated evidence (B, M, K), exactly 0 where a modality is absent."""
        here = self.presence(inputs)
        raw = self.prior.new_zeros(*here.shape, len(self.prior))
        for m, name in enumerate(self.modalities):
            x = inputs.get(name)
            if x is not None:
                raw[:, m] = self.raw_evidence(name, x)
        return self.calibrated(raw, here)

    def factor(self, present: Collection[str]) -> float:
        """What the evidence of each modality is multiplied by where these modalities are present."""
        here = torch.tensor([name in present for name in self.modalities])
        return self.set_scale[set_place(here)].item()

    def of_fields(self, values: Tensor, present: Collection[str]) -> Tensor:
        """Evidence of each field (B, F, K) before calibration, where these modalities are present."""
        terms: Tensor = self.clinical_head(values)
        if "image" in present and self.config.beside_image:
            return terms @ torch.tensor(self.config.beside_image).T
        return terms

    def calibrated(self, raw: Tensor, here: Tensor) -> Tensor:
        """Raw evidence (B, M, K) of modalities that are here (B, M) -> calibrated, 0 where absent."""
        factor = self.set_scale[set_place(here)]
        scaled = raw * self.scale[:, None] + self.constant
        if self.config.beside_image:
            image, clinical = (self.modalities.index(name) for name in ("image", "clinical"))
            beside = scaled[:, clinical] @ torch.tensor(self.config.beside_image).T
            scaled[:, clinical] = torch.where(here[:, image, None], beside, scaled[:, clinical])
        return scaled * here.unsqueeze(-1) * factor.view(-1, 1, 1)

    def fuse(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(logits (B, K), evidence (B, M, K)); for a joint fusion the evidence is each modality's exact Shapley share."""
        if self.joint is None:
            evidence = self.evidence(inputs)
            return self.prior + evidence.sum(1), evidence
        return shapley_shares(self.joint, self._joint_inputs(inputs), self.presence(inputs))

    def logits(self, inputs: Inputs) -> Tensor:
        """The logits (B, K) alone: for a joint fusion without the shares, which cost a pass for each set of modalities."""
        if self.joint is None:
            return self.fuse(inputs)[0]
        logits: Tensor = self.joint(self._joint_inputs(inputs), self.presence(inputs))
        return logits

    def _joint_inputs(self, inputs: Inputs) -> tuple[Tensor | None, ...]:
        values = inputs.get("clinical")
        expanded = dict(inputs) | {"clinical": None if values is None else self.clinical_head.expand(values)}
        return tuple(expanded.get(name) for name in self.modalities)

    def forward(
        self,
        pixels: Tensor | None = None,
        ids: Tensor | None = None,
        mask: Tensor | None = None,
        values: Tensor | None = None,
        samples: Tensor | None = None,
        embeddings: Tensor | None = None,
    ) -> FusionOutput:
        given = {"image": pixels, "waveform": samples}
        maps = {name: self.encode_map(name, x) for name, x in given.items() if x is not None}
        inputs: dict[str, Tensor | None] = {name: self.centred(name, x) for name, x in maps.items()}
        inputs["text"] = None if mask is None else self.encode_text(mask, ids, embeddings)
        logits, evidence = self.fuse(inputs | {"clinical": values})
        return FusionOutput(logits=logits, evidence=evidence, maps=maps)
