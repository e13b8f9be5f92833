"""Keeps a ward's alerts, what was done about them, and its settings in the database, so that a reload finds them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

import sqlalchemy as sql

_tables = sql.MetaData()
_alerts = sql.Table(
    "ward_alerts",
    _tables,
    sql.Column("number", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("ward", sql.String(64), nullable=False, index=True),
    sql.Column("stay", sql.String(64), nullable=False),
    sql.Column("raised_hour", sql.Float, nullable=False),
    sql.Column("cleared_hour", sql.Float),
    sql.Column("threshold", sql.Float, nullable=False),
    sql.Column("risk", sql.Float, nullable=False),
    sql.Column("snoozed_until_hour", sql.Float),
    sql.Column("acknowledged", sql.DateTime(timezone=True)),
    sql.UniqueConstraint("ward", "stay", "raised_hour"),
)
_settings = sql.Table(
    "ward_settings",
    _tables,
    sql.Column("ward", sql.String(64), primary_key=True),
    sql.Column("settings", sql.JSON, nullable=False),
)


@dataclass(frozen=True)
class Alert:
    """A raised alert. Hours count from the stay's admission; cleared_hour is None while it stands, acknowledged while nobody
    has taken note of it."""

    number: int
    stay: str
    raised_hour: float
    cleared_hour: float | None
    threshold: float
    risk: float
    snoozed_until_hour: float | None
    acknowledged: datetime | None

    def state(self, hour: float) -> str:
        """cleared, acknowledged, snoozed or open, at an hour of the ward."""
        if self.cleared_hour is not None:
            return "cleared"
        if self.acknowledged is not None:
            return "acknowledged"
        if self.snoozed_until_hour is not None and hour < self.snoozed_until_hour:
            return "snoozed"
        return "open"


class KeptSettings(TypedDict, total=False):
    """What was chosen for a ward, as JSON; what was not is absent."""

    hour: float
    threshold: float | None
    looked: int
    bed: str
    agreed: list[str]


class AlertStore:
    """Alerts and settings by ward, in the database of an SQLAlchemy engine; its tables are made where they are missing."""

    def __init__(self, engine: sql.Engine) -> None:
        self.engine = engine
        _tables.create_all(engine)

    def alerts(self, ward: str) -> tuple[Alert, ...]:
        """Every alert of a ward, latest first."""
        chosen = [c for c in _alerts.c if c.name != "ward"]
        query = sql.select(*chosen).where(_alerts.c.ward == ward)
        with self.engine.connect() as connection:
            found = connection.execute(
                query.order_by(_alerts.c.raised_hour.desc(), _alerts.c.number)
            ).mappings()
            return tuple(Alert(**row) for row in found)

    def raise_alert(self, ward: str, stay: str, hour: float, threshold: float, risk: float) -> None:
        """Store an alert; the same one a second time changes nothing."""
        row = {"ward": ward, "stay": stay, "raised_hour": hour, "threshold": threshold, "risk": risk}
        known = sql.select(_alerts.c.number).where(
            _alerts.c.ward == ward, _alerts.c.stay == stay, _alerts.c.raised_hour == hour
        )
        with self.engine.begin() as connection:
            if connection.execute(known).first() is None:
                connection.execute(_alerts.insert().values(**row))

    def clear(self, number: int, hour: float) -> None:
        """The risk has fallen: the alert no longer stands."""
        self._change(number, cleared_hour=hour)

    def acknowledge(self, number: int) -> None:
        """Somebody has taken note."""
        self._change(number, acknowledged=datetime.now(UTC))

    def snooze(self, number: int, until_hour: float) -> None:
        """Keep quiet until an hour of the ward."""
        self._change(number, snoozed_until_hour=until_hour)

    def forget(self, ward: str) -> None:
        """Drop a ward's alerts, when its replay begins anew."""
        with self.engine.begin() as connection:
            connection.execute(_alerts.delete().where(_alerts.c.ward == ward))

    def settings(self, ward: str) -> KeptSettings:
        """What was chosen for a ward, {} at first."""
        query = sql.select(_settings.c.settings).where(_settings.c.ward == ward)
        with self.engine.connect() as connection:
            kept: KeptSettings = connection.execute(query).scalar() or KeptSettings()
        return kept

    def keep_settings(self, ward: str, settings: Mapping[str, object]) -> None:
        """Replace what was chosen for a ward."""
        with self.engine.begin() as connection:
            connection.execute(_settings.delete().where(_settings.c.ward == ward))
            connection.execute(_settings.insert().values(ward=ward, settings=dict(settings)))

    def _change(self, number: int, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(_alerts.update().where(_alerts.c.number == number).values(**values))
