"""Bar charts as plain numbers and positions; the tag `chart_svg` turns them into SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEIGHT: Final = 200  # pixels; across, a chart takes what room there is, so places are percentages
BOTTOM, TOP = 22, 8  # room for the labels below, and air
LABELS: Final = 7  # about as many as fit under the bars without touching


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, `second` stacked on `first`. `partial` marks a span that is not over (today)."""

    label: str
    first: int
    second: int = 0
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in order. Zero bars are kept, so that a quiet day is seen as one."""

    bars: tuple[Bar, ...]

    @property
    def highest(self) -> int:
        return max((bar.first + bar.second for bar in self.bars), default=0)


def histogram(values: Sequence[tuple[int, int]], *, most_bars: int = 20) -> Chart:
    """Scores with how many hold each, as (score, count), in at most `most_bars` equal spans of whole scores."""
    if not values:
        return Chart(())
    low, high = min(score for score, _ in values), max(score for score, _ in values)
    width = max(1, math.ceil((high - low + 1) / most_bars))
    counts = [0] * (math.ceil((high - low + 1) / width))
    for score, count in values:
        counts[(score - low) // width] += count
    starts = [low + index * width for index in range(len(counts))]
    return Chart(
        tuple(
            Bar(str(start) if width == 1 else f"{start}–{min(start + width - 1, high)}", count)
            for start, count in zip(starts, counts, strict=True)
        )
    )


def axis_steps(highest: int) -> list[int]:
    """Round numbers from 0 to at least `highest`, three to six of them: 0, 200, 400, 600."""
    if highest <= 0:
        return [0, 1]
    rough = highest / 5
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough)
    return list(range(0, math.ceil(highest / step) * step + 1, step))
