"""The command that measures the gates of a task's scans or ECGs, and fits the learned ones."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from mmcore.cli.progress import Bars, bar
from mmcore.domain.errors import PackError


def add_gates(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `gates` to the commands."""
    gates = command("gates", _gates, "Measure what the gates of a task catch and what they doubt wrongly.")
    gates.add_argument("--task", required=True)
    gates.add_argument("--data", required=True, type=Path, action="append", metavar="DIR")
    gates.add_argument(
        "--foreign", type=Path, metavar="DIR", help="pictures that are not asked for: KIND/SOURCE/*.png"
    )
    gates.add_argument(
        "--fit", type=Path, metavar="DIR", help="train the gate of scans and store it there instead"
    )
    gates.add_argument(
        "--keep",
        action="store_true",
        help="store with the model what its training ECGs measured, then measure",
    )
    gates.add_argument("--version", default="1.0.0", help="name of the stored gate")


def _gates(given: argparse.Namespace) -> Mapping[str, object]:
    for folder in (*given.data, *([given.foreign] if given.foreign else [])):
        if not folder.is_dir():
            raise PackError("no_such_folder", directory=folder.name)
    if given.fit:
        from mmcore.tasks import case_task
        from mmcore.training.gates.train import train_gate

        with Bars() as progress:
            task = case_task(given.task)
            return train_gate(task, given.data, given.foreign, given.fit, given.version, progress)
    from mmcore.prediction.engine import load_engine

    engine = load_engine(given.task)
    if engine.stored.model.waveform_encoder is not None:
        from mmcore.evaluation.ecg_gate import keep_ecg_gate, measure_ecg_gate

        with Bars() as progress:
            if given.keep:
                keep_ecg_gate(engine, given.data[0], progress)
            return measure_ecg_gate(load_engine(given.task), given.data[0], progress)
    from mmcore.evaluation.scan_gates import measure_gates

    return measure_gates(engine, given.data, given.foreign, bar)
