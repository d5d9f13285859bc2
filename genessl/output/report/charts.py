"""Geometry of a chart that shows one number per model as a dot with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WIDTH, _LEFT, _RIGHT = 360, 150, 46
_ROW, _TOP, _AXIS = 22, 6, 22
_STEP = 0.2


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval over genes; the interval is NaN if there is none."""

    value: float
    low: float
    high: float
    n_genes: int


@dataclass(frozen=True)
class Mark:
    """One model: position of its dot and interval in pixels, and its value as text."""

    model: str
    y: float
    x: float
    low: float
    high: float
    value: str


@dataclass(frozen=True)
class Chart:
    """Marks from top to bottom, the axis, and a line at the value of a reference model if there is one; in pixels."""

    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    reference: float | None
    width: int
    height: int
    axis: int


def dot_chart(estimates: Mapping[str, Estimate], order: Sequence[str], end: float, reference: str) -> Chart:
    """Return the geometry of a chart.

    Parameters
    ----------
    estimates : mapping of model to Estimate
    order : sequence of str
        Models from top to bottom; those without an estimate are left out.
    end : float
        The end of the axis, as `axis_end` returns it.
    reference : str
        The model whose value is marked by a line.
    """
    shown = [model for model in order if model in estimates]
    axis = _TOP + _ROW * len(shown)
    return Chart(
        marks=tuple(_mark(model, estimates[model], row, end) for row, model in enumerate(shown)),
        ticks=tuple((_x(step * _STEP, end), f"{step * _STEP:.1f}") for step in range(round(end / _STEP) + 1)),
        reference=_x(estimates[reference].value, end) if reference in shown else None,
        width=_WIDTH,
        height=axis + _AXIS,
        axis=axis,
    )


def axis_end(estimates: Sequence[Estimate]) -> float:
    """Return the smallest multiple of 0.2, at most 1, that is at least as large as all values and intervals."""
    numbers = [number for estimate in estimates for number in (estimate.value, estimate.high) if not math.isnan(number)]
    steps = math.ceil(round(max(numbers, default=1.0) / _STEP, 6))
    return min(1.0, max(1, steps) * _STEP)


def _mark(model: str, estimate: Estimate, row: int, end: float) -> Mark:
    low = estimate.value if math.isnan(estimate.low) else estimate.low
    high = estimate.value if math.isnan(estimate.high) else estimate.high
    y = _TOP + _ROW * (row + 0.5)
    return Mark(model, y, _x(estimate.value, end), _x(low, end), _x(high, end), f"{estimate.value:.3f}")


def _x(value: float, end: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * value / end, 1)
