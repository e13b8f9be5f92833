"""Figures with their intervals as Markdown tables."""

from collections.abc import Mapping


def table(rows: Mapping[str, Mapping], counts: Mapping | None = None) -> list[str]:
    """Metrics as rows, one column for each entry."""
    names = [n for n in rows if rows[n]]
    metrics = list(dict.fromkeys(m for n in names for m in rows[n]))
    if not metrics:
        return ["Nothing could be scored.", ""]
    heads = [f"{n} (n={counts[n]['n']})" if counts and "n" in counts.get(n, {}) else n for n in names]
    out = ["| figure | " + " | ".join(heads) + " |", "|" + " --- |" * (len(names) + 1)]
    out += ["| " + " | ".join([m, *(cell(rows[n].get(m)) for n in names)]) + " |" for m in metrics]
    return [*out, ""]


def cell(figure: Mapping | None) -> str:
    """0.883 (0.861 to 0.902), or a dash."""
    if not figure:
        return "–"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
