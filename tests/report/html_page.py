"""HTML as tests look at it: its tags, attributes and text."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

_VOID = {"meta", "path", "use", "rect", "br", "img"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and refuses elements that close what is not open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.style = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count a tag and keep its attributes."""
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an empty element."""
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes what was opened last."""
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the style, and text that a reader sees: a script is none."""
        if self.open and self.open[-1] == "style":
            self.style += data
        elif not self.open or self.open[-1] != "script":
            self.text.append(data)

    @property
    def words(self) -> str:
        """What a reader sees, with single spaces."""
        return " ".join(" ".join(self.text).split())
