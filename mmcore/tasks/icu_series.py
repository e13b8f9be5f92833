"""The series that the risk of the intensive care task is read from, and the signs of NEWS2 among its fields."""

from collections.abc import Mapping

from mmcore.domain.stream import Joined, StreamRules

DENSE: tuple[str, ...] = ("HR", "RespRate", "Temp", "SBP", "DBP", "MBP", "GCS", "SaO2", "FiO2")
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
    "Platelets",
    "TroponinI",
    "TroponinT",
    "WBC",
    "pH",
)
LABS += ("BUNCreatinine",)
MERGED = {"SBP": ("SysABP", "NISysABP"), "DBP": ("DiasABP", "NIDiasABP"), "MBP": ("MAP", "NIMAP")}
JOINED = {
    "ShockIndex": Joined("SBP", "HR", 90, lambda systolic, rate: rate / systolic),
    "PulsePressure": Joined("SBP", "DBP", 30, lambda systolic, diastolic: systolic - diastolic),
    "PaO2FiO2": Joined("PaO2", "FiO2", 720, lambda pressure, fraction: pressure / fraction),
    "BUNCreatinine": Joined("BUN", "Creatinine", 720, lambda urea, creatinine: urea / creatinine),
}

SHOWN = ("HR", "SBP", "RespRate", "SaO2", "Temp", "GCS", "Urine", "Lactate")
_SIGNS = {  # NEWS2 sign -> parameters that give it, first the better one
    "respiratory_rate": ("RespRate",),
    "oxygen_saturation_percent": ("SaO2",),
    "systolic_mmhg": ("SysABP", "NISysABP"),
    "heart_rate": ("HR",),
    "temperature_celsius": ("Temp",),
}

RULES = StreamRules(
    admission=("Age", "Gender", "Height", "ICUType", "Weight"),
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
        **dict.fromkeys(("Age", "Gender", "Height", "ICUType"), "once"),
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
        signs["supplemental_oxygen"] = float(recent.get("FiO2", 0.21) > 0.21 or recent.get("MechVent", 0) > 0)
    if "GCS" in recent:
        signs["alert"] = float(recent["GCS"] >= 15)
    return signs
