"""What a clinical question is: its labels, its modalities and the fields a clinician can fill in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from mmcore.domain.pack import Pack
from mmcore.domain.stream import StayColumns, StreamRules


class Modality(StrEnum):
    """The closed set of kinds of evidence."""

    IMAGE = "image"
    WAVEFORM = "waveform"
    TEXT = "text"
    CLINICAL = "clinical"


@dataclass(frozen=True)
class Field:
    """One clinical value: `kind` is number, flag (0 absent, 1 present) or choice (coded by position in `choices`).

    `plausible` bounds what is accepted, `reference` is the adult reference range shown beside the value (None where none
    applies). `knots` shape the additive head: () a straight line, else a line that may bend at each knot.
    `slips` maps a likely mistyping to its correction, e.g. a fraction for a percentage. `taught_by`: the one source whose
    patients teach it, where for others its being known would tell the outcome, or they lack it; "" any. `lasting`: does
    not go out of date within the time between two visits.
    """

    name: str
    unit: str = ""
    kind: str = "number"
    plausible: tuple[float, float] = (0.0, 1.0)
    reference: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    knots: tuple[float, ...] = ()
    slips: tuple["Slip", ...] = ()
    aliases: tuple[str, ...] = ()
    taught_by: str = ""
    lasting: bool = False


@dataclass(frozen=True)
class Slip:
    """A likely mistyping: a value in [low, high] becomes value * factor + offset; `code` names the explanation."""

    low: float
    high: float
    factor: float
    offset: float
    code: str


@dataclass(frozen=True)
class LeakTerm:
    """A pattern (regular expression, case-insensitive) that names the diagnosis or its test, and its category."""

    category: str
    pattern: str


@dataclass(frozen=True)
class ExtraMetric:
    """The AUROC of a label's evidence against another outcome of the rows that have it; by_patient: by the highest of each."""

    name: str
    outcome: str
    label: str
    by_patient: bool = False


@dataclass(frozen=True)
class ImageKind:
    """What a scan must show. volume: a CT marked at a nodule, else a picture; lungs: the encoder looks at the lungs and pools over
    them."""

    name: str
    volume: bool = False
    lungs: bool = False


IMAGE_KINDS = {
    kind.name: kind
    for kind in (ImageKind("frontal_chest_xray", lungs=True), ImageKind("ct_nodule", volume=True))
}


@dataclass(frozen=True)
class Question:
    """What every clinical question has: K labels (exclusive: softmax over them, else a sigmoid each), the modalities that answer it
    and the fields a clinician can fill in; purpose and caveats: what the card says of use and limits.
    """

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    modalities: tuple[Modality, ...]
    fields: tuple[Field, ...] = ()
    purpose: str = ""
    caveats: tuple[str, ...] = ()

    @property
    def asked_fields(self) -> tuple[Field, ...]:
        """Fields that may be given."""
        return self.fields

    def field(self, name: str) -> Field:
        """The field of that name or alias; KeyError if there is none."""
        for item in self.asked_fields:
            if name == item.name or name in item.aliases:
                return item
        raise KeyError(name)


@dataclass(frozen=True)
class StreamTask(Question):
    """A stay whose measurements arrive one by one; `stream`: how time is read. It has a monitor instead of a review.

    columns: what a folder of stays says beside the measurements. signs: the latest values by their fields -> the signs of NEWS2 that
    they tell. shown: series that the monitor draws; () the first fields that are measured. events: the label in the plural, for
    the card.
    """

    stream: StreamRules = StreamRules(())
    columns: StayColumns = StayColumns()
    signs: Callable[[Mapping[str, float]], Mapping[str, float]] | None = None
    shown: tuple[str, ...] = ()
    events: str = "events"

    @property
    def outcome_column(self) -> str:
        """The column of outcomes.csv that tells the label."""
        return self.columns.outcome or self.labels[0]


