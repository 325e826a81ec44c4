"""Charts as SVG made on the server: they print, follow the theme, and need no script or inline style."""

from collections.abc import Iterator

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from qualadmin.web.charts import BOTTOM, HEIGHT, LABELS, TOP, Bar, Chart, axis_steps
from qualadmin.web.words import grouped

register = template.Library()


@register.simple_tag
def chart_svg(chart: Chart, title: str, first: str, second: str = "") -> SafeString:
    """The drawing. Every number is also in the table that `_chart.html` puts under it."""
    steps = axis_steps(chart.highest)
    scale = (HEIGHT - TOP - BOTTOM) / steps[-1]
    return format_html(
        '<div class="chart"><svg class="scale" aria-hidden="true">{}</svg>'
        '<svg role="img" aria-label="{}">{}{}{}</svg></div>',
        format_html_join("", '<text x="100%" y="{}" text-anchor="end">{}</text>', _scale(steps, scale)),
        f"{title}: the highest bar is {grouped(chart.highest)}. The table below has every number.",
        format_html_join("", _LINE, ((_y(step, scale),) * 2 for step in steps)),
        format_html_join("", _BAR, _bars(chart, scale, first, second)),
        format_html_join("", _LABEL, _labels(chart)),
    )


_LINE = '<line class="axis" x1="0" x2="100%" y1="{}" y2="{}"/>'
_LABEL = '<text class="label{}" x="{}%" y="{}" text-anchor="{}">{}</text>'
_BAR = (
    '<g><title>{}</title><rect class="a{}" x="{}%" y="{}" width="{}%" height="{}" rx="2"/>'
    '<rect class="b{}" x="{}%" y="{}" width="{}%" height="{}" rx="1"/></g>'
)


def _y(value: float, scale: float) -> float:
    return round(HEIGHT - BOTTOM - value * scale, 1)


def _scale(steps: list[int], scale: float) -> Iterator[tuple[object, ...]]:
    for step in steps:
        yield _y(step, scale) + 4, grouped(step)


def _bars(chart: Chart, scale: float, first: str, second: str) -> Iterator[tuple[object, ...]]:
    slot = 100 / max(1, len(chart.bars))
    width = round(min(slot * 0.7, 6), 2)  # few bars must not become walls
    for index, bar in enumerate(chart.bars):
        x = round(index * slot + (slot - width) / 2, 2)
        top, above = _y(bar.first, scale), _y(bar.first + bar.second, scale)
        # A single worker beside thousands is still to be seen: two pixels at least.
        top = min(top, _y(0, scale) - 2) if bar.first else top
        above = min(above, top - 2) if bar.second else top
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


def _labels(chart: Chart) -> Iterator[tuple[object, ...]]:
    """From the last bar backwards: the newest day always has its name. A phone leaves out every other one."""
    slot = 100 / max(1, len(chart.bars))
    every = max(1, -(-len(chart.bars) // LABELS))
    for number, index in enumerate(range(len(chart.bars) - 1, -1, -every)):
        second = " second" if number % 2 else ""
        last = number == 0 and slot < 8  # a narrow last bar has no room to the right of it
        x, anchor = (100.0, "end") if last else (round(index * slot + slot / 2, 2), "middle")
        yield second, x, HEIGHT - 4, anchor, chart.bars[index].label
