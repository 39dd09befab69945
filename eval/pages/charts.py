"""Figures as pictures (SVG) that stand in a page: they take its colours, so that they read in light and dark.

A chart is as wide as a telephone, names aside, and is never made smaller, so that its letters can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from eval.comparison import BETTER, NOT_DISTINGUISHABLE, WORSE
from eval.pages.figures import OUTCOMES
from eval.pages.page import Figure, Kind

if TYPE_CHECKING:
    import altair

    Drawn = altair.Chart | altair.LayerChart | altair.FacetChart

INK = "#010203"
"""Stands for the text's colour until the picture is made."""
PALETTE = ("#4c78a8", "#e07b39", "#3a9d7c", "#b5658f", "#8a7fb8", "#b59a2d")
"""Distinct on white and on black, and for most of those who see fewer colours."""
GREY = "#8c8c8c"
WIDTH = 270
_ROW = 26
_HEIGHT = 200
_BAR = 46
_ROW_OF_LETTERS = 24
_LETTERS, _MEASURED = 12, 14
"""The size of letters, and that at which room is made for them: a browser's may be wider than those measured here."""


def chart(figure: Figure) -> str:
    """The SVG of a figure."""
    return _svg(_DRAWN[figure.kind](figure))


def _means(figure: Figure) -> Drawn:
    """A metric's mean with its 95% interval for each configuration."""
    import altair as alt

    across = alt.Y("configuration:N", sort=None, title=None)
    whole = alt.Chart(_data(figure.rows))
    x = alt.X("low:Q", title=figure.measure, scale=alt.Scale(zero=False, nice=True))
    line = whole.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=across)
    point = whole.mark_point(size=70, filled=True, opacity=1).encode(x="mean:Q", y=across)
    coloured = alt.layer(line, point).encode(color=_colour(figure))
    return coloured.properties(width=WIDTH, height=_ROW * len(figure.rows))


def _differences(figure: Figure) -> Drawn:
    """Paired differences with their intervals, a metric a row, in the colour of the verdict."""
    import altair as alt

    verdicts = {BETTER: PALETTE[2], WORSE: PALETTE[1], NOT_DISTINGUISHABLE: GREY}
    across = alt.Y("metric:N", sort=None, title=None)
    whole = alt.Chart(_data(figure.rows))
    zero = alt.Chart(_data([{"difference": 0}])).mark_rule(color=INK, opacity=0.5).encode(x="difference:Q")
    line = whole.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=figure.measure), x2="high:Q", y=across)
    point = whole.mark_point(size=70, filled=True, opacity=1).encode(x="difference:Q", y=across)
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=list(verdicts), range=list(verdicts.values())),
        legend=_legend([*verdicts]),
    )
    coloured = alt.layer(line, point).encode(color=colour)
    return alt.layer(zero, coloured).properties(width=WIDTH, height=_ROW * len(figure.rows))


def _depth(figure: Figure) -> Drawn:
    """A share (0 to 1) against how deep one looks, on a logarithmic scale, a line for each configuration."""
    import altair as alt

    rows = [{**row, "depth": row[figure.measure]} for row in figure.rows]
    x = alt.X(
        "depth:Q",
        title=figure.measure,
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=sorted({float(row["depth"]) for row in rows}), format="d"),
    )
    y = alt.Y("recall:Q", scale=alt.Scale(zero=False))
    base = alt.Chart(_data(rows)).encode(x=x, y=y, color=_colour(figure, legend=True))
    return alt.layer(base.mark_line(), base.mark_point(filled=True, opacity=1)).properties(width=WIDTH, height=_HEIGHT)


def _latency(figure: Figure) -> Drawn:
    """Quality with its interval against the median time of a query, in milliseconds."""
    import altair as alt

    longest = max(float(row["p50 ms"]) for row in figure.rows)
    x = alt.X("p50 ms:Q", title="median time of a query (ms)", scale=alt.Scale(domain=[0, 1.1 * longest]))
    whole = alt.Chart(_data(figure.rows))
    y = alt.Y("low:Q", title=figure.measure, scale=alt.Scale(zero=False))
    line = whole.mark_rule(strokeWidth=2).encode(x=x, y=y, y2="high:Q")
    point = whole.mark_point(size=70, filled=True, opacity=1).encode(x=x, y="mean:Q")
    return alt.layer(line, point).encode(color=_colour(figure, legend=True)).properties(width=WIDTH, height=_HEIGHT)


