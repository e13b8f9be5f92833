"""Model cards that travel with the shipped models."""

from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parents[2] / "assets" / "models"


@dataclass(frozen=True)
class Card:
    """What a model is for and how it did, as Markdown; "" where the model has none."""

    task: str
    version: str
    text: str


def all_cards(folder: Path = MODELS) -> tuple[Card, ...]:
    """The card of every shipped model, newest version of each task first."""
    models = sorted((p.parent for p in folder.glob("*/*/config.json")), key=_order)
    return tuple(Card(m.parent.name, m.name, _text(m / "model_card.md")) for m in models)


def _order(model: Path) -> tuple[str, list[int]]:
    return model.parent.name, [-int(part) if part.isdigit() else 0 for part in model.name.split(".")]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
