"""When evidence was made is read from its file where the file says so plainly, and stays unknown otherwise."""

import json
from datetime import date, time, timedelta

import numpy as np
import pytest

from mmcore.cases.upload import read_upload
from mmcore.cli.main import main
from mmcore.domain.timestamp import Timestamp
from mmcore.intake.note.date import note_timestamp
from mmcore.intake.timestamps import read_timestamp
from mmcore.tasks import get_task
from mmcore.words import tell
from tests import conftest, ecg_files
from tests.intake_files import chest, dicom, picture, read_ecg, read_scan, read_vitals

TASK = get_task("chest_infection")
DAY = date(2026, 1, 14)
FILM = chest(200)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-01-14", Timestamp(DAY)),
        ("2026-01-14T09:30:12+08:00", Timestamp(DAY, time(9, 30))),
        ("2026-01-14T09:30:12Z", Timestamp(DAY)),  # UTC says nothing of the clock on the wall
        ("14 January 2026 9:30 pm", Timestamp(DAY, time(21, 30))),
        ("January 14, 2026", Timestamp(DAY)),
        ("14/01/2026 07:05", Timestamp(DAY, time(7, 5))),
        ("2026年1月14日 9时30分", Timestamp(DAY, time(9, 30))),
        ("03/04/2026", None),  # March or April
        ("04/04/2026", Timestamp(date(2026, 4, 4))),
        ("31.02.2026", None),
        ("tomorrow", None),
    ],
)
def test_a_time_is_read_only_where_it_can_mean_one_day(text, wanted):
    assert read_timestamp(text) == wanted


@pytest.mark.parametrize(
    ("elements", "wanted"),
    [
        (
            {"AcquisitionDateTime": "20260114093012.5+0800", "StudyDate": "20260101"},
            Timestamp(DAY, time(9, 30)),
        ),
        ({"AcquisitionDate": "20260114", "AcquisitionTime": "093012"}, Timestamp(DAY, time(9, 30))),
        ({"ContentDate": "20260114", "StudyDate": "20260112"}, Timestamp(DAY)),
        ({"StudyDate": "20260114", "StudyTime": "000000"}, Timestamp(DAY)),
        ({"StudyDate": "unknown"}, None),
        ({}, None),
    ],
)
def test_a_dicom_picture_tells_when_it_was_taken_rather_than_when_the_study_began(elements, wanted):
    assert read_scan(dicom(FILM, **elements), "x").taken == wanted


@pytest.mark.parametrize(
    ("note", "wanted"),
    [
        ("Date: 14 January 2026, 08:15\nFever and cough.", Timestamp(DAY, time(8, 15))),
        ("2026-01-14\nFever and cough.", Timestamp(DAY)),
        ("检查日期：2026年1月14日\n发热、咳嗽。", Timestamp(DAY)),
        ("Date: 03/04/2026\nFever.", None),
        ("Date of birth: 1950-02-03\nFever.", None),
        ("Date: 2026-01-14\nAdmitted: 2026-01-10\nFever.", None),
        ("Fever since 2026-01-10 and cough.", None),
        ("Fever and cough for three days.", None),
    ],
)
def test_a_note_tells_its_day_only_in_a_header_that_means_nothing_else(note, wanted):
    assert note_timestamp(note) == wanted


def test_an_ecg_tells_its_time_in_each_format_that_has_one():
    samples = ecg_files.ecg()
    header, signals = ecg_files.wfdb(samples)
    told = Timestamp(date(2019, 3, 20), time(10))
    assert read_ecg("rec.hea", header, {"rec.dat": signals})[0].taken == told
    assert read_ecg("x.dcm", ecg_files.dicom(samples), {})[0].taken == Timestamp(date(2019, 3, 20))
    table = b"# recorded = 2026-01-14 09:30\n" + ecg_files.table(samples)
    assert read_ecg("x.csv", table, {})[0].taken == Timestamp(DAY, time(9, 30))
    assert read_ecg("x.csv", ecg_files.table(samples), {})[0].taken is None


def fhir(*observations: tuple[str, float, str], subject: str = "Patient/4711") -> bytes:
    """A bundle of (LOINC code, value, when)."""
    entries = [
        {
            "resource": {
                "resourceType": "Observation",
                "subject": {"reference": subject},
                "effectiveDateTime": when,
                "code": {"coding": [{"code": code}]},
                "valueQuantity": {"value": value},
            }
        }
        for code, value, when in observations
    ]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"date,time,age,temp\n2026-01-14,09:30,61,38.6", Timestamp(DAY, time(9, 30))),
        (b"field,value,unit,measured at\ntemp,38.6,C,2026-01-14 09:30", Timestamp(DAY, time(9, 30))),
        (b"temp,38.6\nspo2,93\ndate,2026-01-14", Timestamp(DAY)),
        (b'{"time": "2026-01-14T09:30", "values": {"temp": 38.6}}', Timestamp(DAY, time(9, 30))),
        (b'{"temp": {"value": 38.6, "unit": "C", "time": "2026-01-14"}}', Timestamp(DAY)),
        (fhir(("8310-5", 38.6, "2026-01-14T09:30:00+01:00")), Timestamp(DAY, time(9, 30))),
        (b"age,temp\n61,38.6", None),
        (b"date,age\n2026-01-14,61", None),  # age alone does not go out of date
    ],
)
def test_vitals_tell_their_time_in_each_layout(data, wanted):
    assert read_vitals(data, TASK).taken == wanted