@dataclass(frozen=True)
class CaseTask(Question):
    """A case that is reviewed once it is there.

    image: what the scan must show, None: any picture. pair_metrics: metric name -> (positive, negative) label pair scored by the
    contrast. subset_metrics: metric name -> (label, subgroup, value): the label's AUROC on rows of that subgroup.
    extra_metrics: outcomes beside the labels. baseline: fields of the sceptic's baseline. starts_from: the task whose shipped
    image encoder is taken as it is. image_questions: pairs of name sets that the image encoder learns to tell apart, names
    being labels or a row's subgroup values; () asks for each label against the rest. survey_accuracy: what the literature
    survey reports for such a model, for the card. compose_notes: (count, seed) -> (notes, labels) written from published
    frequencies, where real notes are too few to learn from.
    write_report: (values, seed) -> a note that states them, and draw_values: seed -> values to write about, where reports are
    composed from fields. publisher_fold: publisher -> number of the group that is left out together in validation.
    penalty, invariance: what this task's validation chose for its heads (modality -> pull to 0; HeadSettings). training:
    settings that differ from the usual. shown: modalities that are taken and shown but add 0, for want of data to learn
    from. measures: label -> the waveform measures that its head may weigh;
    a label that is not named may weigh all. pull: label -> factor on the pull to 0 of its waveform weights. companion: a second
    question on the same patient's values, answered by a model of its own, shown beside this one's answer and adding nothing to it.
    dependence: group of fields that say alike -> r of their discount; beside_image: (K, K) by which clinical evidence is multiplied
    where an image answers the same question, () for as it is.
    tolerance_hours: modality -> how much older than the newest evidence of the case it may be before the reader is warned;
    one that is not named does not go out of date.
    """

    image: ImageKind | None = None
    leak_terms: tuple[LeakTerm, ...] = ()
    pair_metrics: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    subset_metrics: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    baseline: tuple[str, ...] = ()
    starts_from: str | None = None
    image_questions: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    survey_accuracy: float | None = None
    penalty: Mapping[str, float] = field(default_factory=dict)
    invariance: float = 0.0
    read_pack: Callable[[Path], Pack] | None = None
    publisher_fold: Callable[[str], int] | None = None
    compose_notes: Callable[[int, int], tuple[tuple[str, ...], tuple[str, ...]]] | None = None
    write_report: Callable[[Mapping[str, float], int], str] | None = None
    draw_values: Callable[[int], Mapping[str, float]] | None = None
    extra_metrics: tuple[ExtraMetric, ...] = ()
    training: Mapping[str, object] = field(default_factory=dict)
    shown: tuple[Modality, ...] = ()
    measures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pull: Mapping[str, float] = field(default_factory=dict)
    companion: "CaseTask | None" = None
    tolerance_hours: Mapping[str, float] = field(default_factory=dict)
    dependence: Mapping[str, float] = field(default_factory=dict)
    beside_image: tuple[tuple[float, ...], ...] = ()

    @property
    def wants_volume(self) -> bool:
        """Whether its scan is a CT marked at a nodule."""
        return self.image is not None and self.image.volume

    @property
    def wants_lungs(self) -> bool:
        """Whether its encoder looks at the lungs of a film."""
        return self.image is not None and self.image.lungs

    @property
    def accepted(self) -> tuple[Modality, ...]:
        """Modalities that a case may bring: those that add evidence and those that are shown only."""
        return (*self.modalities, *self.shown)

    @property
    def second_fields(self) -> tuple[Field, ...]:
        """Fields that only the companion asks for."""
        own = {item.name for item in self.fields}
        return tuple(f for f in self.companion.fields if f.name not in own) if self.companion else ()

    @property
    def asked_fields(self) -> tuple[Field, ...]:
        """The task's own fields, then those that only its companion asks for."""
        return (*self.fields, *self.second_fields)


Task: TypeAlias = CaseTask | StreamTask
