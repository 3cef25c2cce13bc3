"""Pictures that a report shows: the worst mistakes, and labels in doubt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """One picture with what is known of it.

    Attributes:
        name: its file, or its row.
        png: the picture in small, a PNG file in base64.
        label: the class that it was given.
        predicted: the class that is said of it.
        probability: of the class that is said.
        probability_of_label: of the class that it was given.
        attention: ``[row][column]`` from 0 to 1: where the network found what it says; empty where unknown.
    """

    name: str
    png: str
    label: str
    predicted: str
    probability: float
    probability_of_label: float
    attention: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PictureSheet:
    """What of the pictures is worth looking at.

    Attributes:
        mistakes: pictures of the holdout that the chosen network gets wrong, the worst first.
        num_mistakes: how many there are of them.
        num_holdout: pictures in the holdout.
        suspects: pictures to learn from whose label is in doubt, the most doubtful first.
        num_suspects: how many there are of them.
        num_judged: pictures to learn from that networks judged which had not learned from them.
        attention_layer: layer whose maps `attention` is made of; empty where there is none.
    """

    mistakes: tuple[Thumbnail, ...] = ()
    num_mistakes: int = 0
    num_holdout: int = 0
    suspects: tuple[Thumbnail, ...] = ()
    num_suspects: int = 0
    num_judged: int = 0
    attention_layer: str = ""
