"""A finished page in another language: its texts and labels are said anew, its tags and its code stay."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser

from wellfit.report._translate import Say

_AS_IT_IS = {"code", "pre", "script", "style"}
_VOID = {"meta", "link", "img", "br", "hr", "input"}
_LABELS = re.compile(r'\b(aria-label|alt|title|data-curves)="([^"]*)"')
_LANGUAGE = re.compile(r'\blang="[^"]*"')
# Between English words a space stands outside a tag; between Chinese ones there is none.
_SPACE_OUTSIDE = re.compile(r"^ +(?=[\u3000-\u9fff\uff00-\uffef])|(?<=[\u3000-\u9fff\uff00-\uffef]) +$")
_FONTS = (
    "'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', "
    "'Source Han Sans SC', 'WenQuanYi Zen Hei', 'WenQuanYi Micro Hei', sans-serif"
)


def translate_page(page: str, say: Say, tag: str) -> str:
    """Return `page` with every visible text and every label said by `say`.

    What stands in `code` and `pre`, and in elements that name a language of their own, stays as it is.

    Args:
        page: a whole document in English.
        say: from English to the other language.
        tag: of the other language, for the `lang` attribute.
    """
    walker = _Walker(say, tag)
    walker.feed(page)
    walker.close()
    walker.flush()
    return "".join(walker.parts)


def with_fonts(page: str) -> str:
    """Return `page` with fonts for Chinese after its own: Latin letters look as they do in English."""
    return re.sub(r"(?<=DejaVu Sans[\"'], )sans-serif", _FONTS, page)


class _Walker(HTMLParser):
    """Writes down what it reads, with texts and labels said anew."""

    def __init__(self, say: Say, tag: str) -> None:
        super().__init__(convert_charrefs=False)
        self.say = say
        self.language = tag
        self.parts: list[str] = []
        self.text = ""
        self.open: list[tuple[str, bool]] = []

    def flush(self) -> None:
        """Write the text since the last tag."""
        text, self.text = self.text, ""
        if self._is_kept():
            self.parts.append(text)
            return
        plain = html.unescape(text).replace("\u00a0%", " %")
        said = self.say(plain)
        if said != plain:
            text = html.escape(_SPACE_OUTSIDE.sub("", said).replace(" %", "\u00a0%"), quote=False)
        self.parts.append(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.flush()
        source = self.get_starttag_text() or ""
        is_kept = self._is_kept()
        if tag == "html":
            source = _LANGUAGE.sub(f'lang="{self.language}"', source)
        elif not is_kept:
            source = _LABELS.sub(self._label, source)
        self.parts.append(source)
        if tag not in _VOID and not source.endswith("/>"):
            foreign = tag != "html" and any(name == "lang" for name, _ in attrs)
            # The parser lowers names; drawings have some that do not read so (clipPath).
            written = source[1 : 1 + len(tag)]
            self.open.append((written, is_kept or foreign or tag in _AS_IT_IS))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.flush()
        written = tag
        while self.open:
            written, _ = self.open.pop()
            if written.lower() == tag:
                break
        self.parts.append(f"</{written}>")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_entityref(self, name: str) -> None:
        self.text += f"&{name};"

    def handle_charref(self, name: str) -> None:
        self.text += f"&#{name};"

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self.flush()
        self.parts.append(f"<!--{data}-->")

    def _is_kept(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def _label(self, match: re.Match[str]) -> str:
        name, value = match[1], html.unescape(match[2])
        said = _curves(value, self.say) if name == "data-curves" else self.say(value)
        return match[0] if said == value else f'{name}="{html.escape(said)}"'


def _curves(value: str, say: Say) -> str:
    """Return what the page's script reads values off by, with the names of the curves said anew."""
    readout = json.loads(value)
    for line in readout["lines"]:
        line["name"] = say(line["name"])
    return json.dumps(readout, separators=(",", ":"), ensure_ascii=False)