def _stages(figure: Figure) -> Drawn:
    """What each stage adds to a metric, or takes: each bar begins where the one before it ended."""
    import altair as alt

    first, *rest = figure.rows
    reached = [float(row[end]) for row in rest for end in ("from", "to")] + [float(first["to"])]
    floor = max(0.0, min(reached) - 0.2 * (max(reached) - min(reached)) - 0.02)
    rows: list[dict[str, object]] = [
        {"stage": first["stage"], "start": floor, "end": first["to"], "change": f"{first['to']:.3f}", "kind": "first"}
    ]
    rows += [_step(str(row["stage"]), float(row["from"]), float(row["to"])) for row in rest]
    width = max(WIDTH, 2 * _BAR * len(rows))
    axis = alt.Axis(labelAngle=0, labelLimit=width // len(rows))
    base = alt.Chart(_data([{**row, "top": max(float(str(row["start"])), float(str(row["end"])))} for row in rows]))
    base = base.encode(x=alt.X("stage:N", sort=None, title=None, axis=axis))
    kinds = alt.Scale(domain=["first", "more", "less"], range=[PALETTE[0], PALETTE[2], PALETTE[1]])
    scale = alt.Scale(domain=[floor, max(reached)], nice=False)
    bars = base.mark_bar(size=_BAR).encode(
        y=alt.Y("start:Q", title=figure.measure, scale=scale),
        y2="end:Q",
        color=alt.Color("kind:N", scale=kinds, legend=None),
    )
    label = base.mark_text(dy=-8, color=INK).encode(y="top:Q", text="change:N")
    return alt.layer(bars, label).properties(width=width, height=_HEIGHT)


def _step(stage: str, start: float, end: float) -> dict[str, object]:
    kind = "more" if end >= start else "less"
    return {"stage": stage, "start": start, "end": end, "change": f"{end - start:+.3f}", "kind": kind}


def _risk(figure: Figure) -> Drawn:
    """The share of wrong answers among those given, against the share of questions that are answered."""
    import altair as alt

    base = alt.Chart(_data(figure.rows)).encode(
        x=alt.X("coverage:Q", title="share of questions answered", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("risk:Q", title=figure.measure, scale=alt.Scale(domain=[0, 1])),
        color=_colour(figure, legend=len(_configurations(figure)) > 1),
    )
    return alt.layer(base.mark_line(), base.mark_point(filled=True, opacity=1)).properties(width=WIDTH, height=_HEIGHT)


def _confidence(figure: Figure) -> Drawn:
    """How many questions of each outcome lie in each tenth of confidence, one outcome on the other."""
    import altair as alt

    rows = [
        {
            "start": row["confidence from"],
            "end": row["to"],
            "outcome": outcome,
            "questions": row[outcome],
            "order": order,
        }
        for row in figure.rows
        for order, outcome in enumerate(OUTCOMES)
    ]
    scale = alt.Scale(domain=list(OUTCOMES), range=[PALETTE[2], PALETTE[1], GREY])
    bars = alt.Chart(_data(rows)).mark_bar(stroke=None, binSpacing=1)
    coloured: Drawn = bars.encode(
        x=alt.X("start:Q", bin="binned", title="confidence", scale=alt.Scale(domain=[0, 1])),
        x2="end:Q",
        y=alt.Y("questions:Q", title=figure.measure, axis=alt.Axis(tickMinStep=1, format="d")),
        color=alt.Color("outcome:N", scale=scale, legend=_legend(OUTCOMES)),
        order="order:Q",
    )
    return coloured.properties(width=WIDTH, height=_HEIGHT)


_DRAWN: Mapping[Kind, Callable[[Figure], Drawn]] = {
    "means": _means,
    "stages": _stages,
    "latency": _latency,
    "depth": _depth,
    "risk": _risk,
    "confidence": _confidence,
    "differences": _differences,
}


def _data(rows: Sequence[Mapping[str, object]]) -> altair.InlineData:
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def _configurations(figure: Figure) -> list[str]:
    return [str(name) for name in dict.fromkeys(row["configuration"] for row in figure.rows)]


def _colour(figure: Figure, *, legend: bool = False) -> altair.Color:
    import altair as alt

    names = _configurations(figure)
    colours = [PALETTE[place % len(PALETTE)] for place in range(len(names))]
    shown = _legend(names) if legend else None
    return alt.Color("configuration:N", scale=alt.Scale(domain=names, range=colours), legend=shown)


def _legend(names: Sequence[str]) -> altair.Legend:
    """Below the chart, in one row where that is no wider than the chart."""
    import altair as alt

    in_a_row = sum(map(len, names)) <= _ROW_OF_LETTERS
    return alt.Legend(title=None, orient="bottom", columns=len(names) if in_a_row else 1, labelLimit=0)


def _svg(drawn: Drawn) -> str:
    import vl_convert

    text = {"labelColor": INK, "labelFontSize": _MEASURED}
    styled = drawn.configure(background="transparent", font="sans-serif").configure_axis(
        **text,
        titleColor=INK,
        titleFontSize=_MEASURED,
        titleFontWeight="normal",
        labelLimit=0,
        titlePadding=8,
        domainColor=INK,
        tickColor=INK,
        gridColor=INK,
        gridOpacity=0.12,
        domainOpacity=0.4,
        tickOpacity=0.4,
    )
    plain = styled.configure_view(stroke=None).configure_legend(**text).configure_text(fontSize=_MEASURED)
    picture: str = vl_convert.vegalite_to_svg(plain.to_json(), allowed_base_urls=[])
    return picture.replace(INK, "currentColor").replace(f'"{_MEASURED}px"', f'"{_LETTERS}px"')
