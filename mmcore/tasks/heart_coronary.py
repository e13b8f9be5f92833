"""Coronary disease: would angiography find a vessel narrowed by half? Asked of the clinical values of the Cleveland clinic alone."""

import csv
import hashlib
from pathlib import Path

from mmcore.domain.errors import PackError
from mmcore.domain.pack import Pack, PackRow, number_in_pack
from mmcore.domain.task import CaseTask, Field, Modality

TABLE = "clinical_cleveland.csv"
LABEL = "coronary_disease"

FIELDS = (
    Field("age_years", "a", plausible=(0, 120), aliases=("age",)),
    Field("sex", kind="choice", plausible=(0, 1), choices=("F", "M"), aliases=("gender",)),
    Field(
        "chest_pain",
        kind="choice",
        plausible=(0, 3),
        choices=("typical", "atypical", "non_anginal", "none"),
        knots=(1, 2),
        aliases=("chest_pain_type",),
    ),
    Field(
        "systolic_pressure_mmhg",
        "mmHg",
        plausible=(50, 280),
        reference=(90, 140),
        aliases=("systolic_bp", "sbp", "rest_sbp"),
    ),
    Field(
        "cholesterol_mg_per_dl", "mg/dL", plausible=(50, 800), reference=(0, 200), aliases=("cholesterol",)
    ),
    Field("fasting_sugar_high", kind="flag", aliases=("fasting_blood_sugar_120",)),
    Field(
        "rest_ecg",
        kind="choice",
        plausible=(0, 2),
        choices=("normal", "st_t_abnormal", "lv_hypertrophy"),
        knots=(1,),
    ),
    Field("max_heart_rate_per_min", "1/min", plausible=(40, 230), aliases=("max_hr", "max_heart_rate")),
    Field("exercise_angina", kind="flag", aliases=("exercise_induced_angina",)),
    Field("exercise_st_depression_mm", "mm", plausible=(0, 10), aliases=("st_depression", "oldpeak")),
    Field("st_slope", kind="choice", plausible=(0, 2), choices=("up", "flat", "down"), knots=(1,)),
    Field("vessels_on_fluoroscopy", plausible=(0, 3), aliases=("major_vessels_colored",)),
    Field("thallium", kind="choice", plausible=(0, 2), choices=("normal", "fixed", "reversible"), knots=(1,)),
)
_CODES = {
    "sex": {"female": 0.0, "male": 1.0},
    "chest_pain": {"typical ang": 0.0, "atypical ang": 1.0, "non-anginal": 2.0, "asymptomatic": 3.0},
    "rest_ecg": {"normal": 0.0, "ST-T abnormal": 1.0, "left vent hypertrophy": 2.0},
    "st_slope": {"upsloping": 0.0, "flat": 1.0, "downsloping": 2.0},
    "thallium": {"normal": 0.0, "fixed defect": 1.0, "reversable defect": 2.0},
}
COLUMNS = {
    "age": "age_years",
    "gender": "sex",
    "chest pain": "chest_pain",
    "rest SBP": "systolic_pressure_mmhg",
    "cholesterol": "cholesterol_mg_per_dl",
    "fasting blood sugar > 120": "fasting_sugar_high",
    "rest ECG": "rest_ecg",
    "max HR": "max_heart_rate_per_min",
    "exerc ind ang": "exercise_angina",
    "ST by exercise": "exercise_st_depression_mm",
    "slope peak exc ST": "st_slope",
    "major vessels colored": "vessels_on_fluoroscopy",
    "thal": "thallium",
}


def read_pack(directory: Path) -> Pack:
    """Rows of DIR/clinical_cleveland.csv; a patient is known by a digest of the row, since the table names nobody."""
    table = Path(directory) / TABLE
    if not table.is_file():
        raise PackError("pack_without_table", directory=Path(directory).name, name=TABLE)
    rows = []
    with table.open(encoding="utf-8-sig", newline="") as stream:
        for line in csv.DictReader(stream):
            told = {"0": 0, "1": 1}.get((line.get("diameter narrowing") or "").strip())
            inputs = "|".join(str(line.get(column)) for column in COLUMNS)
            mark = "cleveland:" + hashlib.sha256(inputs.encode()).hexdigest()[:16]
            rows.append(
                PackRow(
                    key=mark,
                    patient=mark,
                    source="cleveland",
                    publisher="cleveland",
                    outcome={} if told is None else {LABEL: told},
                    values=_values(line),
                    subgroup={"sex": {"male": "M", "female": "F"}.get(line.get("gender") or "", "")},
                )
            )
    return Pack(tuple(rows), {})


def _values(line: dict[str, str]) -> dict[str, float]:
    values = {}
    for column, name in COLUMNS.items():
        text = (line.get(column) or "").strip()
        number = _CODES[name].get(text) if name in _CODES else number_in_pack(text)
        low, high = TASK.field(name).plausible
        if number is not None and low <= number <= high:
            values[name] = number
    return values


TASK = CaseTask(
    name="heart_coronary",
    labels=(LABEL,),
    exclusive=False,
    modalities=(Modality.CLINICAL,),
    fields=FIELDS,
    baseline=("age_years", "sex"),
    survey_accuracy=0.90,
    read_pack=read_pack,
    purpose=(
        "For looking at suspected coronary disease in an adult who was referred for angiography: do the clinical values speak "
        "for a vessel narrowed by half or more? A second question beside the resting ECG's: no patient here has both. For "
        "research and education; not for clinical use."
    ),
    caveats=(
        "All patients were referred for angiography at one clinic in the 1980s; half of them were ill. No prevalence elsewhere "
        "can be read off it: set the pre-test probability.",
        "Number of vessels on fluoroscopy and the thallium scan are results of tests close to the answer.",
        "The table names no patients; two equal rows count as one.",
    ),
)
