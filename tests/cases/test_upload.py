"""An upload becomes a case: each file is recognised by content, one bad file takes only itself away, the user confirms."""

from dataclasses import replace

import numpy as np
import pytest

from mmcore.cases.upload import Upload, UploadFile, joined, read_upload
from mmcore.gates import scan
from mmcore.prediction.encode import encode
from mmcore.prediction.engine import load_engine
from mmcore.stores.case_store import CaseStore
from mmcore.tasks import get_task
from mmcore.words import tell
from tests.conftest import film
from tests.intake_files import chest, dicom, picture, png_claiming

TASK = get_task("chest_infection")
SCAN = picture(chest(200))
NOTE = b"Fever and cough for three days; the patient has no dyspnoea."
VITALS = b"age,sex,spo2\n65,M,97"
FILM = np.round(film() * 255).astype(np.uint8)
RAMP = np.tile(np.arange(100, 228, dtype=np.uint16), (128, 1))


def upload(*files: tuple[str, bytes], **options: object) -> Upload:
    return read_upload(files, TASK, **options)


def test_files_in_any_order_and_under_any_name_make_a_case():
    case = upload(("a", VITALS), ("b", SCAN), ("c", NOTE)).case
    assert case.scan.pixels.shape == (200, 200)
    assert case.note == NOTE.decode()
    assert case.values == {"age_years": 65, "sex": 1, "oxygen_saturation_percent": 97}
    assert case.refused == ()


