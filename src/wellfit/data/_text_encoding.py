"""From bytes to text: which encoding a file has."""

from __future__ import annotations

import codecs

import numpy as np

from wellfit.records import FileReadError, SettingsError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive (or an Excel, Word or Keras file)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"\x7fELF", "a program"),
)
_SAMPLE = 1 << 20
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26})


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of `data` and the encoding it was read with.

    Args:
        data: the whole file.
        name: its name, for errors.
        encoding: the encoding, or None to find it out.

    Raises:
        FileReadError: the bytes are not text, or not text in `encoding`.
        SettingsError: there is no such encoding.
    """
    chosen = encoding or detect_encoding(data, name)
    try:
        text = data.decode(chosen)
    except LookupError as error:
        raise SettingsError(
            f"there is no text encoding {chosen!r}.",
            received=f"encoding={chosen!r}",
            expected="a name such as 'utf-8', 'cp1252', 'utf-16' or 'gb18030'",
            fix="leave the encoding out to have it found",
        ) from error
    except UnicodeDecodeError as error:
        raise FileReadError(
            f"{name} is not {chosen} text.",
            received=f"byte {data[error.start]:#04x} at position {error.start}",
            expected=f"text in {chosen}",
            fix="leave the encoding out to have it found, or name another",
        ) from error
    return text.removeprefix("\ufeff"), chosen


def detect_encoding(data: bytes, name: str) -> str:
    """Return the encoding of `data`: by its mark, by zero bytes, as UTF-8, GB18030 or Western European.

    Raises:
        FileReadError: the bytes look like no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    _refuse_known_binary(data, name)
    wide = _wide_encoding(data[:_SAMPLE])
    if wide:
        return wide
    _refuse_control_bytes(data[:_SAMPLE], name)
    if _decodes(data, "utf-8"):
        return "utf-8"
    if _pairs_of_high_bytes(data[:_SAMPLE]) >= 0.9 and _decodes(data, "gb18030"):
        return "gb18030"
    return "cp1252" if _decodes(data, "cp1252") else "latin-1"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _wide_encoding(sample: bytes) -> str:
    """Return UTF-16 without a mark, told by zero bytes that stand on one side of most pairs."""
    values = np.frombuffer(sample[: len(sample) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    if not len(values):
        return ""
    first, second = (values == 0).mean(axis=0)
    # Digits, delimiters and line ends have a zero byte in UTF-16 whatever the language.
    if second > 0.25 and first < 0.01:
        return "utf-16-le"
    return "utf-16-be" if first > 0.25 and second < 0.01 else ""


def _pairs_of_high_bytes(sample: bytes) -> float:
    """Return the share of bytes above 127 that have such a neighbor: near 1 in Chinese, low in French."""
    high = np.frombuffer(sample, dtype=np.uint8) > 127
    if not high.any():
        return 0.0
    padded = np.concatenate([[False], high, [False]])
    paired = high & (padded[:-2] | padded[2:])
    return float(paired.sum() / high.sum())


def _refuse_known_binary(data: bytes, name: str) -> None:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise _binary(name, kind)


def _refuse_control_bytes(sample: bytes, name: str) -> None:
    if sample.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise _binary(name, "a web page or XML document")
    num_control = len(sample) - len(sample.translate(None, _CONTROL))
    if num_control > 0.001 * len(sample) or b"\0" in sample:
        raise _binary(
            name, f"a binary file: {num_control} of the first {len(sample)} bytes are control codes"
        )


def _binary(name: str, kind: str) -> FileReadError:
    return FileReadError(
        f"{name} is not a text table.",
        received=kind,
        expected="a CSV, TSV, Parquet, Arrow, Feather or JSON lines file",
        fix="unpack it, or export the table as CSV or Parquet",
    )
