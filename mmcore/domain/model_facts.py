"""What training found out and stored beside a model's weights; read from its configuration and written back as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias, TypedDict

Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
Scores: TypeAlias = Mapping[
    str, Sequence[Sequence[float]]
]  # category -> nonconformity scores, a list a patient


@dataclass(frozen=True)
class Familiar:
    """What the training encodings look like: base64 of little-endian float16 mean (D,), directions (Q, D) and spread (Q,); width is
    D; the limits are what 99 of 100 calibration patients keep."""

    mean: str
    directions: str
    spread: str
    width: int
    inside_limit: float
    outside_limit: float


@dataclass(frozen=True)
class Baseline:
    """The sceptic's logistic regression: fields (F), their mean and spread (F), weights (K, F), intercepts (K)."""

    fields: Sequence[str]
    mean: Sequence[float]
    spread: Sequence[float]
    weights: Sequence[Sequence[float]]
    intercepts: Sequence[float]


@dataclass(frozen=True)
class Conformal:
    """The confidence at which sets are shown, 0 to 1, and the scores they rest on."""

    confidence: float = 0.9
    scores: Scores = field(default_factory=dict)


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model of cases. label_share, operating_point: label -> probability. set_scales: presence set -> what its own scale
    rests on. ranges: field -> (1st, 99th percentile) of the training patients, None where too few. patients: part -> digests of
    their keys. rows, split: part -> rows. settings: what the training was told."""

    image_size: int = 0
    label_share: Mapping[str, float] = field(default_factory=dict)
    operating_point: Mapping[str, float] = field(default_factory=dict)
    conformal: Conformal = Conformal()
    ranges: Mapping[str, Sequence[float] | None] = field(default_factory=dict)
    patients: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)
    set_scales: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    split: Mapping[str, int] = field(default_factory=dict)
    familiar: Familiar | None = None
    familiar_ecg: Familiar | None = None
    baseline: Baseline | None = None

    @property
    def met(self) -> frozenset[str]:
        """Digests of the patients that trained or calibrated the model."""
        return frozenset(self.patients["train"]) | frozenset(self.patients["calibration"])

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "ModelFacts":
        """The facts of a configuration."""
        plain = {item.name: stored[item.name] for item in fields(cls) if item.name in stored}
        made = {name: kind(**stored[name]) for name, kind in _NESTED.items() if stored.get(name)}
        absent = {name: None for name in _NESTED if name in plain and name not in made}
        return cls(**plain | absent | made | {"image_size": (stored.get("image") or {}).get("size", 0)})

    def as_json(self) -> dict[str, Json]:
        """The facts as a configuration holds them."""
        plain = asdict(self)
        empty = {name: plain[name] or {} for name in ("familiar", "familiar_ecg", "baseline")}
        return (
            {k: v for k, v in plain.items() if k != "image_size"}
            | empty
            | {"image": {"size": self.image_size}}
        )


_NESTED = {"conformal": Conformal, "familiar": Familiar, "familiar_ecg": Familiar, "baseline": Baseline}


@dataclass(frozen=True)
class HourlyConformal:
    """The confidence at which sets are shown, 0 to 1, and the scores they rest on at each reported hour."""

    confidence: float
    scores: Mapping[str, Scores]


class AlertRow(TypedDict):
    """What a threshold did: shares 0 to 1, None where nobody died or nobody was warned of."""

    threshold: float
    sensitivity: float | None
    precision: float | None
    alerts_per_100_patient_days: float


@dataclass(frozen=True)
class AlertTable:
    """What each threshold did to n patients of a part."""

    patients: str = ""
    n: int = 0
    table: Sequence[AlertRow] = ()


@dataclass(frozen=True)
class StreamFacts:
    """Facts of a model of a stream. alerts: of patients who did not train it. baseline: score -> the points from which it calls."""

    label_share: Mapping[str, float] = field(default_factory=dict)
    operating_point: Mapping[str, float] = field(default_factory=dict)
    conformal: HourlyConformal = HourlyConformal(0.9, {})
    alerts: AlertTable = AlertTable()
    baseline: Mapping[str, float] = field(default_factory=dict)
    patients: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "StreamFacts":
        """The facts of a configuration."""
        nested = {"conformal": HourlyConformal, "alerts": AlertTable}
        return cls(**dict(stored) | {k: kind(**stored[k]) for k, kind in nested.items() if k in stored})
