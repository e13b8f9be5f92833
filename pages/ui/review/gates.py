"""What is set aside on Review and why, with the buttons that use it all the same, set it aside again or turn a picture back."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import streamlit as st

from mmcore.domain.case import Case
from mmcore.domain.errors import NothingToPredictError
from mmcore.domain.notice import Notice
from mmcore.gates.learned import correctable
from mmcore.gates.recency import toggled
from mmcore.gates.scan import corrected
from pages.ui.shell import resources
from pages.ui.shell.template import show
from pages.ui.shell.text import heading, t, told


def draw_buttons(gates: Sequence[Notice], case: Case, key: str) -> None:
    """One row for each modality that is closed or was opened by the user; a click is stored with the case."""
    by_modality = {str(gate.modality): gate for gate in reversed(gates)}
    for modality, gate in sorted(by_modality.items()):
        overruled = modality in case.overruled
        name = t(f"screen.review.row.{modality}")
        with st.container(horizontal=True, gap="small", key=f"gate_row_{modality}"):
            if not overruled:
                _draw_correction(gate, case, key)
            words = t("screen.review.gate_restore" if overruled else "screen.review.gate_overrule")
            if st.button(f"{name}: {words}", key=f"gate_{modality}_{key}", type="secondary"):
                _keep(key, replace(case, overruled=case.overruled ^ {modality}))


def _draw_correction(gate: Notice, case: Case, key: str) -> None:
    """The button that turns a picture back; nothing where the gate knows no way."""
    if case.scan is None or not correctable(gate):
        return
    words = f"{t(f'screen.review.row.{gate.modality}')}: {t('screen.review.gate_correct')}"
    icon = ":material/check:"
    if st.button(words, key=f"correct_{gate.modality}_{key}", type="secondary", icon=icon):
        _keep(key, replace(case, scan=corrected(case.scan, gate)))


def draw_leaving(case: Case, old: Collection[str], key: str) -> None:
    """A button for each modality that is out of date, which leaves it out, or was left out, which takes it back in."""
    for modality in sorted({*old, *(case.left_out & set(case.given))}):
        way = "take_back" if modality in case.left_out else "leave_out"
        words = heading(f"screen.review.{way}", modality=modality)
        if st.button(words, key=f"{way}_{modality}_{key}", type="secondary", width="content"):
            _keep(key, toggled(case, modality))


def marks(gates: Sequence[Notice], case: Case) -> list[str]:
    """A sentence for each gate that the user overruled, so that nobody takes the answer for an ordinary one."""
    return [
        t("screen.review.overruled", modality=str(gate.modality), reason=told(gate))
        for gate in gates
        if str(gate.modality) in case.overruled
    ]


def draw_nothing_left(case: Case, key: str, error: NothingToPredictError) -> None:
    """Of a case of which every input is set aside: why there is no answer, and what can be done."""
    with st.container(key="panel_nothing"):
        show("shell/part", words=t("screen.review.no_answer"))
        for reason in error.values.get("reasons", ()):
            show("shell/line", kind="warning", role="alert", words=told(reason))
        draw_buttons(error.values.get("gates", ()), case, key)
        draw_leaving(case, (), key)


def _keep(key: str, case: Case) -> None:
    resources.store().replace(key, case)
    st.rerun(scope="app")
