"""A CT on the screens: slices, windows and the mark of the nodule, from New case to Review."""

import io

import numpy as np
import pytest

from mmcore.domain.case import Case
from mmcore.domain.scan import CtVolume, Mark
from mmcore.stores.model_folders import shipped_version
from mmcore.synthetic.ct.phantom import SPACING_MM, NoduleLook, draw_ct
from tests.conftest import page_text
from tests.pages.test_review import shown_numbers

pytestmark = pytest.mark.skipif(not shipped_version("lung_nodule"), reason="no lung nodule model is shipped")


@pytest.fixture(scope="module")
def slices() -> np.ndarray:
    return draw_ct(5, NoduleLook(14, spicules=8))


def test_review_shows_slices_and_windows_and_an_account_that_adds_up(store, visit, slices):
    scan = CtVolume(hounsfield=slices, spacing_mm=(SPACING_MM, SPACING_MM), mark=Mark(2, 63.5, 63.5))
    values = {"diameter_mm": 14.0, "spiculation": 3.0, "smoking": 2.0}
    store.add("nodule", Case("lung_nodule", scan, "Solid nodule of 14 mm, considerable spiculation.", values))
    app = visit(case="nodule")
    assert not app.exception
    text = page_text(app)
    assert "Slice 3 of 5; the nodule is on slice 3" in text
    *parts, total = shown_numbers(app)
    assert len(parts) == 4 and round(sum(parts), 2) == total
    app = app.slider(key="ct_slice_nodule").set_value(1).run()
    assert not app.exception
    assert "Slice 1 of 5" in page_text(app)


def test_a_ct_is_marked_on_the_new_case_screen_and_kept_with_its_mark(store, visit, slices):
    file = io.BytesIO()
    np.savez(file, hu=slices, pixel_spacing=np.array(SPACING_MM))
    app = visit().switch_page("pages/new_case.py").run()
    app = app.selectbox(key="new_task").set_value("lung_nodule").run()
    app = app.file_uploader(key="new_files_0").set_value([("ct.npz", file.getvalue(), "")]).run()
    assert not app.exception
    assert "No nodule was marked" in page_text(app)
    app = app.number_input(key="mark_row_new_0").set_value(60.0).run()
    app.button(key="new_review").click().run()
    (key,) = set(store.keys()) - {"whole", "vitals", "empty"}
    kept = store.load(key).scan
    assert (kept.mark.slice, kept.mark.row, kept.mark.column) == (2, 60.0, 63.5)
    assert np.array_equal(kept.hounsfield, slices)
    assert "ct_mark_assumed" not in [n.code for n in kept.notices]


def test_a_mark_on_the_other_side_than_the_lobe_is_warned_of_at_once_and_on_review(store, visit):
    rows, columns = np.mgrid[0:200, 0:300]
    chest = np.full((200, 300), -1000, np.int16)
    chest[np.hypot((rows - 100) / 90, (columns - 150) / 130) < 1] = 40
    for centre in (90, 210):
        chest[np.hypot((rows - 100) / 60, (columns - centre) / 45) < 1] = -850
    chest[np.hypot(rows - 100, columns - 210) < 8] = 20
    file = io.BytesIO()
    np.savez(file, hu=chest[None], pixel_spacing=np.array(1.0))
    app = visit().switch_page("pages/new_case.py").run()
    app = app.selectbox(key="new_task").set_value("lung_nodule").run()
    app = app.file_uploader(key="new_files_0").set_value([("ct.npz", file.getvalue(), "")]).run()
    app = app.number_input(key="mark_row_new_0").set_value(100.0).run()
    app = app.number_input(key="mark_column_new_0").set_value(210.0).run()
    assert "half of the chest" not in page_text(app)
    app = app.selectbox(key="new_value_location_0").select("right_upper").run()
    assert "the mark on the CT lies in the left half of the chest" in page_text(app)
    app = app.button(key="new_review").click().run()
    assert "the mark on the CT lies in the left half of the chest" in page_text(app)
