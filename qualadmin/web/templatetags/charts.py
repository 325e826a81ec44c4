"""Charts as SVG made on the server: they print, follow the theme, and need no script or inline style."""

from collections.abc import Iterator

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from qualadmin.web.charts import BOTTOM, HEIGHT, LABELS, LEFT, TOP, WIDTH, Bar, Chart, axis_steps
from qualadmin.web.words import grouped

register = template.Library()


@register.simple_tag
def chart_svg(chart: Chart, title: str, first: str, second: str = "") -> SafeString:
    """The drawing. Every number is also in the table that `_chart.html` puts under it."""
    steps = axis_steps(chart.highest)
    scale = (HEIGHT - TOP - BOTTOM) / steps[-1]
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        f"{title}: the highest bar is {grouped(chart.highest)}. The table below has every number.",
        format_html_join("", _AXIS, _axis(steps, scale)),
        format_html_join("", _BAR, _bars(chart, scale, first, second)),
        format_html_join("", '<text x="{}" y="{}" text-anchor="middle">{}</text>', _labels(chart)),
    )


_AXIS = '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
_BAR = (
    '<g><title>{}</title><rect class="a{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
    '<rect class="b{}" x="{}" y="{}" width="{}" height="{}" rx="1"/></g>'
)


def _y(value: float, scale: float) -> float:
    return round(HEIGHT - BOTTOM - value * scale, 1)


def _axis(steps: list[int], scale: float) -> Iterator[tuple[object, ...]]:
    for step in steps:
        y = _y(step, scale)
        yield LEFT, WIDTH, y, y, LEFT - 6, y + 4, grouped(step)


def _bars(chart: Chart, scale: float, first: str, second: str) -> Iterator[tuple[object, ...]]:
    slot = (WIDTH - LEFT) / max(1, len(chart.bars))
    for index, bar in enumerate(chart.bars):
        x, width = round(LEFT + index * slot + slot * 0.15, 1), round(slot * 0.7, 1)
        top, above = _y(bar.first, scale), _y(bar.first + bar.second, scale)
        faded = " part" if bar.partial else ""
        # One pixel of air between the two parts, so that they read as two.
        yield (
            _tip(bar, first, second),
            *(faded, x, top, width, round(_y(0, scale) - top, 1)),
            *(faded, x, above - (1 if bar.second else 0), width, round(top - above, 1)),
        )


def _tip(bar: Bar, first: str, second: str) -> str:
    when = f"{bar.label} (so far)" if bar.partial else bar.label
    more = f", {grouped(bar.second)} {second.lower()}" if second else ""
    return f"{when}: {grouped(bar.first)} {first.lower()}{more}"


def _labels(chart: Chart) -> Iterator[tuple[float, int, str]]:
    slot = (WIDTH - LEFT) / max(1, len(chart.bars))
    every = max(1, -(-len(chart.bars) // LABELS))
    for index in range(0, len(chart.bars), every):
        yield round(LEFT + index * slot + slot / 2, 1), HEIGHT - 5, chart.bars[index].label
