"""Whether the values that a known backbone gets are those that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

# Ranges that pictures are brought to: low and high, over all channels.
CONVENTIONS = {
    "pixels from 0 to 255": (0.0, 255.0),
    "pixels from 0 to 1": (0.0, 1.0),
    "pixels from -1 to 1": (-1.0, 1.0),
    "pixels minus the means of ImageNet": (-123.68, 151.061),
    "pixels minus the means of ImageNet over its deviations": (-2.118, 2.64),
}
_NEAR = 0.25
"""Distance of both ends, as a share of the span, up to which a range is that of a convention: pictures
without black or white reach less far."""
_LEAST = 0.02
"""Share of the expected span below which not even pale pictures stay."""
_MOST = 1.5


def range_fault(expected: Sequence[float], received: Sequence[float]) -> str:
    """Return what a range looks like if it is not the expected one, or an empty string.

    It is another one only where that is plain: it has the ends of another convention and not those that are
    expected, or its span is out of all proportion.

    Args:
        expected: lowest and highest value that the network was trained on.
        received: lowest and highest value that it gets.

    Example:
        >>> range_fault((-1.0, 1.0), (0.0, 1.0))
        'pixels from 0 to 1'
        >>> range_fault((-1.0, 1.0), (-0.9, 0.8))
        ''
    """
    if _distance(received, expected) <= _NEAR:
        return ""
    name, other = min(CONVENTIONS.items(), key=lambda item: _distance(received, item[1]))
    if _distance(received, other) <= _NEAR and _distance(other, expected) > _NEAR:
        return name
    span, wanted = received[1] - received[0], expected[1] - expected[0]
    return "another unit" if not _LEAST * wanted <= span <= _MOST * wanted else ""


def _distance(found: Sequence[float], wanted: Sequence[float]) -> float:
    return (abs(found[0] - wanted[0]) + abs(found[1] - wanted[1])) / (wanted[1] - wanted[0])
