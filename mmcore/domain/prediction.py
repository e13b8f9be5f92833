"""A prediction as an account: prior plus evidence, the contrast it explains, and attributions that sum to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmcore.domain.notice import Notice
from mmcore.domain.task import Modality

RESIDUAL_LIMIT = 0.01  # log-odds; above it the screen shows a warning (evidence.md)

Part = (
    str | tuple[int, int] | tuple[()]
)  # a field, or characters [start, end) of the note; () for a special token


@dataclass(frozen=True)
class Contrast:
    """Why `label` rather than `against` (None: rather than its absence), in log-odds; linear in the evidence."""

    label: str
    against: str | None = None

    def of(self, by_label: Mapping[str, float]) -> float:
        """The contrast of a label -> log-odds mapping."""
        return by_label[self.label] - (by_label[self.against] if self.against else 0.0)


@dataclass(frozen=True)
class Prediction:
    """Calibrated probabilities and the account behind them.

    prior_logits, probabilities: label -> number. evidence: modality -> label -> log-odds, None where the modality is absent,
    refused or gated (a notice says which and why). For exclusive labels the probabilities are the softmax of the logits.
    p_values: category -> conformal p-value, categories being the labels and, for independent labels, "not LABEL"; the set is
    that of the stored confidence.
    """

    task: str
    labels: tuple[str, ...]
    exclusive: bool
    prior_logits: Mapping[str, float]
    evidence: Mapping[Modality, Mapping[str, float] | None]
    probabilities: Mapping[str, float]
    prediction_set: tuple[str, ...]
    contrast: Contrast
    notices: tuple[Notice, ...] = ()
    model_version: str = ""
    model_sha256: str = ""
    p_values: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.9

    def possible(self, confidence: float) -> dict[str, tuple[bool, bool]]:
        """label -> whether its presence and whether its absence cannot be excluded; what has no p-value cannot."""
        least = 1 - confidence
        return {
            k: (self.p_values.get(k, 1.0) > least, self.p_values.get(f"not {k}", 1.0) > least)
            for k in self.labels
        }

    @property
    def uncertain(self) -> bool:
        """Whether the set does not leave one answer: one label where they exclude each other, else present or absent for the
        likeliest of them."""
        if self.exclusive:
            return len(self.prediction_set) != 1
        present, absent = self.possible(self.confidence)[
            max(self.labels, key=lambda k: self.probabilities[k])
        ]
        return present == absent

    @property
    def logits(self) -> dict[str, float]:
        """label -> prior plus all evidence, log-odds."""
        present = [e for e in self.evidence.values() if e is not None]
        return {k: self.prior_logits[k] + sum(e[k] for e in present) for k in self.labels}

    @property
    def total(self) -> float:
        """The contrast of the logits: prior difference plus all evidence, log-odds."""
        return self.contrast.of(self.logits)


@dataclass(frozen=True)
class Attribution:
    """How one modality's evidence for `target` spreads over its parts: total = constant + sum(values) + residual.

    values: (h, w) map, (T,) tokens or (F,) fields, log-odds. parts: what each value belongs to: field names, (start, end)
    character spans of the note, or () for a map. `region` is (top, left, bottom, right) in fractions of the picture that a
    map covers. extra: what the method adds (steps of integrated gradients, the map before it was enlarged).
    """

    modality: Modality
    target: Contrast
    method: str
    baseline: str
    values: np.ndarray
    total: float
    constant: float
    parts: tuple[Part, ...] = ()
    region: tuple[float, float, float, float] | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def sum(self) -> float:
        """Sum of the attributed values, log-odds."""
        return float(np.sum(self.values, dtype=np.float64))

    @property
    def residual(self) -> float:
        """What the attribution fails to explain, log-odds."""
        return self.total - self.constant - self.sum

    def share_inside(self, place: np.ndarray) -> float | None:
        """Share of a map's evidence by size inside `place`, (H, W) bool over the whole picture, 0 to 1; None without evidence."""
        top, left, bottom, right = self.region or (0.0, 0.0, 1.0, 1.0)
        size = np.abs(self.values)
        rows = (np.linspace(top, bottom, size.shape[0], endpoint=False) * place.shape[0]).astype(int)
        columns = (np.linspace(left, right, size.shape[1], endpoint=False) * place.shape[1]).astype(int)
        inside = place[np.clip(rows, 0, place.shape[0] - 1)[:, None], np.clip(columns, 0, place.shape[1] - 1)]
        return float(size[inside].sum() / size.sum()) if size.sum() else None
