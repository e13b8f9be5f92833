"""The command line: one JSON object on standard output with --json; monitor prints one a line as things change."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from mmcore.cli.gates import add_gates
from mmcore.cli.progress import Bars, bar
from mmcore.domain.errors import MmcoreError, PackError
from mmcore.words import tell

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no model hub at run time


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 on success, 2 with {"error": {code, message}} on an expected failure."""
    given = _parser().parse_args(arguments)
    try:
        result = given.run(given)
    except MmcoreError as error:
        print(json.dumps({"error": {"code": error.code, "message": tell(error)}}, ensure_ascii=False))
        return 2
    print(json.dumps(result, ensure_ascii=False, indent=None if given.json else 1))
    return 0


Run = Callable[[argparse.Namespace], Mapping[str, object]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mmcore", description="Threefold: evidence that adds up.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--json", action="store_true", help="print one compact JSON object")
        added.set_defaults(run=run)
        return added

    command("tasks", _tasks, "List the tasks with labels, modalities, fields and shipped model version.")
    predict = command("predict", _predict, "Predict one case and account for it.")
    predict.add_argument("--task", required=True)
    predict.add_argument("--image", action="append", default=[], metavar="FILE")
    predict.add_argument("--ecg", action="append", default=[], metavar="FILE")
    predict.add_argument("--note", action="append", default=[], metavar="FILE")
    predict.add_argument("--vitals", action="append", default=[], metavar="FILE")
    predict.add_argument("--prior", nargs="+", action="extend", default=[], metavar="LABEL=P")
    predict.add_argument("--accept-corrections", action="store_true")
    evaluate = command("evaluate", _evaluate, "Score the shipped model on patients it has not seen.")
    _on_data(evaluate)
    evaluate.add_argument("--bootstrap", type=int, default=1000, metavar="N")
    add_gates(command)
    _train_options(command("train", _train, "Train, calibrate and evaluate a model on a pack."))
    for name, run, text in (
        (
            "compare",
            _compare,
            "Fit other fusions on the shipped model's encodings and store how they compare.",
        ),
        ("card", _card, "Evaluate the shipped model anew and write its card."),
    ):
        _on_data(command(name, run, text))
    bench = command("bench", _bench, "Time the model and its explanations against the naive stack.")
    bench.add_argument("--task", required=True)
    bench.add_argument("--keep", action="store_true", help="put the figures on the shipped model's card")
    _add_faithfulness(command)
    _add_monitor(command)
    fooled = command(
        "fooled", _fooled, "Fit the lesson model of Teach, which reads a letter, on the shipped encoder."
    )
    fooled.add_argument("--out", type=Path, metavar="DIR", help="else beside the demonstration cases")
    fooled.add_argument("--films", type=int, metavar="N", help="drawn films that teach it, 6 or more")
    load = command(
        "import", _import, "Put the cases of a pack or of a folder of case folders into the worklist."
    )
    load.add_argument("folder", type=Path, metavar="DIR")
    load.add_argument("--task", default="chest_infection")
    load.add_argument("--most", type=int, default=200, help="import at most this many cases")
    return parser


def _train_options(train: argparse.ArgumentParser) -> None:
    """What training is told."""
    _on_data(train)
    train.add_argument("--out", required=True, type=Path, metavar="DIR")
    train.add_argument("--fusion", default="additive", choices=("additive", "concat", "gated", "attention"))
    train.add_argument(
        "--pretrain", type=Path, metavar="DIR", help="a pack of scans alone that joins the training"
    )
    also = "a further pack of the same layout that joins the training; may be given again"
    train.add_argument("--also", action="append", default=[], type=Path, metavar="DIR", help=also)
    train.add_argument("--image-encoder", metavar="NAME|PATH")
    train.add_argument("--text-encoder", metavar="NAME|PATH")
    train.add_argument("--image-steps", type=int, metavar="N", help="0 keeps the image encoder as loaded")
    train.add_argument("--text-epochs", type=int, metavar="N", help="0 keeps the text encoder as loaded")
    train.add_argument("--fold-steps", type=int, metavar="N", help="image steps within cross-validation")
    train.add_argument("--seed", type=int, metavar="N")
    train.add_argument("--no-cross-validation", action="store_true")


def _on_data(command: argparse.ArgumentParser) -> None:
    """What every command that reads a pack is told."""
    command.add_argument("--task", required=True)
    command.add_argument("--data", required=True, type=Path, metavar="DIR")


def _add_faithfulness(command: Callable[..., argparse.ArgumentParser]) -> None:
    believe = command(
        "faithfulness",
        _faithfulness,
        "Measure on patients not seen whether the explanations may be believed.",
    )
    _on_data(believe)
    believe.add_argument("--most", type=int, default=100, metavar="N", help="test at most N rows, by seed")
    believe.add_argument("--keep", action="store_true", help="write it beside the model's card")


def _add_monitor(command: Callable[..., argparse.ArgumentParser]) -> None:
    monitor = command("monitor", _monitor, "Watch stays whose measurements arrive as JSON lines.")
    monitor.add_argument("--task", help="else the first task of a stream")
    monitor.add_argument("--from", dest="source", required=True, metavar="FILE|-")
    monitor.add_argument("--threshold", type=float, metavar="P", help="of the alert; else the model's own")
    monitor.add_argument("--accept-corrections", action="store_true")


def _tasks(given: argparse.Namespace) -> Mapping[str, object]:
    from mmcore.stores.model_folders import shipped_version
    from mmcore.tasks import all_tasks

    return {
        "tasks": [
            {
                "name": task.name,
                "labels": list(task.labels),
                "exclusive": task.exclusive,
                "modalities": [m.value for m in task.modalities],
                "fields": [
                    {"name": f.name, "unit": f.unit, "range": list(f.plausible), "kind": f.kind}
                    for f in task.fields
                ],
                "model_version": shipped_version(task.name),
            }
            for task in all_tasks().values()
        ]
    }


def _predict(given: argparse.Namespace) -> Mapping[str, object]:
    files = {"scan": given.image, "ecg": given.ecg, "note": given.note, "vitals": given.vitals}
    if _is_stream(given.task):
        from mmcore.cli.stream import predict_stay

        return predict_stay(given.task, files, given.prior, given.accept_corrections)
    from mmcore.cli.predict import predict_files

    return predict_files(given.task, files, given.prior, given.accept_corrections)


def _evaluate(given: argparse.Namespace) -> Mapping[str, object]:
    _folder(given.data)
    if _is_stream(given.task):
        from mmcore.evaluation.stays import evaluate_stays
        from mmcore.stores.stream_store import load_stream

        return evaluate_stays(given.task, load_stream(given.task), given.data, given.bootstrap, bar)
    from mmcore.evaluation.evaluate import evaluate
    from mmcore.prediction.engine import load_engine

    return evaluate(load_engine(given.task), given.data, given.bootstrap, bar)


def _train(given: argparse.Namespace) -> Mapping[str, object]:
    _folder(given.data)
    if _is_stream(given.task):
        from mmcore.training.stream.train import train_stream

        with Bars() as progress:
            return train_stream(
                given.task, given.data, given.out, given.seed, not given.no_cross_validation, progress
            )
    from mmcore.training.train import train

    names = ("fusion", "image_encoder", "text_encoder", "image_steps", "text_epochs", "fold_steps", "seed")
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    with Bars() as progress:
        told = given.data, given.out, given.pretrain, chosen, not given.no_cross_validation
        return train(given.task, *told, progress, given.also)


def _compare(given: argparse.Namespace) -> Mapping[str, object]:
    if _is_stream(given.task):
        raise MmcoreError("nothing_to_join", task=given.task)
    from mmcore.prediction.engine import load_engine
    from mmcore.training.compare_fusions import compare

    _folder(given.data)
    with Bars() as progress:
        return compare(load_engine(given.task), given.data, progress)


def _card(given: argparse.Namespace) -> Mapping[str, object]:
    from mmcore.cards.write import refresh

    _folder(given.data)
    if _is_stream(given.task):
        from mmcore.evaluation.stays import evaluate_stays
        from mmcore.stores.stream_store import load_stream

        stored = load_stream(given.task)
        return refresh(stored.directory, evaluate_stays(given.task, stored, given.data, progress=bar))
    from mmcore.evaluation.evaluate import evaluate
    from mmcore.prediction.engine import load_engine

    engine = load_engine(given.task)
    return refresh(engine.stored.directory, evaluate(engine, given.data, progress=bar))


def _bench(given: argparse.Namespace) -> Mapping[str, object]:
    if _is_stream(given.task):
        from mmcore.evaluation.stream_speed import bench_stream

        return bench_stream(given.task)
    from mmcore.evaluation.speed import bench

    return bench(given.task, given.keep)


def _faithfulness(given: argparse.Namespace) -> Mapping[str, object]:
    from mmcore.evaluation import explanations as faithfulness
    from mmcore.prediction.engine import load_engine

    _folder(given.data)
    engine = load_engine(given.task)
    report = faithfulness.measure(engine, given.data, given.most, bar)
    if given.keep:
        faithfulness.write(report, engine.stored.directory)
    return report


def _monitor(given: argparse.Namespace) -> Mapping[str, object]:
    """Prints its lines as they come, and at the end how many readings of each stay were taken and set aside."""
    from mmcore.monitor.watch import as_text, open_watch, watch_lines
    from mmcore.tasks import stream_tasks

    watch = open_watch(given.task or next(iter(stream_tasks())), given.threshold, given.accept_corrections)
    with _opened(given.source) as lines:
        for line in watch_lines(watch, lines):
            print(as_text(line), flush=True)
    return {"stays": watch.summary()}


def _opened(source: str) -> AbstractContextManager[TextIO]:
    if source == "-":
        return nullcontext(sys.stdin)
    if not Path(source).is_file():
        raise PackError("no_such_file", name=Path(source).name)
    return Path(source).open(encoding="utf-8", errors="replace")


def _fooled(given: argparse.Namespace) -> Mapping[str, object]:
    from mmcore.teaching.letter_film import FILMS
    from mmcore.teaching.shortcut_model import FOLDER, fit_fooled

    return fit_fooled(given.out or FOLDER, bar, given.films or FILMS)


def _import(given: argparse.Namespace) -> Mapping[str, object]:
    from mmcore.cases.import_folder import import_folder
    from mmcore.cases.worklist import open_store

    _folder(given.folder)
    return import_folder(open_store(), given.folder, given.task, given.most)


def _is_stream(task_name: str) -> bool:
    from mmcore.domain.task import StreamTask
    from mmcore.tasks import get_task

    return isinstance(get_task(task_name), StreamTask)


def _folder(path: Path) -> None:
    if not path.is_dir():
        raise PackError("no_such_folder", directory=path.name)
