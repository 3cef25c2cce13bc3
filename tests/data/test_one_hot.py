"""Which columns stand for one category."""

from __future__ import annotations

from wellfit.data import category_groups


def test_one_hot_columns_of_a_category_belong_together() -> None:
    """Side by side and named alike, the column of missing cells included; small categories are left alone."""
    towns = [f"town={name}" for name in ("Bonn", "Lima", "Oslo", "a=b")]
    names = ["age", *towns, "town is missing", "sex=f", "sex=m", "size", "size is missing"]
    assert category_groups(names) == ((1, 2, 3, 4, 5),)
    assert category_groups(names, min_codes=2) == ((1, 2, 3, 4, 5), (6, 7))


def test_columns_without_names_form_no_groups() -> None:
    """Nor do numbers."""
    assert category_groups(()) == ()
    assert category_groups([f"x{number}" for number in range(9)]) == ()
    assert category_groups(["x"] * 9) == ()
