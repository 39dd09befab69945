"""Charts as pictures (SVG) that stand in a page: they take its colours, so that they read in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.statistics import Estimate

if TYPE_CHECKING:
    import altair

INK = "#010203"
"""Stands for the text's colour until the picture is made."""
PALETTE = ("#4c78a8", "#e07b39", "#3a9d7c", "#b5658f", "#8a7fb8", "#b59a2d")
"""Distinct on white and on black, and for most of those who see fewer colours."""
WIDTH = 560
_ROW = 26
_HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of a waterfall: what comes with a stage."""

    name: str
    start: float
    end: float


def means_chart(metric: str, estimates: Mapping[str, Estimate]) -> str:
    """A metric's mean with its 95% interval for each configuration."""
    import altair as alt

    rows = [
        {"configuration": name, "mean": one.mean, "low": one.low, "high": one.high} for name, one in estimates.items()
    ]
    across = alt.Y("configuration:N", sort=None, title=None)
    whole = alt.Chart(_data(rows))
    scale = alt.Scale(zero=False, nice=True)
    line = whole.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=metric, scale=scale), x2="high:Q", y=across)
    point = whole.mark_point(size=70, filled=True, opacity=1).encode(x="mean:Q", y=across)
    coloured = alt.layer(line, point).encode(color=_colour(list(estimates)))
    return _svg(coloured.properties(width=WIDTH, height=_ROW * len(rows)))


def depth_chart(title: str, curves: Mapping[str, Sequence[tuple[float, float]]], *, depth: str) -> str:
    """A share (0 to 1) against how deep one looks, on a logarithmic scale, a line for each configuration."""
    import altair as alt

    rows = [{"configuration": name, "depth": x, "share": y} for name, points in curves.items() for x, y in points]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X(
            "depth:Q",
            title=depth,
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(values=sorted({x for points in curves.values() for x, _ in points}), format="d"),
        ),
        y=alt.Y("share:Q", title=title, scale=alt.Scale(zero=False)),
        color=_colour(list(curves), legend=True),
    )
    return _svg(
        alt.layer(base.mark_line(), base.mark_point(filled=True, opacity=1)).properties(width=WIDTH, height=_HEIGHT)
    )


def latency_chart(metric: str, points: Mapping[str, tuple[float, Estimate]]) -> str:
    """Quality with its interval against the median time of a query, in milliseconds."""
    import altair as alt

    rows = [
        {"configuration": name, "ms": ms, "mean": one.mean, "low": one.low, "high": one.high}
        for name, (ms, one) in points.items()
    ]
    x = alt.X(
        "ms:Q",
        title="median time of a query (ms)",
        scale=alt.Scale(domain=[0, 1.2 * max(ms for ms, _ in points.values())]),
    )
    whole = alt.Chart(_data(rows))
    line = whole.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", title=metric, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    point = whole.mark_point(size=70, filled=True, opacity=1).encode(x=x, y="mean:Q")
    label = whole.mark_text(align="left", dx=8, color=INK).encode(x=x, y="mean:Q", text="configuration:N")
    coloured = alt.layer(line, point).encode(color=_colour(list(points)))
    return _svg(alt.layer(coloured, label).properties(width=WIDTH, height=_HEIGHT))


def waterfall_chart(metric: str, steps: Sequence[Step]) -> str:
    """What each stage adds to a metric, or takes: each bar begins where the one before it ended."""
    import altair as alt

    reached = [value for step in steps[1:] for value in (step.start, step.end)] + [steps[0].end]
    floor = max(0.0, min(reached) - 0.2 * (max(reached) - min(reached)) - 0.02)
    rows = [
        {
            "stage": step.name,
            "start": floor if first else step.start,
            "end": step.end,
            "top": step.end if first else max(step.start, step.end),
            "change": f"{step.end:.3f}" if first else f"{step.end - step.start:+.3f}",
            "kind": "first" if first else "more" if step.end >= step.start else "less",
        }
        for first, step in ((place == 0, step) for place, step in enumerate(steps))
    ]
    base = alt.Chart(_data(rows)).encode(x=alt.X("stage:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)))
    bars = base.mark_bar(size=46).encode(
        y=alt.Y("start:Q", title=metric, scale=alt.Scale(domain=[floor, max(reached)], nice=False)),
        y2="end:Q",
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=["first", "more", "less"], range=[PALETTE[0], PALETTE[2], PALETTE[1]]),
            legend=None,
        ),
    )
    label = base.mark_text(dy=-8, color=INK).encode(y="top:Q", text="change:N")
    return _svg(alt.layer(bars, label).properties(width=WIDTH, height=_HEIGHT))


def risk_chart(curve: Sequence[Mapping[str, float]]) -> str:
    """The share of wrong answers among those given, against the share of questions that are answered."""
    import altair as alt

    base = alt.Chart(_data([dict(point) for point in curve])).encode(
        x=alt.X("coverage:Q", title="share of questions answered", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("risk:Q", title="share of answers wrong", scale=alt.Scale(domain=[0, 1])),
    )
    return _svg(base.mark_line(color=PALETTE[0], point={"color": PALETTE[0]}).properties(width=WIDTH, height=_HEIGHT))


def _data(rows: Sequence[Mapping[str, object]]) -> altair.InlineData:
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def _colour(names: Sequence[str], *, legend: bool = False) -> altair.Color:
    import altair as alt

    colours = [PALETTE[place % len(PALETTE)] for place in range(len(names))]
    shown = alt.Legend(title=None, orient="bottom") if legend else None
    return alt.Color("configuration:N", scale=alt.Scale(domain=list(names), range=colours), legend=shown)


def _svg(chart: altair.LayerChart | altair.FacetChart | altair.Chart) -> str:
    import vl_convert

    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    styled = chart.configure(background="transparent", font="sans-serif").configure_axis(
        **text,
        titlePadding=12,
        domainColor=INK,
        tickColor=INK,
        gridColor=INK,
        gridOpacity=0.12,
        domainOpacity=0.4,
        tickOpacity=0.4,
    )
    plain = styled.configure_view(stroke=None).configure_legend(**text).configure_text(fontSize=12)
    picture: str = vl_convert.vegalite_to_svg(plain.to_json(), allowed_base_urls=[])
    return picture.replace(INK, "currentColor")
