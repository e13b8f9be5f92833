"""The demonstration cases of coronary disease: values invented by this project, no patient behind any, so no truth is known."""

from pathlib import Path

from mmcore.synthetic.demonstrations.film import write_json

TASK = "heart_coronary"
WITH_ECG = {  # what the demonstration ECG of an old infarct brings for the second question
    "chest_pain": "typical",
    "systolic_pressure_mmhg": 148,
    "cholesterol_mg_per_dl": 262,
    "rest_ecg": "st_t_abnormal",
    "max_heart_rate_per_min": 124,
    "exercise_angina": True,
    "exercise_st_depression_mm": 1.8,
    "st_slope": "flat",
}
CASES: tuple[tuple[str, str, str, dict[str, object]], ...] = (  # key, title, comment, values
    (
        "heart-coronary-001",
        "Short of breath on hills, exercise test stopped",
        "Every field is filled in. Vessels and thallium scan are close to the answer: take them away under What if.",
        {"age_years": 63, "sex": "M", "chest_pain": "none", "systolic_pressure_mmhg": 152, "cholesterol_mg_per_dl": 268,
         "fasting_sugar_high": False, "rest_ecg": "lv_hypertrophy", "max_heart_rate_per_min": 118, "exercise_angina": True,
         "exercise_st_depression_mm": 2.4, "st_slope": "flat", "vessels_on_fluoroscopy": 2, "thallium": "reversible"},
    ),
    (
        "heart-coronary-002",
        "Stitches at rest, a good exercise test",
        "Nearly everything speaks against a narrowed vessel.",
        {"age_years": 46, "sex": "F", "chest_pain": "non_anginal", "systolic_pressure_mmhg": 118, "cholesterol_mg_per_dl": 196,
         "fasting_sugar_high": False, "rest_ecg": "normal", "max_heart_rate_per_min": 172, "exercise_angina": False,
         "exercise_st_depression_mm": 0, "st_slope": "up", "vessels_on_fluoroscopy": 0, "thallium": "normal"},
    ),
    (
        "heart-coronary-003",
        "First visit, before any test",
        "Four values only: what was not measured adds nothing, and the answer stays near the pre-test probability.",
        {"age_years": 57, "sex": "M", "chest_pain": "atypical", "systolic_pressure_mmhg": 138},
    ),
)  # fmt: skip


def write_coronary_cases(directory: Path) -> list[Path]:
    """Writes DIR/heart_coronary/<key>/ with vitals.json and case.json; returns the case folders in order."""
    folders = []
    for number, (key, title, comment, values) in enumerate(CASES):
        folder = Path(directory) / TASK / key
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "vitals.json", values)
        facts = {"key": key, "task": TASK, "title": title, "synthetic": True, "taken": f"2026-11-{16 + number}", "comment": comment}  # fmt: skip
        write_json(folder / "case.json", facts)
        folders.append(folder)
    return folders
