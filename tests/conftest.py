"""What several tests start from: a case store of their own, and the app as a visitor meets it."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mmcore.cases import worklist
from mmcore.domain.case import Case
from mmcore.domain.scan import Film
from mmcore.paths import DEMONSTRATIONS, ROOT, settings
from mmcore.stores.case_store import CaseStore

NOTE = "Fever and dry cough for 3 days. No chest pain. RT-PCR was positive. Crackles at both bases."
VALUES = {
    "age_years": 61.0,
    "sex": 1.0,
    "temperature_celsius": 38.6,
    "oxygen_saturation_percent": 92.0,
    "crp_mg_per_l": 84.0,
}
PATIENCE = 900  # seconds a run may take: the first loads the model, and machines may be busy


def film() -> np.ndarray:
    """The demonstration film without disease, (512, 512) in [0, 1]."""
    from PIL import Image

    path = DEMONSTRATIONS / "chest_infection" / "demo-006" / "scan.png"
    return np.asarray(Image.open(path).convert("L"), dtype=np.float32) / 255


def whole_case() -> Case:
    """A case with every modality."""
    return Case("chest_infection", Film(film(), modality="DX", view="PA"), NOTE, VALUES)


@pytest.fixture(autouse=True)
def _settings_of_each_test():
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def environment(monkeypatch):
    """Set a variable of the program's environment, and have it read: environment("THREEFOLD_OPEN", "worklist")."""

    def put(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        settings.cache_clear()

    return put


@pytest.fixture
def database(tmp_path, monkeypatch):
    """The address of an empty database that the app will use; nothing of it stays in the app's shared memory."""
    from pages.ui.shell import resources

    url = f"sqlite:///{tmp_path / 'cases.db'}"
    monkeypatch.setenv("THREEFOLD_DATABASE_URL", url)
    monkeypatch.setenv("THREEFOLD_DEMONSTRATIONS", "off")
    monkeypatch.delenv("THREEFOLD_OPEN", raising=False)
    resources._store.clear()
    yield url
    resources._store.clear()


@pytest.fixture
def store(database) -> CaseStore:
    """The app's case store with a whole case, one with vitals only, and one with nothing."""
    opened = worklist.open_store(database)
    opened.add("whole", whole_case(), patient_key="P-17")
    opened.add("vitals", Case("chest_infection", values={"age_years": 40.0, "sex": 0.0}), patient_key="P-18")
    opened.add("empty", Case("chest_infection"), patient_key="P-19")
    for key in ("whole", "vitals", "empty"):
        opened.remember(key, "no_finding", 0.5, ())
    yield opened
    opened.close()


@pytest.fixture
def visit(database):
    """Open the app at an address: visit(case="whole", lang="zh") gives the AppTest after its first run."""

    def at(**parameters: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.run()

    return at


def page_text(app: AppTest) -> str:
    """All that a run drew as HTML and Markdown, one after the other."""
    return plain("\n".join(element.proto.body for element in (*app.get("html"), *app.markdown)))


def plain(sentence: str) -> str:
    """The sentence with ordinary blanks between numbers and units, as people type it."""
    return sentence.replace("\u00a0", " ")
