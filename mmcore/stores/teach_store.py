"""Teaching sessions in the database of the cases: which cases, who answered what, and the scores; tables of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

_tables = sql.MetaData()
_sessions = sql.Table(
    "teach_sessions",
    _tables,
    sql.Column("code", sql.String(16), primary_key=True),
    sql.Column("created", sql.DateTime(timezone=True), nullable=False),
    sql.Column("shared", sql.Boolean, nullable=False),
    sql.Column("cases", sql.JSON, nullable=False),
)
_answers = sql.Table(
    "teach_answers",
    _tables,
    sql.Column("code", sql.ForeignKey("teach_sessions.code"), primary_key=True),
    sql.Column("student", sql.String(16), primary_key=True),
    sql.Column("case_key", sql.String(64), primary_key=True),
    sql.Column("nickname", sql.String(40), nullable=False),
    sql.Column("made", sql.DateTime(timezone=True), nullable=False),
    sql.Column("answer", sql.JSON, nullable=False),
    sql.Column("scores", sql.JSON, nullable=False),
)


@dataclass(frozen=True)
class Session:
    """A row of cases to be answered, by one person or, if shared, by a class."""

    code: str
    cases: tuple[str, ...]
    shared: bool = False


@dataclass(frozen=True)
class Answer:
    """What a student committed. probabilities: label -> 0 to 1, None: would not answer from these inputs.

    rectangles: (top, left, bottom, right) in fractions of the picture, or of the twelve leads and ten seconds of an ECG; words: character ranges of the note; fields: names.
    """

    probabilities: Mapping[str, float] | None
    rectangles: Sequence[Sequence[float]] = ()
    words: Sequence[Sequence[int]] = ()
    fields: Sequence[str] = ()


class Judged(TypedDict):
    """An answer against the truth; brier and log are None where there is no answer or no truth to measure it by."""

    brier: float | None
    log: float | None
    right: bool


class Marked(TypedDict):
    """How a mark meets the model's evidence, see teaching.scores.Overlap."""

    evidence: float
    area: float
    iou: float | None


class Scores(TypedDict, total=False):
    """What is kept of an answer: the truth and the model's chances (label -> 0 to 1, None: not known, refused), who was judged how,
    and how the marks on the picture, in the note and among the values meet the evidence."""

    truth: Mapping[str, float] | None
    student: Judged | None
    model: Judged | None
    chances: Mapping[str, float] | None
    region: Marked | None
    words: Marked | None
    values: Marked | None


@dataclass(frozen=True)
class Stored:
    """A stored answer with its scores."""

    student: str
    nickname: str
    case_key: str
    answer: Answer
    scores: Scores = field(default_factory=Scores)


class TeachStore:
    """Teaching sessions behind the engine of a case store; its tables are made where they do not exist."""

    def __init__(self, engine: sql.Engine) -> None:
        self.engine = engine
        _tables.create_all(engine)

    def begin(self, session: Session) -> None:
        """Store a new session."""
        row = {"code": session.code, "shared": session.shared, "cases": list(session.cases)}
        with self.engine.begin() as connection:
            connection.execute(_sessions.insert().values(**row, created=datetime.now(UTC)))

    def session(self, code: str) -> Session | None:
        """The session of that code, None where there is none."""
        with self.engine.connect() as connection:
            row = connection.execute(sql.select(_sessions).where(_sessions.c.code == code)).mappings().first()
        return Session(row["code"], tuple(row["cases"]), row["shared"]) if row else None

    def answer(self, code: str, given: Stored) -> bool:
        """Store an answer; the first one of a student to a case counts: False where there is one already."""
        row = {"made": datetime.now(UTC), "answer": _plain(given.answer), "scores": dict(given.scores)}
        row |= {
            "code": code,
            "student": given.student,
            "nickname": given.nickname,
            "case_key": given.case_key,
        }
        try:
            with self.engine.begin() as connection:
                connection.execute(_answers.insert().values(**row))
        except IntegrityError:
            return False
        return True

    def rename(self, code: str, student: str, nickname: str) -> None:
        """Give all answers of a student another nickname."""
        mine = (_answers.c.code == code) & (_answers.c.student == student)
        with self.engine.begin() as connection:
            connection.execute(_answers.update().where(mine).values(nickname=nickname))

    def answers(self, code: str) -> tuple[Stored, ...]:
        """All answers of a session in the order in which they were given."""
        query = sql.select(_answers).where(_answers.c.code == code).order_by(_answers.c.made)
        with self.engine.connect() as connection:
            return tuple(
                Stored(r["student"], r["nickname"], r["case_key"], Answer(**r["answer"]), r["scores"])
                for r in connection.execute(query).mappings()
            )


def _plain(answer: Answer) -> dict[str, object]:
    chances = answer.probabilities
    return {
        "probabilities": None if chances is None else dict(chances),
        "rectangles": [list(r) for r in answer.rectangles],
        "words": [list(w) for w in answer.words],
        "fields": list(answer.fields),
    }
