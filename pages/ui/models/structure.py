"""Structure and parameters of a model as a picture that unfolds: from each input through its encoder to the sum."""

from mmcore.cards.read import Card
from mmcore.cards.structure import Structure
from pages.ui.shell.template import show
from pages.ui.shell.text import capital, listed, t


def draw(card: Card) -> None:
    """The picture of a model that has one: branches one under the other, each input, encoder, head and evidence in a row; on the
    right the sum and what follows."""
    if card.structure is None:
        return
    squash = t(f"screen.models.structure.{'softmax' if card.structure.exclusive else 'sigmoid'}")
    show(
        "models/structure",
        structure=card.structure,
        squash=capital(squash),
        beside=_beside(card.structure),
        alternative=_alternative(card.structure, squash),
    )


def _beside(structure: Structure) -> str:
    """Other weights in the folder, in words."""
    names = [
        t("screen.models.structure.beside_one", name=t(f"screen.models.structure.part.{n}"), count=f"{c:,}")
        for n, c in structure.beside.items()
    ]
    return t("screen.models.structure.beside", names=listed(names)) if names else ""


def _alternative(structure: Structure, squash: str) -> str:
    """The picture in words, for who cannot see it."""
    told = listed(
        t("screen.models.structure.alt_branch", modality=b.modality, parameters=f"{b.parameters:,}")
        for b in structure.branches
    )
    return t("screen.models.structure.alt", branches=capital(told), squash=squash)
