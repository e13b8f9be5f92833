"""Teach: a case without its answer, the student's answer beside the model's and the truth, and the scores of a session."""

import json
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mmcore.cases.demonstrations import read_demonstration
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.memory import Memory
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution
from mmcore.domain.review import Review
from mmcore.domain.task import CaseTask, Modality
from mmcore.domain.worklist import CaseSummary
from mmcore.paths import DEMONSTRATIONS
from mmcore.preprocess.note_kind import orders_in
from mmcore.preprocess.text import clean, mask_leaks
from mmcore.stores.case_store import CaseStore
from mmcore.stores.teach_store import Answer, Judged, Marked, Scores, Session, Stored, TeachStore
from mmcore.tasks import case_task
from mmcore.teaching import scores as teaching

if TYPE_CHECKING:
    from mmcore.prediction.engine import Engine

LESSONS = DEMONSTRATIONS / "teach" / "cases"
_SHIPPED_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIRST = (
    "demo-003",
    "demo-005",
    "lesson-belly",
    "demo-001",
    "lesson-letter",
    "demo-006",
    "demo-007",
    "demo-004",
    "heart-004",
)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is mixed up when read aloud

__all__ = ["Answer", "Judged", "Session", "Stored", "TeachStore"]


@dataclass(frozen=True)
class Read:
    """What the model of a lesson says: its review, None where it refuses with `refusal`; shipped: beside a lesson model's."""

    review: Review | None
    refusal: Notice | None = None
    shipped: Review | None = None


def teach_store(store: CaseStore) -> TeachStore:
    """The teaching sessions in the database of the cases."""
    return TeachStore(store.engine)


def new_code(length: int = 6) -> str:
    """A code that can be read aloud and guessed by nobody."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def begin(store: CaseStore, cases: Sequence[str] = (), *, shared: bool = False) -> Session:
    """A new session over these cases, else over the lessons and the demonstration cases."""
    session = Session(new_code(), tuple(cases) or FIRST, shared)
    teach_store(store).begin(session)
    return session


def open_case(store: CaseStore, key: str) -> tuple[CaseSummary, Case]:
    """A stored case, a lesson or a shipped demonstration case. Raises CaseNotFoundError."""
    folder = shipped_folder(key)
    if folder is None:
        return store.summary(key), store.load(key)
    story = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    taken = date.fromisoformat(story["taken"])
    summary = CaseSummary(key, story["task"], "", datetime.now(UTC), taken, "new", story, None, None, ())
    return summary, read_demonstration(folder, case_task(story["task"]))


def shipped_folder(key: str) -> Path | None:
    """Where a lesson or a demonstration case of any task lies; None for every other key, a path among them: keys come from
    addresses."""
    if not _SHIPPED_KEY.fullmatch(key):
        return None
    places = (LESSONS / key, *(folder / key for folder in sorted(DEMONSTRATIONS.iterdir())))
    return next((place for place in places if (place / "case.json").is_file()), None)


def truth_of(story: Mapping[str, object], task: CaseTask) -> dict[str, float] | None:
    """label -> 1 or 0 from a story's truth: one label, a list of them, or label -> 0 or 1; None where it is not known."""
    truth = story.get("truth")
    if isinstance(truth, Mapping):
        return {k: float(truth[k]) for k in task.labels} if set(task.labels) <= set(truth) else None
    present = [truth] if isinstance(truth, str) else truth
    return {k: float(k in present) for k in task.labels} if isinstance(present, Collection) else None


@dataclass(frozen=True)
class Question:
    """A note as the student reads it before the reveal: its text, and the (start, end, category) of what is hidden in it."""

    text: str
    masked: tuple[tuple[int, int, str], ...]


def question_of(task: CaseTask, case: Case) -> Question | None:
    """The note of a case with what names the diagnosis hidden, as the model reads it; None without a note."""
    if not case.note:
        return None
    text = clean(case.note)
    spans = mask_leaks(text, task.leak_terms, orders_in(text)).spans
    return Question(text, tuple((s.start, s.end, s.category) for s in spans))


def is_fooled(story: Mapping[str, object]) -> bool:
    """Whether a case is answered by the lesson model."""
    return story.get("model") == "fooled"


def read(engine: "Engine", summary: CaseSummary, case: Case, memory: Memory) -> Read:
    """The review of a case by the model that its lesson asks for; a refusal is an answer too. Raises ModelFileError."""
    from mmcore.explain.review import review
    from mmcore.teaching import shortcut_model

    try:
        shipped = review(engine, case, memory=memory, tokens="token_activations")
    except NothingToPredictError as error:
        return Read(None, Notice(error.code, error.values))
    if is_fooled(summary.story):
        return Read(
            shortcut_model.read_fooled(engine, shortcut_model.load_fooled(engine), case, shipped),
            None,
            shipped,
        )
    return Read(shipped)


def score(answer: Answer, seen: Read, story: Mapping[str, object], task: CaseTask) -> Scores:
    """Student and model against the truth, and the student's marks against the model's evidence.

    A case whose story says `answerable: false` is answered rightly by refusing it.
    """
    truth = truth_of(story, task)
    answerable = bool(story.get("answerable", True))
    chances = None if seen.review is None else dict(seen.review.prediction.probabilities)
    overlaps = _overlaps(answer, seen.review)
    return Scores(
        truth=truth,
        student=_judged(answer.probabilities, truth, answerable, task),
        model=_judged(chances, truth, answerable, task),
        chances=chances,
        region=_marked(overlaps["region"]),
        words=_marked(overlaps["words"]),
        values=_marked(overlaps["values"]),
    )


