"""Model cards: the figures of every shipped model give, byte for byte, the card that is shipped with it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmcore.cards.write import write_card
from mmcore.paths import MODELS, ROOT

SHIPPED = sorted(path.parent for path in MODELS.glob("*/*/card.json"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.parent.name)
def test_the_card_of_a_shipped_model_is_its_figures_told_again(folder: Path, tmp_path: Path) -> None:
    for measured in ("faithfulness.json", "bench.json"):
        if (folder / measured).is_file():
            shutil.copy(folder / measured, tmp_path)
    write_card(tmp_path, json.loads((folder / "card.json").read_text(encoding="utf-8")))
    for written in ("card.json", "model_card.md"):
        assert (tmp_path / written).read_bytes() == (folder / written).read_bytes(), written


def test_every_shipped_model_has_a_card() -> None:
    assert SHIPPED == sorted(path.parent for path in MODELS.glob("*/*/config.json"))


def test_a_model_s_structure_is_read_without_torch() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys; from mmcore.cards.structure import read_structure as r; "
         f"from pathlib import Path; r(Path({str(SHIPPED[0])!r})).parameters; print('torch' in sys.modules)"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert told.stdout == "False\n"
