"""May this explanation be believed? Each one is tested on the case at hand and gets a colour with its reasons."""

from dataclasses import dataclass

from mmcore.domain.case import Case
from mmcore.domain.memory import Memory
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import RESIDUAL_LIMIT, Attribution, Contrast
from mmcore.domain.review import Review
from mmcore.domain.task import Modality
from mmcore.explain.deletion import Trial, deletion_trial, rank_correlation
from mmcore.explain.perturbation import parts_of
from mmcore.explain.review import review
from mmcore.prediction.encode import encode
from mmcore.prediction.engine import Engine

GREEN, AMBER, GREY = "green", "amber", "grey"
# Judgements of this project, set on calibration patients of the chest pack before any test patient was looked at.
SAYS_LITTLE = 0.05  # log-odds; where no deletion moves the evidence by more there is nothing to tell apart
DISAGREE, AGREE = (
    0.0,
    0.3,
)  # rank correlation of two methods: at or below the first they contradict, from the second they agree
INSIDE_FAILS, INSIDE_GOOD = 0.5, 0.8  # share of the evidence inside the organ


@dataclass(frozen=True)
class Badge:
    """What came of the tests of one explanation. trial, agreement, inside: None where that test could not be made.

    passes: how many pictures, notes or rows the model was shown for it.
    """

    modality: Modality
    colour: str
    reasons: tuple[Notice, ...]
    method: str = ""
    other_method: str = ""
    trial: Trial | None = None
    agreement: float | None = None
    inside: float | None = None
    passes: int = 0

    @property
    def tested(self) -> bool:
        """Whether there was an order to test: two parts or more, and evidence that they move."""
        return self.trial is not None and self.trial.swing >= SAYS_LITTLE


def badges(
    engine: Engine, case: Case, contrast: Contrast | None = None, memory: Memory | None = None
) -> tuple[Badge, ...]:
    """A badge for each modality that gives evidence, under the exact methods. Raises NothingToPredictError."""
    memory = {} if memory is None else memory
    found = review(engine, case, contrast=contrast, memory=memory)
    failed = [Badge(Modality(n.modality), GREY, (n,)) for n in found.failed]
    return (*(badge_of(engine, found, a, memory) for a in found.attributions), *failed)


def badge_of(engine: Engine, review: Review, attribution: Attribution, memory: Memory) -> Badge:
    """Delete and insert by the explanation's order and at random, ask another method, and look where the evidence lies."""
    parts = parts_of(engine, review, encode(engine, review.case, memory), attribution)
    several = len(parts.values) > 1
    trial = deletion_trial(parts.values, parts.score) if several else None
    agreement = rank_correlation(parts.values, parts.other()) if several else None
    inside = None if parts.organ is None else attribution.share_inside(parts.organ)
    colour, reasons = verdict(trial, agreement, inside, parts.other_method, parts.place)
    if abs(attribution.residual) > RESIDUAL_LIMIT:
        colour = AMBER if colour == GREEN else colour
        values = {"residual": f"{abs(attribution.residual):.3f}", "limit": RESIDUAL_LIMIT}
        reasons = (*reasons, Notice("badge_residual", values, attribution.modality.value))
    passes = (trial.forwards if trial else 0) + (parts.passes if several else 0)
    return Badge(
        attribution.modality, colour, reasons, attribution.method, parts.other_method, trial, agreement, inside, passes
    )  # fmt: skip


def verdict(
    trial: Trial | None,
    agreement: float | None,
    inside: float | None,
    other_method: str,
    place: str = "lungs",
) -> tuple[str, tuple[Notice, ...]]:
    """The worst colour that any test gives, and a sentence for each test that says so."""
    found = [_of_deletion(trial), *_of_agreement(agreement, other_method, trial), *_of_place(inside, place)]
    worst = max((colour for colour, _ in found), key=(GREEN, AMBER, GREY).index)
    return worst, tuple(
        notice for _, notice in sorted(found, key=lambda x: -(GREEN, AMBER, GREY).index(x[0]))
    )


def _of_deletion(trial: Trial | None) -> tuple[str, Notice]:
    if trial is None:
        return AMBER, Notice("badge_one_part")
    if trial.swing < SAYS_LITTLE:
        return AMBER, Notice("badge_says_little", {"limit": SAYS_LITTLE})
    values = {
        "gain": f"{abs(trial.deletion_gain):.2f}",
        "matched": round(trial.orders_no_better * len(trial.random_deletion)),
        "orders": len(trial.random_deletion),
    }
    if trial.deletion_gain <= 0:
        return GREY, Notice("badge_no_better_than_random", values)
    if trial.insertion_gain <= 0:
        return AMBER, Notice("badge_insertion_fails", values)
    return (GREEN if trial.orders_no_better == 1 else AMBER), Notice("badge_beats_random", values)


def _of_agreement(agreement: float | None, method: str, trial: Trial | None) -> list[tuple[str, Notice]]:
    if agreement is None or trial is None or trial.swing < SAYS_LITTLE:
        return []
    notice = Notice(
        "badge_methods_agree", {"method": method, "correlation": f"{agreement:.2f}".replace("-", "−")}
    )
    if agreement >= AGREE:
        return [(GREEN, notice)]
    code = "badge_methods_contradict" if agreement <= DISAGREE else "badge_methods_differ"
    return [(GREY if agreement <= DISAGREE else AMBER, Notice(code, notice.values))]


def _of_place(inside: float | None, place: str) -> list[tuple[str, Notice]]:
    if inside is None:
        return []
    colour = GREEN if inside >= INSIDE_GOOD else GREY if inside < INSIDE_FAILS else AMBER
    code = "badge_inside" if inside >= INSIDE_FAILS else "badge_outside"
    return [(colour, Notice(code, {"share": f"{100 * inside:.0f} %", "place": place}))]