def _marked(overlap: teaching.Overlap | None) -> Marked | None:
    """An overlap as it is stored."""
    if overlap is None:
        return None
    return Marked(evidence=overlap.evidence, area=overlap.area, iou=overlap.iou)


def _judged(
    chances: Mapping[str, float] | None, truth: Mapping[str, float] | None, answerable: bool, task: CaseTask
) -> Judged | None:
    """An answer, the student's or the model's, None where it was refused; None where it cannot be judged."""
    if chances is None:
        return Judged(brier=None, log=None, right=not answerable)
    if truth is None:
        return None if answerable else Judged(brier=None, log=None, right=False)
    asked = [chances[k] for k in task.labels], [truth[k] for k in task.labels], task.exclusive
    return Judged(
        brier=teaching.brier(*asked), log=teaching.log_score(*asked), right=teaching.is_right(*asked)
    )


def _overlaps(answer: Answer, review: Review | None) -> dict[str, teaching.Overlap | None]:
    """How what the student marked on the picture, in the note and among the values meets the model's evidence."""
    found: dict[str, teaching.Overlap | None] = {"region": None, "words": None, "values": None}
    if review is None:
        return found
    for a in review.attributions:
        if a.modality == Modality.TEXT:
            found["words"] = _of_words(a, answer.words)
        elif a.modality == Modality.CLINICAL:
            found["values"] = _of_fields(a, answer.fields, review.case.values)
        else:
            found["region"] = teaching.region_overlap(a.values, a.region, answer.rectangles)
    return found


def _of_words(attribution: Attribution, words: Sequence[Sequence[int]]) -> teaching.Overlap | None:
    """A token is chosen where it begins in a chosen word; special tokens can be chosen by nobody."""
    tokens = [
        (value, part[0])
        for value, part in zip(attribution.values, attribution.parts, strict=True)
        if isinstance(part, tuple) and part
    ]
    chosen = [any(s <= start < e for s, e in words) for _, start in tokens]
    return teaching.part_overlap([value for value, _ in tokens], chosen)


def _of_fields(
    attribution: Attribution, fields: Sequence[str], given: Mapping[str, float]
) -> teaching.Overlap | None:
    """Of the fields that the case has a value for."""
    there = [
        (v, name) for v, name in zip(attribution.values, attribution.parts, strict=True) if name in given
    ]
    return teaching.part_overlap([v for v, _ in there], [name in fields for _, name in there])


def commit(store: CaseStore, session: Session, given: Stored) -> bool:
    """Store an answer with its scores; False where this student had answered the case before."""
    return teach_store(store).answer(session.code, given)


def calibration(answers: Collection[Stored], whose: str = "student") -> list[dict[str, float]]:
    """The reliability rows of what was stated for each label of each case whose truth is known; whose: student or model."""
    stated: list[float] = []
    happened: list[float] = []
    for given in answers:
        chances = given.answer.probabilities if whose == "student" else given.scores.get("chances")
        truth = given.scores.get("truth")
        if chances and truth:
            stated += [chances[k] for k in truth]
            happened += truth.values()
    return teaching.reliability_rows(stated, happened) if stated else []


@dataclass(frozen=True)
class Standing:
    """One student of a session: answered cases, right ones of those that can be judged, means over cases; None: none yet."""

    student: str
    nickname: str
    answered: int
    judged: int
    right: int
    brier: float | None
    model_brier: float | None
    log: float | None
    inside: float | None
    area: float | None


def standings(answers: Collection[Stored]) -> list[Standing]:
    """One row a student, best mean Brier score first."""
    students = dict.fromkeys(a.student for a in answers)
    rows = [_standing([a for a in answers if a.student == student]) for student in students]
    return sorted(rows, key=lambda r: (r.brier is None, r.brier or 0.0))


def _standing(mine: Sequence[Stored]) -> Standing:
    """All answers of one student."""
    judged = [j for a in mine if (j := a.scores.get("student"))]
    inside, area = _marking(mine)
    return Standing(
        student=mine[-1].student,
        nickname=mine[-1].nickname,
        answered=len(mine),
        judged=len(judged),
        right=sum(j["right"] for j in judged),
        brier=_mean(j["brier"] for j in judged),
        model_brier=_model_brier(mine),
        log=_mean(j["log"] for j in judged),
        inside=inside,
        area=area,
    )


def _model_brier(mine: Sequence[Stored]) -> float | None:
    """Of the model, over the cases in which the student has a Brier score too."""
    pairs = [(_brier(a.scores.get("student")), _brier(a.scores.get("model"))) for a in mine]
    return _mean(model for student, model in pairs if student is not None)


def _brier(judged: Judged | None) -> float | None:
    return judged["brier"] if judged else None


def _marking(mine: Sequence[Stored]) -> tuple[float | None, float | None]:
    """Mean share of the evidence inside what the student marked, and of the picture that was marked."""
    marks = [m for a in mine if (m := a.scores.get("region"))]
    return _mean(m["evidence"] for m in marks), _mean(m["area"] for m in marks)


def _mean(values: Iterable[float | None]) -> float | None:
    """Of those that are known."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
