"""Teach: a case without its answer, the student's answer beside the model's and the truth, and the scores of a session."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mmcore.cases.demonstrations import read_demonstration
from mmcore.domain.case import Case, Notice
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.task import Task
from mmcore.domain.worklist import CaseSummary
from mmcore.paths import DEMONSTRATIONS
from mmcore.preprocess.note_kind import orders_in
from mmcore.preprocess.text import clean, mask_leaks
from mmcore.stores.case_store import CaseStore
from mmcore.stores.teach_store import Answer, Session, Stored, TeachStore
from mmcore.tasks import get_task
from mmcore.teaching import scores as teaching

LESSONS = DEMONSTRATIONS / "teach" / "cases"
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

__all__ = ["Answer", "Session", "Stored", "TeachStore"]


@dataclass(frozen=True)
class Read:
    """What the model of a lesson says: its review, None where it refuses with `refusal`; shipped: beside a lesson model's."""

    review: Any
    refusal: Notice | None = None
    shipped: Any = None


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
    folder = _shipped().get(key)
    if folder is None:
        return store.summary(key), store.load(key)
    story = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    taken = date.fromisoformat(story["taken"])
    summary = CaseSummary(key, story["task"], "", datetime.now(UTC), taken, "new", story, None, None, ())
    return summary, read_demonstration(folder, get_task(story["task"]))


def _shipped() -> dict[str, Path]:
    """Key -> folder of every lesson and demonstration case. Looked up by name: no path is made of a key that a link brought."""
    described = (*DEMONSTRATIONS.glob("*/*/case.json"), *LESSONS.glob("*/case.json"))
    return {path.parent.name: path.parent for path in described}


def truth_of(story: Mapping[str, object], task: Task) -> dict[str, float] | None:
    """label -> 1 or 0 from a story's truth: one label, a list of them, or label -> 0 or 1; None where it is not known."""
    truth = story.get("truth")
    if truth is None:
        return None
    if isinstance(truth, Mapping):
        return {k: float(truth[k]) for k in task.labels} if set(task.labels) <= set(truth) else None
    present = {truth} if isinstance(truth, str) else set(truth)
    return {k: float(k in present) for k in task.labels}


@dataclass(frozen=True)
class Question:
    """A note as the student reads it before the reveal: its text, and the (start, end, category) of what is hidden in it."""

    text: str
    masked: tuple[tuple[int, int, str], ...]


def question_of(task: Task, case: Case) -> Question | None:
    """The note of a case with what names the diagnosis hidden, as the model reads it; None without a note."""
    if not case.note:
        return None
    text = clean(case.note)
    spans = mask_leaks(text, task.leak_terms, orders_in(text)).spans
    return Question(text, tuple((s.start, s.end, s.category) for s in spans))


def is_fooled(story: dict) -> bool:
    """Whether a case is answered by the lesson model."""
    return story.get("model") == "fooled"


def read(engine, summary: CaseSummary, case: Case, memory: dict) -> Read:
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


def score(answer: Answer, seen: Read, story: Mapping[str, object], task: Task) -> dict[str, object]:
    """student, model: {brier, log, right}, None where unknown; region, words, values: Overlap or None; chances of the model.

    A case whose story says `answerable: false` is answered rightly by refusing it.
    """
    truth = truth_of(story, task)
    answerable = story.get("answerable", True)
    chances = None if seen.review is None else dict(seen.review.prediction.probabilities)
    found = {m: o and asdict(o) for m, o in _overlaps(answer, seen.review).items()}
    return {
        "truth": truth,
        "student": _judged(answer.probabilities, truth, answerable, task),
        "model": _judged(chances, truth, answerable, task),
        "chances": chances,
        **found,
    }


def _judged(chances, truth, answerable: bool, task: Task) -> dict | None:
    if chances is None:
        return {"brier": None, "log": None, "right": not answerable}
    if truth is None:
        return None if answerable else {"brier": None, "log": None, "right": False}
    p, y = [chances[k] for k in task.labels], [truth[k] for k in task.labels]
    if task.exclusive:
        right = p.count(max(p)) == 1 and y[p.index(max(p))] == 1
    else:
        right = all((a >= 0.5) == (b == 1) for a, b in zip(p, y, strict=True))
    values = (f(p, y, task.exclusive) for f in (teaching.brier, teaching.log_score))
    return dict(zip(("brier", "log"), values, strict=True)) | {"right": right}


def _overlaps(answer: Answer, review) -> dict[str, teaching.Overlap | None]:
    found: dict[str, teaching.Overlap | None] = {"region": None, "words": None, "values": None}
    for a in review.attributions if review else ():
        if a.modality in ("image", "waveform"):
            found["region"] = teaching.region_overlap(a.values, a.region, answer.rectangles)
        elif a.modality == "text":
            tokens = [(v, p) for v, p in zip(a.values, a.parts, strict=True) if len(p) == 2]
            chosen = [any(s <= p[0] < e for s, e in answer.words) for _, p in tokens]
            found["words"] = teaching.part_overlap([v for v, _ in tokens], chosen)
        elif a.modality == "clinical":
            given = [
                (v, name) for v, name in zip(a.values, a.parts, strict=True) if name in review.case.values
            ]
            chosen = [name in answer.fields for _, name in given]
            found["values"] = teaching.part_overlap([v for v, _ in given], chosen)
    return found


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
    rows = []
    for student in dict.fromkeys(a.student for a in answers):
        mine = [a for a in answers if a.student == student]
        judged = [a.scores["student"] for a in mine if a.scores.get("student")]
        both = [
            a.scores
            for a in mine
            if (a.scores.get("student") or {}).get("brier") is not None
            and (a.scores.get("model") or {}).get("brier") is not None
        ]
        marks = [a.scores["region"] for a in mine if a.scores.get("region")]
        rows.append(
            Standing(
                student,
                mine[-1].nickname,
                len(mine),
                len(judged),
                sum(bool(j["right"]) for j in judged),
                _mean([j["brier"] for j in judged if j["brier"] is not None]),
                _mean([s["model"]["brier"] for s in both]),
                _mean([j["log"] for j in judged if j["log"] is not None]),
                _mean([m["evidence"] for m in marks]),
                _mean([m["area"] for m in marks]),
            )
        )
    return sorted(rows, key=lambda r: (r.brier is None, r.brier or 0.0))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
