"""Every path of the checkout and every environment variable; the environment is read once, when a setting is first asked for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "assets"
CARDS = ASSETS / "cards"
EVIDENCE = ASSETS / "evidence"
DEMONSTRATIONS = ASSETS / "demo"
GATES = ASSETS / "gates"
MODELS = ASSETS / "models"
SENTENCES = ASSETS / "text"
TEMPLATES = ASSETS / "templates"


@dataclass(frozen=True)
class Settings:
    """What whoever runs the program may set. home: where it keeps what it makes. database: an SQLAlchemy address. models: the
    folder of models. demonstrations: the folder of demonstration cases, None for none. open_first: key of the case that a
    first visit opens, "worklist" for none, "" for the first demonstration. ward: the folder of stays to replay, None for the
    demonstration."""

    home: Path
    database: str
    models: Path
    demonstrations: Path | None
    open_first: str
    ward: Path | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that variables named THREEFOLD_... state, and the usual ones where they are silent."""
        home = Path(environment.get("THREEFOLD_HOME") or ROOT / "var")
        shown = environment.get("THREEFOLD_DEMONSTRATIONS", "")
        ward = environment.get("THREEFOLD_WARD")
        return cls(
            home=home,
            database=environment.get("THREEFOLD_DATABASE_URL") or f"sqlite:///{home / 'threefold.db'}",
            models=Path(environment.get("THREEFOLD_MODELS") or MODELS),
            demonstrations=None if shown == "off" else Path(shown or DEMONSTRATIONS),
            open_first=environment.get("THREEFOLD_OPEN", ""),
            ward=Path(ward) if ward else None,
        )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.of(os.environ)
