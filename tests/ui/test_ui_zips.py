"""Pictures in a zip file: unpacked where they belong and nowhere else, all of them or none."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from wellfit.records import DataError
from wellfit.ui._zips import unpack_pictures

MOST = 10_000


def packed(names: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    """Return a zip file with these names and contents."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in names.items():
            archive.writestr(zipfile.ZipInfo(name) if name.endswith("/") else name, content)
    return stream


def unpacked(root: Path, stream: io.BytesIO, name: str = "pets.zip") -> Path:
    """Unpack with a small limit."""
    return unpack_pictures(root, name, stream, max_bytes=MOST)


def files(root: Path) -> set[str]:
    """Return all files below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


GOOD = {"cat/1.png": b"1", "dog/1.JPG": b"2"}


@pytest.mark.parametrize("above", ["", "my pets/", "a/b/"])
def test_classes_become_folders(tmp_path, above):
    """Whatever lies above the classes is left away, hidden and other files are left out."""
    more = {f"{above}": b"", f"{above}cat/": b"", f"{above}read me.txt": b"hello", f"{above}.DS_Store": b""}
    more |= {f"__MACOSX/{above}cat/._1.png": b"", f"{above}dog/größer 2.png": b"3"}
    names = {name: content for name, content in more.items() if name}
    folder = unpacked(tmp_path, packed({f"{above}{name}": content for name, content in GOOD.items()} | names))
    assert folder == tmp_path / "pets"
    assert files(folder) == {"cat/1.png", "dog/1.jpg", "dog/größer 2.png"}
    assert (folder / "dog/1.jpg").read_bytes() == b"2"
    assert [path.name for path in tmp_path.iterdir()] == ["pets"]


def test_a_folder_of_that_name_stays_as_it_is(tmp_path):
    """The new one gets a number."""
    (tmp_path / "pets").mkdir()
    assert unpacked(tmp_path, packed(GOOD)).name == "pets-2"
    assert files(tmp_path / "pets") == set()


@pytest.mark.parametrize(
    "name",
    ["../cat/2.png", "cat/../../2.png", "/etc/cat/2.png", "..\\cat\\2.png", "C:\\cat\\2.png", "C:cat/2.png"],
)
def test_paths_that_lead_elsewhere(tmp_path, name):
    """They are refused, and nothing is unpacked at all."""
    root = tmp_path / "folder"
    root.mkdir()
    with pytest.raises(DataError, match="leads elsewhere"):
        unpacked(root, packed(GOOD | {name: b"3"}))
    assert files(tmp_path) == set()
    assert list(root.iterdir()) == []


def test_links(tmp_path):
    """A link is refused: it could lead to any file that this user can read."""
    info = zipfile.ZipInfo("cat/2.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = packed(GOOD)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="a link"):
        unpacked(tmp_path, stream)
    assert list(tmp_path.iterdir()) == []


def test_bombs(tmp_path):
    """What comes out is counted while it is written; what the headers say of it is not relied on."""
    stream = packed(GOOD | {"cat/2.png": bytes(5 * MOST)})
    assert stream.getbuffer().nbytes < MOST
    with pytest.raises(DataError, match="too large unpacked"):
        unpacked(tmp_path, stream)
    spread = packed({f"cat/{number}.png": bytes(MOST) for number in range(5)} | GOOD)
    with pytest.raises(DataError, match="too large unpacked"):
        unpacked(tmp_path, spread)
    lying = stream.getvalue().replace(struct.pack("<I", 5 * MOST), struct.pack("<I", 5))
    with pytest.raises(DataError):
        unpacked(tmp_path, io.BytesIO(lying))
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_contents_that_is_too_long(tmp_path):
    """It is refused by its length, before it is read."""
    content = bytearray(packed(GOOD).getvalue())
    place = content.rindex(b"PK\x05\x06") + 12
    content[place : place + 4] = struct.pack("<I", 2**30)
    with pytest.raises(DataError, match="more files than can be unpacked"):
        unpacked(tmp_path, io.BytesIO(bytes(content)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a zip file"),
        (b"PK\x03\x04 no zip", "cannot be read as a zip file"),
        (packed({"cat/1.png": b"1"}).getvalue(), "1 sub-folders"),
        (packed({"1.png": b"1", "2.png": b"1"}).getvalue(), "does not hold classes"),
        (packed({"cat/a.txt": b"1", "dog/b.txt": b"1"}).getvalue(), "does not hold classes"),
        (packed({f"{part}/{n}": b"1" for part in "ab" for n in GOOD}).getvalue(), "several folders"),
        (packed(GOOD | {"Cat/2.png": b"1"}).getvalue(), "differ too little"),
        (packed(GOOD, zipfile.ZIP_LZMA).getvalue(), "unusual way"),
        (packed(GOOD).getvalue()[:-30], "cannot be read as a zip file"),
    ],
)  # fmt: skip
def test_what_is_no_zip_of_classes(tmp_path, content, words):
    """It is refused with what is expected, and leaves nothing behind."""
    with pytest.raises(DataError) as refused:
        unpacked(tmp_path, io.BytesIO(content))
    assert words in str(refused.value)
    assert "flowers/rose/1.jpg" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_damaged_bytes(tmp_path):
    """What does not have its check sum is refused as a whole."""
    content = packed(GOOD, zipfile.ZIP_STORED).getvalue().replace(b"1.png1", b"1.png7", 1)
    with pytest.raises(DataError, match="cannot be read as a zip file"):
        unpacked(tmp_path, io.BytesIO(content))
    assert list(tmp_path.iterdir()) == []
