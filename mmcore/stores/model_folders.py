"""Where trained models lie on disk, which version is the newest, and whether their files are as they were released."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from mmcore.domain.errors import ModelFileError, ModelNotTrainedError
from mmcore.paths import settings

DIGESTS = "digests.json"
REPORTS = (
    "card.json",
    "fusions.json",
    "faithfulness.json",
    "bench.json",
    "report.json",
)  # what was measured; decides no prediction


def model_directory(task: str) -> Path:
    """The newest version's folder of a task. Raises ModelNotTrainedError where there is none."""
    directory = newest(settings().models / task, "config.json")
    if directory is None:
        raise ModelNotTrainedError("model_not_trained", task=task)
    return directory


def newest(folder: Path, described_by: str) -> Path | None:
    """The sub-folder with the highest version number that holds the file `described_by`; None where there is none."""
    return max((p.parent for p in folder.glob(f"*/{described_by}")), key=by_version, default=None)


def by_version(directory: Path) -> tuple[int, ...]:
    """The version that a folder is named after as numbers, to order by: 1.10.0 after 1.9.0; a part that is none counts 0."""
    return tuple(int(n) if n.isdigit() else 0 for n in directory.name.split("."))


def shipped_version(task: str) -> str | None:
    """The newest version's name, or None where the task has no trained model."""
    try:
        return model_directory(task).name
    except ModelNotTrainedError:
        return None


def next_version(task: str) -> str:
    """What a newly trained model of a task is called: the shipped version with the next middle number, else 1.0.0."""
    shipped = shipped_version(task)
    if shipped is None:
        return "1.0.0"
    first, middle, _ = shipped.split(".")
    return f"{first}.{int(middle) + 1}.0"


def write_digests(directory: Path) -> None:
    """Record the SHA-256 of every file of a model folder that decides a prediction."""
    names = sorted(
        p.name
        for p in directory.iterdir()
        if p.suffix in (".safetensors", ".txt") or p.name.endswith(".json")
    )
    digests = {name: _sha256(directory / name) for name in names if name not in (DIGESTS, *REPORTS)}
    (directory / DIGESTS).write_text(json.dumps(digests, indent=1) + "\n")


def verified_digests(directory: Path, needed: Collection[str] = ()) -> dict[str, str]:
    """file -> SHA-256 of a model folder, each checked. Raises ModelFileError on a file altered, missing or not listed."""
    try:
        digests = json.loads((directory / DIGESTS).read_text())
    except (OSError, ValueError) as error:
        raise ModelFileError("model_digests_unreadable", version=directory.name) from error
    if not isinstance(digests, dict) or not set(needed) <= set(digests):
        raise ModelFileError("model_digests_unreadable", version=directory.name)
    for name, expected in digests.items():
        path = directory / name
        if not path.is_file() or _sha256(path) != expected:
            raise ModelFileError("model_file_altered", name=name, version=directory.name)
    return digests


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
