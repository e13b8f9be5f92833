"""Structure and parameters of a model as a picture that unfolds: from each input through its encoder to the sum."""

from html import escape

import streamlit as st

from pages.ui.models.words import capital, part, quiet
from pages.ui.shell.text import listed, signed, t


def draw(card) -> None:
    """The picture of a model that has one."""
    st.html(part("screen.models.structure.title") + picture(card.structure))


def picture(structure) -> str:
    """Branches one under the other, each input, encoder, head and evidence in a row; on the right the sum and what follows."""
    squash = t(f"screen.models.structure.{'softmax' if structure.exclusive else 'sigmoid'}")
    branches = "".join(_branch(b, structure.fusion == "additive") for b in structure.branches)
    prior = "".join(
        f"<li>{escape(capital(t(f'label.{k}')))} <b>{signed(v)}</b></li>" for k, v in structure.prior.items()
    )
    joint = ""
    if structure.joint:
        joint = f'<div class="box"><span>{escape(t("screen.models.structure.joint"))}</span>{_layers(structure.joint)}</div>'
    final = (
        f'<div class="final">{joint}<div class="box"><span>{escape(t("screen.models.structure.sum"))}</span>'
        f"<small>{escape(t('screen.models.structure.prior'))}</small><ul>{prior}</ul></div>"
        f'<div class="box"><span>{escape(capital(squash))}</span></div></div>'
    )
    beside = ""
    if structure.beside:
        names = listed(
            t(
                "screen.models.structure.beside_one",
                name=t(f"screen.models.structure.part.{n}"),
                count=f"{c:,}",
            )
            for n, c in structure.beside.items()
        )
        beside = t("screen.models.structure.beside", names=names)
    told = listed(
        t("screen.models.structure.alt_branch", modality=b.modality, parameters=f"{b.parameters:,}")
        for b in structure.branches
    )
    alternative = t("screen.models.structure.alt", branches=capital(told), squash=squash)
    return (
        f'<div class="network" role="img" aria-label="{escape(alternative)}"><div class="branches">{branches}</div>{final}</div>'
        + quiet(t("screen.models.structure.unfold"), beside)
    )


def _branch(branch, additive: bool) -> str:
    name = capital(t(f"modality.{branch.modality}"))
    given = t(f"screen.models.structure.input.{branch.modality}")
    encoder = branch.encoder or t("screen.models.structure.fields")
    count = t("screen.models.structure.parameters", count=f"{sum(b.parameters for b in branch.blocks):,}")
    body = (
        f"<details><summary><span>{escape(encoder)}</span><small>{escape(count)}</small></summary>{_layers(branch.blocks)}</details>"
        if branch.blocks
        else f"<span>{escape(encoder)}</span>"
    )
    shape = t("screen.models.structure.head", shape=" × ".join(map(str, branch.head)))
    heads = t("screen.models.structure.parameters", count=f"{branch.head_parameters:,}")
    steps = [
        f'<div class="box input"><span>{escape(name)}</span><small>{escape(given)}</small></div>',
        f'<div class="box">{body}</div>',
        f'<div class="box"><span>{escape(shape)}</span><small>{escape(heads)}</small></div>',
    ]
    if additive:
        constants = "".join(
            f"<li>{escape(capital(t(f'label.{k}')))} <b>{signed(v)}</b></li>"
            for k, v in branch.constants.items()
        )
        evidence = t("screen.models.structure.evidence", scale=f"{branch.scale:.2f}")
        steps.append(
            f'<div class="box"><details><summary><span>{escape(capital(evidence))}</span>'
            f"<small>{escape(t('screen.models.structure.constants'))}</small></summary><ul>{constants}</ul></details></div>"
        )
    return f'<div class="branch">{"".join(steps)}</div>'


def _layers(blocks) -> str:
    """A bar for each block, as long as its share of the parameters."""
    most = max(b.parameters for b in blocks)
    return "".join(
        f'<div class="layer"><em>{escape(b.name)}</em><i style="width:{100 * b.parameters / most:.1f}%"></i>'
        f"<small>{' × '.join(map(str, b.shape))} · {b.parameters:,}</small></div>"
        for b in blocks
    )
