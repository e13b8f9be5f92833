"""The series that the risk of the intensive care task is read from, and the signs of NEWS2 among its fields."""

from collections.abc import Mapping

from mmcore.domain.stream import Joined, StreamRules

DENSE: tuple[str, ...] = (
    "heart_rate_per_min",
    "respiratory_rate_per_min",
    "temperature_celsius",
    "SBP",
    "DBP",
    "MBP",
    "gcs",
    "oxygen_saturation_percent",
    "FiO2",
)
DENSE += ("ShockIndex", "PaO2FiO2", "PulsePressure")
LABS: tuple[str, ...] = (
    "ALP",
    "ALT",
    "AST",
    "Albumin",
    "BUN",
    "Bilirubin",
    "Cholesterol",
    "Creatinine",
    "Glucose",
    "HCO3",
)
LABS += (
    "HCT",
    "K",
    "Lactate",
    "Mg",
    "Na",
    "PaCO2",
    "PaO2",
    "platelets_10e9_per_l",
    "TroponinI",
    "TroponinT",
    "leukocytes_10e9_per_l",
    "pH",
)
LABS += ("BUNCreatinine",)
MERGED = {
    "SBP": ("systolic_pressure_mmhg", "NISysABP"),
    "DBP": ("diastolic_pressure_mmhg", "NIDiasABP"),
    "MBP": ("MAP", "NIMAP"),
}
JOINED = {
    "ShockIndex": Joined("SBP", "heart_rate_per_min", 90, lambda systolic, rate: rate / systolic),
    "PulsePressure": Joined("SBP", "DBP", 30, lambda systolic, diastolic: systolic - diastolic),
    "PaO2FiO2": Joined("PaO2", "FiO2", 720, lambda pressure, fraction: pressure / fraction),
    "BUNCreatinine": Joined("BUN", "Creatinine", 720, lambda urea, creatinine: urea / creatinine),
}

SHOWN = (
    "heart_rate_per_min",
    "SBP",
    "respiratory_rate_per_min",
    "oxygen_saturation_percent",
    "temperature_celsius",
    "gcs",
    "Urine",
    "Lactate",
)
_SIGNS = {  # NEWS2 sign -> parameters that give it, first the better one
    "respiratory_rate_per_min": ("respiratory_rate_per_min",),
    "oxygen_saturation_percent": ("oxygen_saturation_percent",),
    "systolic_pressure_mmhg": ("systolic_pressure_mmhg", "NISysABP"),
    "heart_rate_per_min": ("heart_rate_per_min",),
    "temperature_celsius": ("temperature_celsius",),
}

RULES = StreamRules(
    admission=("age_years", "sex", "Height", "ICUType", "Weight"),
    sums=("Urine",),
    largest={"Urine": 2000.0},  # mL in one entry; larger ones are totals of many hours
    merged=MERGED,
    joined=JOINED,
    watched={
        **dict.fromkeys(DENSE, "often"),
        **dict.fromkeys(LABS, "rarely"),
        "Urine": "amount",
        "Weight": "now_and_then",
        "MechVent": "while_it_lasts",
        **dict.fromkeys(("age_years", "sex", "Height", "ICUType"), "once"),
    },
)


def news2_signs(recent: Mapping[str, float]) -> dict[str, float]:
    """Oxygen is given if the inspired fraction is above that of air or the patient is ventilated; below 15 on the Glasgow coma
    scale the patient counts as not alert."""
    signs = {
        sign: next(recent[n] for n in names if n in recent)
        for sign, names in _SIGNS.items()
        if any(n in recent for n in names)
    }
    if "FiO2" in recent or "MechVent" in recent:
        signs["oxygen_given"] = float(recent.get("FiO2", 0.21) > 0.21 or recent.get("MechVent", 0) > 0)
    if "gcs" in recent:
        signs["consciousness"] = float(recent["gcs"] < 15)
    return signs
