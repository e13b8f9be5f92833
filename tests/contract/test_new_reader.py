"""Adding an input format is adding one file: a throw-away one is recognised, read in the child process and becomes a case."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mmcore.intake.readers
from mmcore.cases.upload import read_upload
from mmcore.domain.scan import Film
from mmcore.intake import sandbox
from mmcore.paths import ROOT
from mmcore.tasks import get_task
from tests.intake_files import chest

READER_FILE = '''"""Portable grey maps, a throw-away format."""
import numpy as np
from mmcore.domain.errors import UnreadableFileError
from mmcore.intake.file import Reader

def can_read(file, task):
    return file.data.startswith(b"P5 ")

def read(data, salt):
    _, width, height, most, pixels = data.split(b" ", 4)
    if len(pixels) != int(width) * int(height):
        raise UnreadableFileError("file_damaged")
    grey = np.frombuffer(pixels, np.uint8).reshape(int(height), int(width)) / np.float32(int(most))
    return {"shape": grey.shape}, grey.astype("<f4").tobytes()

READER = Reader("grey_map", "scan", can_read, read, claims=("pgm",))
'''
TASK = get_task("chest_infection")
PIXELS = chest(200)
GREY_MAP = b"P5 200 200 255 " + PIXELS.tobytes()


@pytest.fixture
def _one_more_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file in a copy of the code, which the child process reads by, and in the list of this process."""
    shutil.copytree(ROOT / "mmcore", tmp_path / "mmcore", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "more").mkdir()
    for folder in (tmp_path / "mmcore" / "intake" / "readers", tmp_path / "more"):
        (folder / "grey_map.py").write_text(READER_FILE)
    monkeypatch.setattr(sandbox, "ROOT", tmp_path)
    more = [*mmcore.intake.readers.__path__, str(tmp_path / "more")]
    monkeypatch.setattr(mmcore.intake.readers, "__path__", more)
    mmcore.intake.readers.readers.cache_clear()
    yield
    mmcore.intake.readers.readers.cache_clear()


@pytest.mark.usefixtures("_one_more_format")
def test_a_format_of_one_file_is_read_into_a_case_beside_the_others() -> None:
    made = read_upload([("a", GREY_MAP), ("b", b"age,sex\n65,M")], TASK)
    assert [item.recognised_as for item in made.items] == ["scan", "vitals"]
    assert isinstance(made.case.scan, Film)
    assert np.array_equal(made.case.scan.pixels, PIXELS / np.float32(255))
    assert made.case.values == {"age_years": 65, "sex": 1}


@pytest.mark.usefixtures("_one_more_format")
def test_a_damaged_file_of_a_new_format_is_refused_in_words_and_its_name_alone_does_not_make_it_one() -> None:
    torn, named = read_upload([("a", GREY_MAP[:-1]), ("b.pgm", b"Fever and cough.")], TASK).items
    assert (torn.recognised_as, torn.refused and torn.refused.code) == ("scan", "file_damaged")
    assert (named.recognised_as, named.refused and named.refused.code) == ("scan", "scan_is_text")


def test_without_that_file_nothing_knows_the_format() -> None:
    item = read_upload([("a.pgm", GREY_MAP)], TASK).items[0]
    assert (item.recognised_as, item.used) == ("unknown", False)


def test_every_format_is_named_as_its_file_and_gives_what_a_case_takes() -> None:
    every = mmcore.intake.readers.readers()
    files = {path.stem for path in Path(mmcore.intake.readers.__path__[0]).glob("[!_]*.py")}
    assert {r.name for r in every} == files
    assert {r.gives for r in every} == {"scan", "ecg", "note", "vitals"}
    assert [r.name for r in every if r.last] == ["text"]