BAD = {
    "text named as a picture": ("x.png", b"hello", "image", "scan_is_text"),
    "truncated picture": ("x.png", SCAN[:500], "image", "file_damaged"),
    "truncated DICOM": ("x.dcm", dicom(RAMP)[:9000], "image", "file_damaged"),
    "one pixel": ("x.png", picture(np.zeros((1, 1), np.uint8)), "image", "scan_too_small"),
    "huge header": ("x.png", png_claiming(65535, 65535), "image", "scan_too_many_pixels"),
    "empty note": ("x.txt", b" ", "text", "note_empty"),
    "long note": ("x.txt", b"cough " * 100_000, "text", "note_too_long"),
    "empty file": ("x.csv", b"", "clinical", "file_empty"),
    "unknown vitals": ("x.csv", b"colour,size\nred,4", "clinical", "vitals_no_known_field"),
}
GATED = {
    "lateral view": ("x.dcm", dicom(RAMP, ViewPosition="LL"), "image", "scan_not_frontal"),
    "CT": ("x.dcm", dicom(RAMP, Modality="CT"), "image", "scan_not_xray"),
    "photograph": (
        "x.jpg",
        picture(np.random.default_rng(0).integers(0, 256, (90, 90, 3)).astype(np.uint8)),
        "image",
        "scan_photograph",
    ),
    "Chinese note": ("x.txt", "患者发热咳嗽三天，无呼吸困难。".encode(), "text", "note_language"),
    "recipe": (
        "x.txt",
        b"Preheat the oven, cream the butter and the sugar, fold in the flour and bake until golden.",
        "text",
        "note_not_clinical",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_gets_one_sentence_and_the_rest_of_the_case_stays(kind):
    name, data, modality, code = BAD[kind]
    rest = [
        f for f in (("s", SCAN, "image"), ("n", NOTE, "text"), ("v", VITALS, "clinical")) if f[2] != modality
    ]
    made = upload((name, data), *[f[:2] for f in rest])
    assert [(n.code, n.modality) for n in made.case.refused] == [(code, modality)]
    assert [item.used for item in made.items] == [False, True, True]
    for language in ("en", "zh"):
        sentence = tell(made.items[0].refused, language)
        assert sentence[-1] in ".。" and "{" not in sentence and "_" not in sentence
    present = {"image": made.case.scan, "text": made.case.note, "clinical": made.case.values or None}
    assert [k for k, v in present.items() if v is None] == [modality]


@pytest.mark.parametrize("kind", GATED)
def test_a_foreign_file_stays_in_the_case_gated_with_its_reason_until_the_user_overrules(kind):
    name, data, modality, code = GATED[kind]
    item = upload((name, data)).items[0]
    assert item.used and item.gate.code == code
    case = upload((name, data)).case
    assert (case.scan is not None, case.note is not None) == (modality == "image", modality == "text")
    assert case.overruled == frozenset()
    for language in ("en", "zh"):
        sentence = tell(item.gate, language)
        assert sentence[-1] in ".。" and "{" not in sentence and "_" not in sentence
    insisted = upload((name, data), accept_corrections=frozenset({code}))
    assert insisted.items[0].gate is None
    assert insisted.case.overruled == {modality}


@pytest.mark.parametrize("task", ["heart_ecg", "chest_severity"])
def test_a_note_that_is_only_shown_need_not_suit_any_model(task):
    told = "Écho : fraction d'éjection 35 %, paroi antérieure hypokinétique."
    for made in (
        read_upload([("n.txt", told.encode())], get_task(task)),
        read_upload([], get_task(task), typed_note=told),
    ):
        assert made.case.note == told
        assert (made.items[0].gate, made.items[0].refused) == (None, None)
    assert upload(("n.txt", told.encode())).items[0].gate.code == "note_language"


def test_a_user_who_says_what_a_file_is_gets_it_read_as_that():
    item = read_upload([UploadFile("x", NOTE, "scan")], TASK).items[0]
    assert (item.recognised_as, item.refused.code) == ("scan", "scan_is_text")


def test_an_inverted_picture_is_not_turned_round_until_the_user_agrees():
    data = picture(255 - FILM)
    asked = upload(("x.png", data))
    assert np.allclose(asked.case.scan.pixels, 1 - FILM / 255, atol=1e-6)
    assert asked.items[0].correction.code == "scan_looks_inverted"
    assert not asked.items[0].open
    for consent in (True, frozenset({"scan_looks_inverted"})):
        agreed = upload(("x.png", data), accept_corrections=consent)
        assert np.allclose(agreed.case.scan.pixels, FILM / 255, atol=1e-6)
        assert agreed.case.refused == ()
        assert "scan_was_inverted" in [n.code for n in agreed.case.scan.notices]


def test_a_correction_of_one_value_leaves_the_other_values_in():
    made = upload(("v.csv", b"age,spo2\n65,0.97"))
    assert made.case.values == {"age_years": 65}
    assert [n.code for n in made.case.refused] == ["value_correctable"]
    assert made.items[0].used
    assert upload(("v.csv", b"age,spo2\n65,0.97"), accept_corrections=True).case.values == {
        "age_years": 65,
        "oxygen_saturation_percent": 97,
    }


def test_a_general_yes_does_not_let_a_lateral_view_in_but_its_own_name_does():
    lateral = dicom(RAMP, ViewPosition="LL")
    assert upload(("x", lateral), accept_corrections=True).items[0].gate.code == "scan_not_frontal"
    insisted = upload(("x", lateral), accept_corrections=frozenset({"scan_not_frontal"})).case
    assert insisted.scan is not None
    assert insisted.overruled == {"image"}


def test_typed_values_pass_the_same_checks_and_overrule_a_file():
    made = upload(("v.csv", VITALS), typed={"age": "-1", "spo2": 92, "crp": "", "fever": "yes"})
    assert made.case.values == {"age_years": 65, "sex": 1, "oxygen_saturation_percent": 92, "fever": 1}
    assert [n.code for n in made.case.refused] == ["value_out_of_range"]


def test_two_files_that_differ_in_a_value_leave_it_out():
    made = upload(("a.csv", b"age,sex\n65,M"), ("b.csv", b"age\n66"))
    assert made.case.values == {"sex": 1}
    assert [n.code for n in made.warnings] == ["value_differs"]


def test_a_value_on_which_files_differ_is_settled_by_typing_it_in_one_go_or_into_the_form():
    files, typed = (("a.csv", b"age,sex\n65,M"), ("b.csv", b"age\n66")), {"age": 67, "spo2": 92}
    at_once = upload(*files, typed=typed).case
    by_form = joined(upload(*files), upload(typed=typed))
    assert at_once.values == by_form.values == {"age_years": 67, "sex": 1, "oxygen_saturation_percent": 92}
    assert at_once.refused == by_form.refused == ()
    assert [n.code for n in joined(upload(*files), upload()).refused] == ["value_differs"]


def test_of_two_pictures_the_first_usable_is_read():
    made = upload(
        ("lat", dicom(RAMP, ViewPosition="LL")),
        ("pa", dicom(FILM.astype(np.uint16), ViewPosition="PA")),
        ("x", picture(FILM)),
    )
    assert made.case.scan.view == "PA"
    assert [item.refused and item.refused.code for item in made.items] == [
        "scan_not_frontal",
        None,
        "scan_second",
    ]


def test_pictures_of_different_patients_or_days_are_warned_of():
    made = upload(
        ("a", dicom(RAMP, StudyDate="20240101")), ("b", dicom(RAMP, PatientID="9", StudyDate="20240301"))
    )
    assert [n.code for n in made.warnings] == ["patients_differ", "dates_differ"]
    assert made.warnings[1].values == {"days": 60}
    same = upload(("a", dicom(RAMP, StudyDate="20240101")), ("b", dicom(RAMP, StudyDate="20240103")))
    assert same.warnings == ()


def test_what_was_read_is_there_to_be_checked():
    facts = dict(upload(("a", dicom(RAMP, ViewPosition="PA", StudyDate="20240229"))).items[0].facts)
    assert facts == {
        "fact_pixels": "128 × 128",
        "fact_modality": "DX",
        "fact_view": "PA",
        "fact_taken": "2024-02-29",
    }


@pytest.mark.parametrize(
    "data", [SCAN, dicom(RAMP, ViewPosition="LL"), picture(255 - FILM)], ids=["plain", "lateral", "inverted"]
)
@pytest.mark.parametrize("consent", [False, True])
def test_from_upload_to_review_every_scan_is_judged_once(data, consent, tmp_path, monkeypatch):
    judged, judge, memory = [], scan.judge_scan, {}
    monkeypatch.setattr(
        scan, "judge_scan", lambda kind, seen: judged.append(seen.digest) or judge(kind, seen)
    )
    made = upload(("x", data), ("n", NOTE), accept_corrections=consent, memory=memory)
    at_upload = len(judged)
    store = CaseStore(f"sqlite:///{tmp_path / 'cases.db'}")
    store.add("k", made.case)
    engine = load_engine("chest_infection")
    found = encode(engine, store.load("k"), memory)
    assert len(judged) == at_upload == len(set(judged)) > 0
    assert found.gates == encode(engine, made.case, {}).gates
    assert len(judged) == at_upload + 1  # without that memory it is judged anew
    turned = replace(made.case, scan=replace(made.case.scan, pixels=made.case.scan.pixels[:, ::-1].copy()))
    encode(engine, turned, memory)
    assert len(judged) == at_upload + 2  # other pixels are another scan
    store.close()