def test_vitals_are_as_old_as_their_oldest_value_and_unknown_where_one_is():
    rows = b"field,value,time\ntemp,38.6,2026-01-14 09:30\ncrp,84,2026-01-12 07:00\n"
    assert read_vitals(rows, TASK).taken == Timestamp(date(2026, 1, 12), time(7))
    assert read_vitals(rows + b"spo2,93,\n", TASK).taken is None
    assert read_vitals(rows + b"age,61,\n", TASK).taken is not None


def test_the_case_holds_the_times_of_its_files_and_what_is_silent_stays_unknown():
    files = [
        ("film.dcm", dicom(FILM, StudyDate="20260114", StudyTime="0930")),
        ("n.txt", b"Date: 2026-01-13\nFever and dry cough for three days. No chest pain."),
        ("v.csv", b"age,temp\n61,38.6"),
    ]
    case = read_upload(files, TASK).case
    assert case.times == {"image": Timestamp(DAY, time(9, 30)), "text": Timestamp(date(2026, 1, 13))}
    assert case.time_of("clinical") is None


def test_a_time_in_the_future_or_a_place_holder_counts_as_unknown_and_is_told():
    future = (date.today() + timedelta(days=40)).strftime("%Y%m%d")
    for stated in (future, "19000101"):
        (item,) = read_upload([("x.dcm", dicom(FILM, StudyDate=stated))], TASK).items
        assert item.taken is None and item.scan.taken is None
        assert "file_time_implausible" in [n.code for n in item.notices]


def test_vitals_of_another_patient_than_the_film_are_warned_of_and_the_case_keeps_the_warning():
    film = ("film.dcm", dicom(FILM))  # of patient 4711
    assert read_upload([film, ("v.csv", b"patient_id,temp\n4711,38.6")], TASK).warnings == ()
    made = read_upload([film, ("v.csv", b"patient_id,temp\n4712,38.6")], TASK)
    assert [n.code for n in made.warnings] == ["patients_differ"]
    assert "patients_differ" in [n.code for n in made.case.scan.notices]
    other = read_upload([film, ("v.json", fhir(("8310-5", 38.6, "2026-01-14"), subject="Patient/9"))], TASK)
    assert [n.code for n in other.warnings] == ["patients_differ"]
    assert read_upload([film, ("v.json", fhir(("8310-5", 38.6, "2026-01-14")))], TASK).warnings == ()


def test_vitals_of_several_patients_in_one_file_are_refused():
    rows = b"patient_id,field,value\n1,temp,38.6\n2,spo2,93\n"
    bundle = json.loads(fhir(("8310-5", 38.6, "2026-01-14")))
    bundle["entry"] += json.loads(fhir(("2708-6", 93, "2026-01-14"), subject="Patient/9"))["entry"]
    for name, data in (("v.csv", rows), ("v.json", json.dumps(bundle).encode())):
        (item,) = read_upload([(name, data)], TASK).items
        assert item.refused.code == "vitals_several_patients"
        assert "2 patients" in tell(item.refused)


def test_no_date_and_no_patient_is_in_what_is_told():
    made = read_upload(
        [
            ("film.dcm", dicom(FILM, StudyDate="20260114")),
            ("v.csv", b"patient_id,date,temp\n4712,2026-01-02,38.6"),
        ],
        TASK,
    )
    words = " ".join(tell(n) for n in (*made.warnings, *made.case.refused))
    assert words and "2026" not in words and "4712" not in words


def test_a_plain_picture_has_no_time():
    scan = read_scan(picture(np.asarray(FILM)), "film_2026-01-14.png")
    assert scan.taken is None


def test_the_command_line_warns_of_old_vitals_and_its_json_keeps_its_keys(tmp_path, capsys):
    film, vitals = tmp_path / "film.dcm", tmp_path / "v.csv"
    stored = np.round(conftest.film() * 255).astype(np.uint8)
    film.write_bytes(dicom(stored, StudyDate="20260611", StudyTime="0810", ViewPosition="PA"))
    vitals.write_bytes(b"age,temp,date\n61,38.6,2026-06-06\n")
    files = ["--image", str(film), "--vitals", str(vitals), "--json"]
    assert main(["predict", "--task", "chest_infection", *files]) == 0
    out = json.loads(capsys.readouterr().out)
    told = {w["code"]: w["message"] for w in out["warnings"]}
    assert "made 5 days before the scan" in told["evidence_old_lasting"]
    assert out["evidence"]["clinical"] is not None  # warned of, never left out unasked
    assert "2026" not in json.dumps(out["warnings"])
    assert set(out) == {
        "task",
        "labels",
        "probabilities",
        "prior_logits",
        "evidence",
        "contrast",
        "attributions",
        "prediction_set",
        "warnings",
        "model",
    }
