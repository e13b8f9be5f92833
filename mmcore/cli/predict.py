"""Predicting from files named on the command line: the same intake and review as on the screen, as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmcore.cases.companion import second_case
from mmcore.cases.merge import UploadItem
from mmcore.cases.upload import UploadFile, read_upload
from mmcore.cli.priors import stated_priors
from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.memory import Memory
from mmcore.domain.model_facts import Json
from mmcore.domain.notice import Notice
from mmcore.domain.prediction import Attribution, Prediction
from mmcore.domain.task import CaseTask, Modality
from mmcore.explain.review import review
from mmcore.intake.ct.scan import Place
from mmcore.intake.ecg.recording import signal_files
from mmcore.prediction.engine import load_engine
from mmcore.words import tell

GIVEN_FOR = {
    "scan": Modality.IMAGE,
    "ecg": Modality.WAVEFORM,
    "note": Modality.TEXT,
    "vitals": Modality.CLINICAL,
}


def predict_files(
    task_name: str, files: Mapping[str, Sequence[str]], priors: Sequence[str], accept_corrections: bool
) -> dict[str, Json]:
    """The contract's `predict`. A file that cannot be used takes its modality away, with a warning.

    Raises NothingToPredictError where nothing is left, OutOfRangeError or UnknownFieldError for a bad --prior.
    """
    engine = load_engine(task_name)
    uploads, missing = _opened(files, engine.task)
    memory: Memory = {}
    upload = read_upload(uploads, engine.task, accept_corrections=accept_corrections, memory=memory)
    prior = stated_priors(priors, engine.task)
    warnings = [*missing, *upload.case.refused, *_doubtful(upload.case, upload.items)]
    try:
        found = review(engine, upload.case, prior=prior, memory=memory)
    except NothingToPredictError as error:
        told = [*warnings, *(n for n in error.values.get("reasons", ()) if n not in warnings)]
        reasons = " ".join(tell(n) for n in told or [Notice("nothing_given")])
        raise NothingToPredictError("nothing_to_predict", reasons=reasons) from error
    warnings += [n for n in found.prediction.notices if n not in warnings] + list(found.failed)
    warnings += [Notice("set_keeps_its_prior")] if prior else []
    return as_json(found.prediction, found.attributions, warnings) | _second(engine.task, upload.case)


def _second(task: CaseTask, case: Case) -> dict[str, Json]:
    """The companion's answer to the case's second question, apart from the first; {} where it was not asked."""
    asked = second_case(task, case)
    if asked is None:
        return {}
    try:
        found = review(load_engine(asked.task), asked)
    except NothingToPredictError as error:
        return {
            "second_question": {"task": asked.task, "error": {"code": error.code, "message": tell(error)}}
        }
    return {"second_question": as_json(found.prediction, found.attributions, found.prediction.notices)}


def as_json(
    prediction: Prediction, attributions: Sequence[Attribution], warnings: Sequence[Notice]
) -> dict[str, Json]:
    """A prediction with its account, in the form of the contract."""
    contrast = prediction.contrast
    return {
        "task": prediction.task,
        "labels": list(prediction.labels),
        "probabilities": dict(prediction.probabilities),
        "prior_logits": dict(prediction.prior_logits),
        "evidence": {m.value: dict(e) if e is not None else None for m, e in prediction.evidence.items()},
        "contrast": {"for": contrast.label, "against": contrast.against, "total": prediction.total},
        "attributions": [
            {
                "modality": a.modality.value,
                "method": a.method,
                "total": a.total,
                "constant": a.constant,
                "sum": a.sum,
                "residual": a.residual,
            }
            for a in attributions
        ],
        "prediction_set": list(prediction.prediction_set),
        "warnings": [{"code": n.code, "message": tell(n)} for n in warnings],
        "model": {"version": prediction.model_version, "sha256": prediction.model_sha256},
    }


def _opened(files: Mapping[str, Sequence[str]], task: CaseTask) -> tuple[list[UploadFile], list[Notice]]:
    opened, missing = [], []
    for kind, paths in files.items():
        for path in paths:
            if GIVEN_FOR[kind] not in task.accepted:
                missing.append(Notice("modality_not_asked", {}, GIVEN_FOR[kind].value))
                continue
            name, place = _placed(path) if task.wants_volume and kind == "scan" else (path, None)
            if not Path(name).is_file():
                missing.append(Notice("file_not_found", {}, GIVEN_FOR[kind].value))
            else:
                opened.append(UploadFile(Path(name).name, Path(name).read_bytes(), kind, place))
                if kind == "ecg":
                    opened += _signals_beside(Path(name))
    return opened, missing


def _placed(path: str) -> tuple[str, Place | None]:
    """FILE@row,column[,slice] as the file and the place of the nodule; FILE alone has none."""
    name, at, written = path.rpartition("@")
    numbers = written.split(",")
    if not at or len(numbers) not in (2, 3) or Path(path).is_file():
        return path, None
    try:
        return name, (float(numbers[0]), float(numbers[1]), int(numbers[2]) if len(numbers) == 3 else None)
    except ValueError:
        return path, None


def _signals_beside(header: Path) -> list[UploadFile]:
    """The signal file that lies beside a WFDB header."""
    found = [header.with_name(Path(name).name) for name in signal_files([header.read_bytes()])]
    return [UploadFile(path.name, path.read_bytes(), "ecg") for path in found if path.is_file()]


def _doubtful(case: Case, items: Sequence[UploadItem]) -> list[Notice]:
    """What was noticed while reading, corrections that wait for consent among it; each once."""
    told = [n for item in items for n in (*item.notices, *item.corrections) if n not in case.refused]
    of_case = [n for given in (case.scan, case.waveform) if given is not None for n in given.notices]
    return [*told, *(n for n in of_case if n not in told)]
