"""When an alert is raised and cleared, hour by hour, and what a threshold would do: one rule for stream, screen and card."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmcore.domain.model_facts import AlertRow

PERSISTENCE_HOURS = 2  # judgement: this project's
REARM = 0.8  # judgement: this project's
RAISED, CLEARED = "raised", "cleared"


@dataclass(frozen=True)
class AlertRule:
    """An alert is raised once the risk has been at or above the threshold for `persistence` hourly looks, and cleared once it
    is below `rearm` times the threshold; only then may another be raised."""

    threshold: float
    persistence: int = PERSISTENCE_HOURS
    rearm: float = REARM


class AlertState:
    """The alert of one stay, fed with one risk an hour."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule, self.above, self.active = rule, 0, False

    def look(self, risk: float) -> str | None:
        """RAISED, CLEARED or None for the risk of the next hour."""
        self.above = self.above + 1 if risk >= self.rule.threshold else 0
        if self.active and risk < self.rule.rearm * self.rule.threshold:
            self.active = False
            return CLEARED
        if not self.active and self.above >= self.rule.persistence:
            self.active = True
            return RAISED
        return None


def raised_at(risks: Sequence[float | None], rule: AlertRule) -> list[tuple[int, int | None]]:
    """(place raised, place cleared or None) of every alert in hourly risks; None: nothing was measured yet."""
    state = AlertState(rule)
    found: list[tuple[int, int | None]] = []
    for i, risk in enumerate(risks):
        event = None if risk is None else state.look(risk)
        if event == RAISED:
            found.append((i, None))
        elif event == CLEARED:
            found[-1] = (found[-1][0], i)
    return found


def alert_table(
    risks: np.ndarray, died: np.ndarray, thresholds: Sequence[float], hours: float
) -> list[AlertRow]:
    """What each threshold would do to patients watched hour by hour: risks (N, H) probabilities, died (N,), hours watched.

    sensitivity: share of those who died that had an alert; precision: share of the alerts that were of patients who died;
    alerts per 100 patient-days: all alerts, a second one of the same patient too.
    """
    table: list[AlertRow] = []
    for threshold in thresholds:
        rule = AlertRule(float(threshold))
        counts = np.array([len(raised_at(row.tolist(), rule)) for row in risks])
        alerts = int(counts.sum())
        table.append(
            {
                "threshold": round(float(threshold), 4),
                "sensitivity": float((counts[died == 1] > 0).mean()) if (died == 1).any() else None,
                "precision": float(counts[died == 1].sum() / alerts) if alerts else None,
                "alerts_per_100_patient_days": float(100 * alerts / (len(risks) * hours / 24)),
            }
        )
    return table
