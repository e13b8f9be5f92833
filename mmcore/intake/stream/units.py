"""Units that bedside systems send, in the standard unit of each parameter of a stream."""

from math import log

from mmcore.intake.values.units import convert, plain_unit

Ways = dict[str, tuple[float, float]]  # unit as written -> factor, offset

_KPA: Ways = {"kpa": (7.50062, 0)}
_PRESSURE: Ways = {"mmhg": (1, 0)} | _KPA
_ENZYME: Ways = {"ukat/l": (60, 0), "iu/l": (1, 0)}
_SALT: Ways = {"meq/l": (1, 0)}
_CELLS: Ways = {"k/ul": (1, 0), "10e3/ul": (1, 0), "g/l": (1, 0), "/ul": (0.001, 0), "cells/nl": (1, 0)}
_NANOGRAMS: Ways = {"ug/l": (1, 0), "ng/l": (0.001, 0), "pg/ml": (0.001, 0)}
# molar masses: creatinine 113.12, glucose 180.16, bilirubin 584.7, cholesterol 386.7, urea nitrogen 28.01, magnesium 24.3,
# lactate 90.08 g/mol
WAYS: dict[str, Ways] = {
    "age_years": {"y": (1, 0), "yr": (1, 0), "years": (1, 0)},
    "Height": {"m": (100, 0), "in": (2.54, 0), "inch": (2.54, 0)},
    "Weight": {"lb": (0.45359, 0), "lbs": (0.45359, 0), "g": (0.001, 0)},
    "heart_rate_per_min": {"bpm": (1, 0), "1/min": (1, 0)},
    "respiratory_rate_per_min": {"1/min": (1, 0), "breaths/min": (1, 0)},
    "temperature_celsius": {"k": (1, -273.15), "degf": (5 / 9, -160 / 9)},
    "FiO2": {"%": (0.01, 0), "percent": (0.01, 0), "fraction": (1, 0), "1": (1, 0)},
    "oxygen_saturation_percent": {"fraction": (100, 0), "1": (100, 0)},
    "Urine": {"l": (1000, 0), "cc": (1, 0)},
    "HCT": {"fraction": (100, 0), "l/l": (100, 0), "1": (100, 0)},
    "Albumin": {"g/l": (0.1, 0)},
    "BUN": {"mmol/l": (2.801, 0)},
    "Bilirubin": {"umol/l": (0.05847, 0)},
    "Cholesterol": {"mmol/l": (38.67, 0)},
    "Creatinine": {"umol/l": (0.011312, 0), "mmol/l": (11.312, 0)},
    "Glucose": {"mmol/l": (18.016, 0), "g/l": (100, 0)},
    "Lactate": {"mg/dl": (0.11101, 0)} | _SALT,
    "Mg": {"mmol/l": (2.4305, 0), "meq/l": (1.2153, 0)},
    "leukocytes_10e9_per_l": _CELLS,
    "platelets_10e9_per_l": _CELLS,
    "TroponinI": _NANOGRAMS,
    "TroponinT": _NANOGRAMS,
}
WAYS |= {
    name: _PRESSURE
    for name in (
        "systolic_pressure_mmhg",
        "diastolic_pressure_mmhg",
        "MAP",
        "NISysABP",
        "NIDiasABP",
        "NIMAP",
        "PaO2",
        "PaCO2",
    )
}
WAYS |= {name: _ENZYME for name in ("ALP", "ALT", "AST")}
WAYS |= {name: _SALT for name in ("HCO3", "K", "Na")}


def in_standard(parameter: str, value: float, written: str, standard: str) -> float | None:
    """The value in the parameter's standard unit ("" counts as it); None if the written unit is not known for it."""
    way = WAYS.get(parameter, {}).get(plain_unit(written))
    return round(value * way[0] + way[1], 6) if way else convert(value, written, standard)


WRITTEN = {  # plain unit -> as it is written
    "kpa": "kPa", "umol/l": "µmol/L", "mmol/l": "mmol/L", "mg/dl": "mg/dL", "g/l": "g/L", "ng/l": "ng/L",
    "ukat/l": "µkat/L", "/ul": "/µL",
}  # fmt: skip
TWICE = 2.0  # units that differ by less cannot be told apart from a patient who changes
NEAR = (
    1.25  # times the last value; judgement: with it hardly a reading of the training stays would be doubted
)
CHANGEABLE = ("Urine", "PaO2")  # amounts, and a pressure that falls to an eighth when a patient loses oxygen


def continued_in(parameter: str, value: float, last: float) -> tuple[str, float] | None:
    """(unit, value in the standard unit) where a value without a unit would continue the last one in another unit."""
    if value <= 0 or last <= 0:
        return None
    for unit, (factor, offset) in WAYS.get(parameter, {}).items():
        if offset or 1 / TWICE < factor < TWICE:
            continue
        if abs(log(value * factor / last)) < log(NEAR):
            return WRITTEN.get(unit, unit), round(value * factor, 4)
    return None
