"""The arithmetic of the account as it is shown: rows that add up, ratios in words, bars on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from markupsafe import Markup

from mmcore.domain.prediction import RESIDUAL_LIMIT, Attribution, Contrast
from mmcore.domain.review import Review
from pages.ui.shell.template import html
from pages.ui.shell.text import SPACE, heading, percent, signed, t, told

OLD = ("evidence_old", "evidence_old_lasting")
NEGLIGIBLE = 0.005  # log-odds; shown as 0.00


@dataclass(frozen=True)
class Row:
    """One line of the account: prior, a modality, or total. With a reason, the modality says nothing and adds 0; a mark says
    why it is to be read with care."""

    kind: str
    log_odds: float
    reason: str = ""
    mark: str = ""


def rows_of(review: Review) -> list[Row]:
    """Prior, each modality and the total, with two digits each. The total is the sum of the numbers shown, so that a reader
    who adds them up finds it, and a piece of evidence reads the same whatever stands beside it."""
    prediction = review.prediction
    contrast = prediction.contrast
    rows = [Row("prior", round(contrast.of(prediction.prior_logits), 2))]
    for modality, given in prediction.evidence.items():
        if given is None:
            rows.append(Row(str(modality), 0.0, _why_absent(review, modality)))
        else:
            rows.append(Row(str(modality), round(contrast.of(given), 2), mark=_why_old(review, modality)))
    return [*rows, Row("total", round(sum(r.log_odds for r in rows), 2))]


def _why_absent(review: Review, modality: str) -> str:
    reasons = [n for n in review.prediction.notices if n.modality == modality]
    reasons.sort(key=lambda n: not n.code.startswith("left_out"))  # the user's own word comes first
    return told(reasons[0]) if reasons else t("screen.review.absent")


def _why_old(review: Review, modality: str) -> str:
    """That a modality is older than the question tolerates; "" if it is not."""
    found = [n for n in review.prediction.notices if n.modality == modality and n.code in OLD]
    return heading(f"screen.review.{found[0].code}", **found[0].values) if found else ""


def factor(log_odds: float) -> str:
    """exp of the size of a piece of evidence, with two figures."""
    ratio = exp(abs(log_odds))
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}" if ratio < 1000 else f"{ratio:.1e}"


def odds(log_odds: float) -> str:
    """Odds in words: 2.5 to 1, or 1 to 2.5."""
    return t(
        "screen.review.odds" if log_odds >= 0 else "screen.review.odds_under", odds=_odds_number(log_odds)
    )


def _odds_number(log_odds: float) -> str:
    ratio = exp(abs(log_odds))
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}" if ratio < 10_000 else f"{ratio:.0e}"


def ratio_in_words(modality: str, log_odds: float, contrast: Contrast) -> str:
    """The scan multiplies the odds of COVID-19 against another pneumonia by 3.1."""
    way = "none" if factor(log_odds) == "1.0" else "more" if log_odds > 0 else "less"
    way += "_many" if modality == "clinical" else ""  # the vitals multiply
    values = {"modality": modality, "label": contrast.label, "factor": factor(log_odds)}
    if contrast.against is None:
        return t(f"screen.review.ratio.{way}_alone", **values)
    return t(f"screen.review.ratio.{way}", against=contrast.against, **values)


def sum_in_words(rows: Sequence[Row], review: Review) -> Markup:
    """The sum written out, the odds it stands for and the probabilities with those odds."""
    terms = [r.log_odds for r in rows[:-1] if not r.reason]
    contrast, chances = review.prediction.contrast, review.prediction.probabilities
    against = contrast.against
    return html(
        "draw/sum",
        code="screen.review.sum" if against else "screen.review.sum_alone",
        terms=signed(terms[0]) + "".join(f" {signed(v)[0]} {abs(v):.2f}" for v in terms[1:]),
        total=rows[-1].log_odds,
        odds=odds(review.prediction.total),
        label=contrast.label,
        p=_finely(chances[contrast.label]),
        against=against,
        q=_finely(chances[against]) if against else "",
    )


def _finely(probability: float) -> str:
    """A probability with one digit more than elsewhere, so that the odds can be checked by the reader."""
    extreme = probability < 0.001 or probability > 0.999
    return percent(probability) if extreme else f"{100 * probability:.1f}{SPACE}%"


def account(review: Review, *, compact: bool = False) -> Markup:
    """The account as a table, and its sum in words below."""
    table = account_table(review, compact=compact)
    return html("draw/account_and_sum", table=table, sum=sum_in_words(rows_of(review), review))


def account_table(review: Review, *, compact: bool = False) -> Markup:
    """The account as an HTML table: what, in words, bar, log-odds. Bars begin where the one above ended."""
    rows = rows_of(review)
    spans = _spans(rows)
    low, high = _limits(spans)
    lines = []
    for row, (start, end) in zip(rows, spans, strict=True):
        words = "" if compact and row.kind != "total" else _words(row, review)
        way = row.kind if row.kind in ("prior", "total") else "for" if row.log_odds > 0 else "against"
        lines.append((row, words, way, bar_html(start, end, low, high, way)))
    return html("draw/account", lines=lines)


def bar_html(start: float, end: float, low: float, high: float, way: str) -> Markup:
    """A bar from start to end on an axis from low to high; zero is marked. Colour and side both tell the sign."""
    left, zero = (100 * (x - low) / (high - low) for x in (min(start, end), 0.0))
    return html("draw/bar", zero=zero, left=left, width=100 * abs(end - start) / (high - low), way=way)


def _spans(rows: Sequence[Row]) -> list[tuple[float, float]]:
    spans, reached = [], 0.0
    for row in rows[:-1]:
        spans.append((reached, reached + row.log_odds))
        reached = spans[-1][1]
    return [*spans, (0.0, reached)]


def _limits(spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    ends = [x for span in spans for x in span]
    low, high = min(ends), max(ends)
    margin = 0.06 * max(high - low, 1.0)
    return low - margin, high + margin


def _words(row: Row, review: Review) -> str:
    if row.kind == "total":
        return odds(review.prediction.total)
    if row.kind == "prior":
        return odds(row.log_odds)
    return ratio_in_words(row.kind, row.log_odds, review.prediction.contrast)


def contrast_words(contrast: Contrast) -> str:
    """COVID-19 rather than another pneumonia."""
    if contrast.against is None:
        return heading("screen.review.contrast_alone", label=contrast.label)
    return heading("screen.review.contrast_pair", label=contrast.label, against=contrast.against)


def of_modality(review: Review, modality: str) -> Attribution | None:
    """The attribution of a modality, None where there is none."""
    return next((a for a in review.attributions if a.modality == modality), None)


def residual_warnings(review: Review) -> list[str]:
    """A sentence for each attribution that leaves more unexplained than the limit."""
    return [
        t(
            "screen.review.residual",
            modality=str(a.modality),
            residual=f"{abs(a.residual):.3f}",
            limit=RESIDUAL_LIMIT,
        )
        for a in review.attributions
        if abs(a.residual) > RESIDUAL_LIMIT
    ]


def split_shown(attribution: Attribution) -> dict[str, str]:
    """sum, constant and total of an attribution as shown: the constant and what is left for the parts make the total."""
    total, constant = round(attribution.total, 2), round(attribution.constant, 2)
    return {"sum": signed(total - constant), "constant": signed(constant), "total": signed(total)}
