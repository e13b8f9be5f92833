"""Model cards: the figures of every shipped model give, byte for byte, the card that is shipped with it."""

import json
import shutil
from pathlib import Path

import pytest

from mmcore.cards.write import write_card
from mmcore.paths import MODELS

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
