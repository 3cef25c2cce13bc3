"""The page of remedies says what the code declares."""

from __future__ import annotations

from pathlib import Path

from wellfit.search import FAMILIES

PAGE = Path(__file__).parents[2] / "docs" / "remedies.md"


def _rows() -> dict[str, list[str]]:
    lines = [
        line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line[:2] == "| "
    ]
    # What explains settings has fewer columns.
    return {cells[0]: cells[1:] for cells in lines if len(cells) == 6 and cells[0] not in ("remedy", "---")}


def test_every_remedy_has_a_row_that_holds() -> None:
    """Settings, cost, causes and source in the page are those of the family."""
    rows = _rows()
    assert sorted(rows) == sorted(family.name for family in FAMILIES)
    for family in FAMILIES:
        fields, shared, cost, causes, source = rows[family.name]
        assert [field.strip("`") for field in fields.split(", ")] == sorted(family.fields), family.name
        assert shared == ("yes" if family.is_dynamic else "no"), family.name
        assert float(cost) == family.cost, family.name
        assert causes == ", ".join(f"[{code}](causes/{code}.md)" for code in family.causes), family.name
        assert source == family.source, family.name
