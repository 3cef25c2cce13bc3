"""Numbers as a reader wants them: three significant digits, one scale for an estimate and its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable

from wellfit.records import Effect

NOT_AVAILABLE = "n/a"
_MOST_DECIMALS = 8


def decimals_for(value: float, digits: int = 3) -> int:
    """Return how many decimals show `value` with `digits` significant digits.

    Example:
        >>> decimals_for(0.0123)
        4
    """
    if not math.isfinite(value) or value == 0:
        return 0
    return min(max(digits - 1 - math.floor(math.log10(abs(value))), 0), _MOST_DECIMALS)


def number(value: float, decimals: int | None = None) -> str:
    """Return `value` with three significant digits, or a given number of decimals; whole digits stay.

    Example:
        >>> number(0.69314), number(12345.6), number(0.0000123), number(float("nan"))
        ('0.693', '12,346', '1.23e-5', 'n/a')
    """
    if math.isnan(value):
        return NOT_AVAILABLE
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0" if not decimals else f"{0:.{decimals}f}"
    if decimals is None and (abs(value) < 1e-4 or abs(value) >= 1e9):
        return _scientific(value)
    text = f"{value:,.{decimals_for(value) if decimals is None else decimals}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def signed(value: float, decimals: int | None = None) -> str:
    """Return `number` with a plus sign in front of a positive value.

    Example:
        >>> signed(0.0123), signed(-2.0)
        ('+0.0123', '-2.00')
    """
    text = number(value, decimals)
    shows_zero = not any(digit in text for digit in "123456789")
    return f"+{text}" if value > 0 and math.isfinite(value) and not shows_zero else text


def common_decimals(values: tuple[float, ...], width: float = math.nan) -> int:
    """Return decimals for numbers that are read together: three digits of the largest, two of `width`."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max(finite, default=0.0)
    return min(max(decimals_for(largest), decimals_for(width, digits=2)), _MOST_DECIMALS)


def interval(estimate: float, low: float, high: float, places: int | None = None) -> tuple[str, str, str]:
    """Return an estimate and the ends of its interval, signed, with the same decimals.

    `places` is the number of decimals of a column of intervals; one far larger or smaller keeps its own.

    Example:
        >>> interval(0.0123, -0.0002, 0.0248)
        ('+0.0123', '-0.0002', '+0.0248')
    """
    values = (estimate, low, high)
    finite = [abs(value) for value in values if math.isfinite(value) and value != 0]
    if finite and max(finite) < 1e-5:
        return signed(estimate), signed(low), signed(high)
    own = common_decimals(values, high - low)
    places = own if places is None or abs(own - places) > 1 else places
    return signed(estimate, places), signed(low, places), signed(high, places)


def column_decimals(effects: Iterable[Effect | None]) -> int | None:
    """Return decimals for effects that stand in one column: two digits of the median half-interval.

    None where no effect has an interval.
    """
    widths = sorted((effect.high - effect.low) / 2 for effect in effects if effect is not None)
    widths = [width for width in widths if math.isfinite(width) and width > 0]
    return decimals_for(widths[len(widths) // 2], digits=2) if widths else None


def effect_line(effect: Effect | None, places: int | None = None) -> str:
    """Return ``+0.0123 [-0.0002, +0.0248]``, or ``not measured``; `places` as in `interval`."""
    if effect is None or math.isnan(effect.estimate):
        return "not measured"
    estimate, low, high = interval(effect.estimate, effect.low, effect.high, places)
    if math.isnan(effect.low) and math.isnan(effect.high):
        return f"{estimate} [no interval]"
    return f"{estimate} [{low}, {high}]"


def probability(value: float) -> str:
    """Return a p-value: ``<0.001``, two significant digits, or ``n/a``.

    Example:
        >>> probability(0.00004), probability(0.0312), probability(1.0)
        ('<0.001', '0.031', '1')
    """
    if math.isnan(value):
        return NOT_AVAILABLE
    if value < 0.001:
        return "<0.001"
    return f"{value:.2g}" if value < 0.995 else "1"


def duration(seconds: float) -> str:
    """Return seconds for a reader: ``0.42 s``, ``12.3 s``, ``4 min 05 s`` or ``2 h 03 min``.

    Example:
        >>> duration(0.42), duration(245.0), duration(7380.0)
        ('0.420 s', '4 min 05 s', '2 h 03 min')
    """
    if not math.isfinite(seconds):
        return NOT_AVAILABLE
    whole = round(seconds)
    if seconds < 99.5:
        return f"{number(seconds)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
