"""The part of the model card that says how far the explanations may be believed, from what the faithfulness command stored."""

from collections.abc import Mapping


def explanation_lines(found: Mapping) -> list[str]:
    """Markdown lines; [] where nothing was measured."""
    if not found.get("modalities"):
        return []
    lines = ["## Do the explanations hold?", "", _opening(found), ""]
    lines += [
        "| modality | cases | beats random deletion | grey badges | agreement of two methods (median) |"
    ]
    lines += ["|" + " --- |" * 5]
    for name, one in found["modalities"].items():
        if one.get("n"):
            cells = (name, one["n"], _share(one.get("beats_random_deletion")), _share(one.get("grey")))
            agreement = one.get("median_agreement")
            lines.append(
                "| " + " | ".join(map(str, (*cells, "–" if agreement is None else agreement))) + " |"
            )
    return [*lines, "", *_place(found.get("inside_lungs") or {}), *_randomised(found), *_shortcuts(found)]


def _opening(found: Mapping) -> str:
    return (
        f"Each explanation of {found['n']} cases of {found['patients']} patients that neither trained nor calibrated the model was "
        f"tested against deletion in random orders on the same budget. Badges that came out grey: {_share(found.get('grey_share'))}."
    )


def _place(inside: Mapping) -> list[str]:
    if not inside.get("share"):
        return []
    return [
        f"Share of the scan's evidence inside lungs drawn by people ({inside['n']} pictures): {_share(inside['share'])}. "
        f"Everything outside the lungs blurred moves the scan's evidence by {_share(inside.get('moved_from_outside'))} of what "
        "blurring outside and blurring inside move together.",
        "",
    ]


def _randomised(found: Mapping) -> list[str]:
    lines = [
        f"- {name}: "
        + ", ".join(f"{stage} {'–' if value is None else value}" for stage, value in stages.items())
        for name, stages in (found.get("randomised") or {}).items()
    ]
    head = "Rank correlation with the original map after weights were drawn anew, from the head downwards:"
    return [head, "", *lines, ""] if lines else []


def _shortcuts(found: Mapping) -> list[str]:
    lines = [
        f"- {name}: right for {100 * one['accuracy']:.0f} % of {one['n']} rows of {one['sources']} sources; always naming the "
        f"commonest would be right for {100 * one['majority']:.0f} %"
        for name, one in (found.get("shortcuts") or {}).items()
        if "accuracy" in one
    ]
    return ["How well the source can be read off the encodings:", "", *lines, ""] if lines else []


def _share(figure: Mapping | None) -> str:
    if not figure:
        return "–"
    return f"{100 * figure['value']:.0f} % ({100 * figure['low']:.0f} to {100 * figure['high']:.0f})"
