"""The fields of the lung nodule task: who the patient is, and what a reader says of the nodule in LIDC's grades."""

from mmcore.domain.task import Field

UK = "uk_nodules"  # the table that alone teaches what LIDC lacks, or knows for patients of one diagnosis

FIELDS = (
    Field(
        "age_years",
        "a",
        plausible=(0, 120),
        knots=(50, 60, 70, 80),
        aliases=("age",),
        taught_by=UK,
        lasting=True,
    ),
    Field("sex", kind="choice", choices=("F", "M"), aliases=("gender",), taught_by=UK, lasting=True),
    Field(
        "smoking",
        kind="choice",
        plausible=(0, 2),
        choices=("never", "former", "current"),
        knots=(1,),
        aliases=("smoke_status", "smoking_status"),
        taught_by=UK,
        lasting=True,
    ),
    Field(
        "other_nodules",
        kind="choice",
        plausible=(0, 2),
        choices=("none", "one", "several"),
        knots=(1,),
        taught_by=UK,
    ),
    Field(
        "location",
        kind="choice",
        plausible=(0, 5),
        choices=("right_middle", "right_lower", "lingula", "left_lower", "left_upper", "right_upper"),
        knots=(2, 3),
        aliases=("lobe",),
        taught_by=UK,
    ),
    Field(
        "diameter_mm",
        "mm",
        plausible=(1, 150),
        reference=(
            0,
            6,
        ),  # Fleischner Society 2017: smaller solid nodules need no routine follow-up at low risk
        knots=(6, 8, 10, 15, 20, 30),
        aliases=("diameter",),
    ),
    Field(
        "spiculation",
        kind="choice",
        plausible=(0, 4),
        choices=("none", "minimal", "moderate", "considerable", "marked"),
    ),
    Field(
        "lobulation",
        kind="choice",
        plausible=(0, 4),
        choices=("none", "minimal", "moderate", "considerable", "marked"),
    ),
    Field(
        "margin",
        kind="choice",
        plausible=(0, 4),
        choices=("poorly_defined", "rather_ill_defined", "intermediate", "rather_sharp", "sharp"),
    ),
    Field(
        "texture",
        kind="choice",
        plausible=(0, 4),
        choices=("ground_glass", "mostly_ground_glass", "part_solid", "mostly_solid", "solid"),
        knots=(1, 3),
    ),
    Field(
        "calcification",
        kind="choice",
        plausible=(0, 5),
        choices=("popcorn", "laminated", "solid", "non_central", "central", "absent"),
        knots=(2, 3, 4),
    ),
    Field(
        "sphericity",
        kind="choice",
        plausible=(0, 4),
        choices=("linear", "rather_linear", "ovoid", "nearly_round", "round"),
    ),
    Field(
        "internal_structure",
        kind="choice",
        plausible=(0, 3),
        choices=("soft_tissue", "fluid", "fat", "air"),
        aliases=("internalstructure",),
    ),
    Field(
        "subtlety",
        kind="choice",
        plausible=(0, 4),
        choices=("extremely_subtle", "subtle", "fairly_subtle", "conspicuous", "obvious"),
    ),
)
