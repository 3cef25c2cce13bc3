"""Pictures from files: every format, damage, copies, and what is kept on disk."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wellfit.data import (
    find_pictures,
    near_copies,
    picture_column,
    picture_labels,
    picture_paths,
    read_pictures,
    read_table,
)
from wellfit.data._pictures import _cache, decode_picture
from wellfit.records import DataError, FileReadError, SettingsError, TargetNotFoundError


def scene(seed: int, side: int = 40) -> np.ndarray:
    """Return a smooth colour picture that is like no other."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def save(path: Path, values: np.ndarray, **options: Any) -> Path:
    """Write a picture, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of two classes with six pictures each."""
    for number in range(6):
        save(tmp_path / "pics" / "cat" / f"{number}.png", scene(number))
        save(tmp_path / "pics" / "dog" / "deep" / f"{number}.jpg", scene(100 + number))
    return tmp_path / "pics"


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "webp", "tiff", "jpg"])
def test_formats_say_the_same(ending: str, tmp_path: Path) -> None:
    """Up to what a format itself loses."""
    own = scene(1)
    path = save(tmp_path / f"one.{ending}", own, **({"lossless": True} if ending == "webp" else {}))
    found = decode_picture(path, (40, 40))
    assert found.shape == (40, 40, 3)
    assert np.abs(found.astype(int) - own.astype(int)).mean() < (16 if ending in ("gif", "jpg") else 0.5)


def test_depths_and_modes_become_eight_bits(tmp_path: Path) -> None:
    """16 bits, palette, grey with alpha, one bit, floating point."""
    ramp = np.linspace(0, 1, 64).reshape(8, 8)
    grey = np.rint(ramp * 255).astype(np.uint8)
    Image.fromarray((ramp * 65535).astype(np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray((ramp * 65535).astype(np.uint16)).save(tmp_path / "deep.tiff")
    Image.fromarray(ramp.astype(np.float32)).save(tmp_path / "float.tiff")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    for name in ("deep.png", "deep.tiff", "float.tiff", "palette.png"):
        found = decode_picture(tmp_path / name, (8, 8), channels=1)[:, :, 0]
        assert np.abs(found.astype(int) - grey).max() <= 1, name
    alpha = np.stack([grey, np.zeros_like(grey)], axis=2)
    Image.fromarray(alpha).save(tmp_path / "clear.png")
    assert (decode_picture(tmp_path / "clear.png", (8, 8)) == 255).all()


@pytest.mark.parametrize(("highest", "depth"), [(1000, 10), (4095, 12), (60_000, 16), (200, 8)])
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_few_bits_in_a_file_of_sixteen_are_not_black(
    highest: int, depth: int, ending: str, tmp_path: Path
) -> None:
    """The highest number of all pictures decides, so that a dark one stays dark."""
    ramp = np.linspace(0, highest, 64).reshape(8, 8).astype(np.uint16)
    for name, values in (("a/bright", ramp), ("b/dark", ramp // 8)):
        path = tmp_path / f"{name}.{ending}"
        path.parent.mkdir()
        Image.fromarray(values).save(path)
    found = read_pictures(tmp_path, size=(8, 8), channels=1, cache=tmp_path.parent / "cache")
    assert found.depth == depth
    for picture, values in zip(found.images, (ramp, ramp // 8), strict=True):
        assert np.abs(picture[:, :, 0] - values * (255 / (2**depth - 1))).max() <= 1
    assert any(f"({depth} bits)" in note for note in found.notes) == (depth < 16)
    again = decode_picture(found.paths[1], (8, 8), channels=1, depth=found.depth)
    assert np.array_equal(again, found.images[1])


def test_pictures_of_eight_bits_have_no_depth(folder: Path) -> None:
    """And of deep ones the reader may say how they are to be read."""
    cache = folder.parent / "cache"
    assert read_pictures(folder, cache=cache).depth is None
    values = np.full((40, 40), 511, np.uint16)
    Image.fromarray(values).save(folder / "cat" / "deep.png")
    assert read_pictures(folder, channels=1, cache=cache).images[6].max() == round(255 * 511 / 1023)
    given = read_pictures(folder, channels=1, depth=12, cache=cache)
    assert given.depth == 12
    assert given.images[6].max() == round(255 * 511 / 4095)


def test_orientation_of_the_camera_is_undone(tmp_path: Path) -> None:
    """A picture that was taken upright and stored lying is upright again."""
    own = np.zeros((20, 20, 3), np.uint8)
    own[:10] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = save(tmp_path / "turned.png", own, exif=exif)
    found = decode_picture(path, (20, 20)).mean(axis=(0, 2))
    assert found[:10].mean() < 10
    assert found[10:].mean() > 245


def test_pictures_of_another_shape_are_cut_padded_or_stretched(tmp_path: Path) -> None:
    """The middle stays, bars are added, or all of it is squeezed."""
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    path = save(tmp_path / "wide.png", wide)
    assert (decode_picture(path, (10, 10), fit="crop") == 255).all()
    padded = decode_picture(path, (30, 30), fit="pad")
    assert (padded[:10] == 0).all()
    assert padded[15, 15].min() == 255
    squeezed = decode_picture(path, (10, 10), fit="stretch")[5, :, 0]
    assert squeezed[0] == 0
    assert squeezed[5] == 255


def test_a_folder_gives_classes_and_what_is_left_out(folder: Path) -> None:
    """Sub-folders are classes, those of test pictures are not; other files are counted."""
    save(folder / "test_dataset" / "cat1.png", scene(900))
    (folder / "cat" / "notes.txt").write_text("no picture")
    (folder / "empty").mkdir()
    found = find_pictures(folder)
    assert found.class_names == ("cat", "dog")
    assert found.labels.tolist() == [0] * 6 + [1] * 6
    assert any("test_dataset/" in note for note in found.notes)
    assert any("empty/" in note for note in found.notes)
    assert any("1 files" in note for note in found.notes)


def test_pictures_say_in_a_line_what_they_are(folder: Path) -> None:
    """A notebook shows it, and hundreds of paths would say less."""
    shown = repr(read_pictures(folder, size=(20, 24), channels=3, cache=folder.parent / "cache"))
    assert shown == "<Pictures: pics, 12 of 20 x 24 pixels and 3 channels, classes cat, dog>"


def test_a_folder_of_training_pictures_is_found(folder: Path, tmp_path: Path) -> None:
    """The usual layout has train and test side by side."""
    shutil.move(folder, tmp_path / "all" / "train")
    save(tmp_path / "all" / "test" / "cat" / "1.png", scene(900))
    found = find_pictures(tmp_path / "all")
    assert len(found.paths) == 12
    assert any("train/" in note for note in found.notes)


def test_a_table_of_paths_is_read(folder: Path) -> None:
    """Paths are relative to the table; rows without a label are left out."""
    table = folder / "labels.csv"
    table.write_text("file,kind,size\ncat/0.png,cat,1\ndog/deep/0.jpg,dog,2\ncat/1.png,,3\ngone.png,dog,4\n")
    found = read_pictures(table, target="kind", cache=folder.parent / "cache")
    assert found.labels.tolist() == [0, 1]
    assert [one.reason for one in found.skipped] == ["there is no such file"]
    assert any("1 rows" in note for note in found.notes)
    with pytest.raises(DataError, match="target="):
        find_pictures(table)
    with pytest.raises(TargetNotFoundError, match="kind"):
        find_pictures(table, target="kinds")


def test_a_table_is_one_of_pictures_where_nothing_else_is_in_it(folder: Path) -> None:
    """Otherwise it is a table of its own, or, where the files are there, an error that says what to do."""
    place = folder / "labels.csv"

    def column(**cells: list[str]) -> str | None:
        return picture_column(read_table(cells), place, "kind")

    kinds = ["cat", "dog", "dog"]
    files = ["cat/0.png", "dog/deep/0.jpg", "gone.png"]
    assert column(file=files, kind=kinds) == "file"
    assert column(file=["gone.png", "lost.jpg", ""], kind=kinds) == "file"
    assert column(file=["a", "b.png", "c"], kind=kinds) is None
    assert column(file=["gone.png", "lost.jpg", "x.png"], kind=kinds, size=["1", "2", "3"]) is None
    with pytest.raises(DataError, match="beside 'size'"):
        column(file=files, kind=kinds, size=["1", "2", "3"])
    with pytest.raises(DataError, match="beside 'other'"):
        column(file=files, kind=kinds, other=files)
    table = read_table({"file": files, "kind": kinds, "size": ["1", "2", "3"]})
    assert picture_column(table, place, "kind", ["size"]) == "file"
    assert picture_column(table, place, "kind", ["file"]) is None
    with pytest.raises(TargetNotFoundError, match="knid"):
        picture_column(table, place, "knid")


def test_new_pictures_are_named_by_a_table(folder: Path) -> None:
    """In the order of its rows, relative to it, whatever else it holds."""
    table = folder / "new.csv"
    table.write_text("id;file\n7;dog/deep/1.jpg\n8;cat/0.png\n")
    assert picture_paths(table) == [folder / "dog" / "deep" / "1.jpg", folder / "cat" / "0.png"]
    assert picture_paths(folder / "cat" / "0.png") == [folder / "cat" / "0.png"]
    table.write_text("id;file\n7;dog/deep/1.jpg\n8;cat/0.png\n9;\n")
    with pytest.raises(DataError, match="row 3"):
        picture_paths(table)
    table.write_text("id;file\n7;a\n8;b\n")
    with pytest.raises(DataError, match="no column"):
        picture_paths(table)


def test_labels_of_new_pictures_are_their_folders_or_cells(folder: Path) -> None:
    """The innermost folder of a class; in a table the one other column, if it has classes at all."""
    assert picture_labels(folder, ["cat", "dog"]) == ["cat"] * 6 + ["dog"] * 6
    assert picture_labels(folder, ["dog", "deep"])[-1] == "deep"
    assert picture_labels(folder / "cat", ["cat", "dog"]) == [None] * 6
    table = folder / "new.csv"
    table.write_text("kind,file\ncat,cat/0.png\n,cat/1.png\nbird,dog/deep/1.jpg\n")
    assert picture_labels(table, ["cat", "dog"]) == ["cat", None, "bird"]
    assert picture_labels(table, ["fish", "ant"]) == [None] * 3
    table.write_text("kind,file,day\ncat,cat/0.png,1\ncat,cat/1.png,2\n")
    assert picture_labels(table, ["cat", "dog"]) == [None] * 2


def test_damaged_files_are_listed_and_left_out(folder: Path) -> None:
    """Cut off, empty, text, and a folder that looks like a picture."""
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "cat" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "cat" / "empty.jpg").write_bytes(b"")
    (folder / "dog" / "text.jpg").write_text("no picture at all")
    found = read_pictures(folder, cache=folder.parent / "cache")
    assert {Path(one.path).name for one in found.skipped} == {"cut.png", "empty.jpg", "text.jpg"}
    assert found.images.shape == (12, 40, 40, 3)
    assert len(found.labels) == len(found.paths) == 12
    assert any("3 files cannot be read" in note for note in found.notes)
    for number, path in enumerate(found.paths):
        assert np.array_equal(found.images[number], decode_picture(path, (40, 40)))


def test_only_damaged_files_are_an_error(tmp_path: Path) -> None:
    """There is nothing to learn from."""
    for name in ("a", "b"):
        (tmp_path / "pics" / name).mkdir(parents=True)
        (tmp_path / "pics" / name / "1.png").write_text("no")
    with pytest.raises(FileReadError, match="none of the 2 pictures"):
        read_pictures(tmp_path / "pics", cache=tmp_path / "cache")


def test_a_class_without_a_readable_picture_is_none(folder: Path) -> None:
    """A network would have an output for it that nothing trains."""
    for path in (folder / "cat").iterdir():
        path.write_text("no")
    with pytest.raises(DataError, match="only one class"):
        read_pictures(folder, cache=folder.parent / "cache")
    save(folder / "elk" / "0.png", scene(200))
    found = read_pictures(folder, cache=folder.parent / "cache")
    assert found.class_names == ("dog", "elk")
    assert found.labels.tolist() == [0] * 6 + [1]
    assert any("left out: cat" in note for note in found.notes)


def test_a_table_that_was_written_on_windows_is_read(folder: Path) -> None:
    """Its paths have backslashes, which elsewhere are letters of a name."""
    table = folder / "labels.csv"
    table.write_text("file,kind\ncat\\0.png,cat\ndog\\deep\\0.jpg,dog\n")
    assert all(path.is_file() for path in find_pictures(table).paths)
    assert all(path.is_file() for path in picture_paths(table))
    assert picture_column(read_table(table), table, target="kind") == "file"


def test_what_was_decoded_is_used_again_until_a_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second reading decodes nothing; a changed file, or another size, does."""
    decoded: list[Path] = []

    def counting(path: Path, *arguments: Any, **options: Any) -> np.ndarray:
        decoded.append(path)
        return decode_picture(path, *arguments, **options)

    monkeypatch.setattr(_cache, "decode_picture", counting)
    cache = folder.parent / "cache"
    first = read_pictures(folder, cache=cache)
    again = read_pictures(folder, cache=cache)
    assert len(decoded) == 12
    assert np.array_equal(first.images, again.images)
    assert isinstance(again.images, np.memmap)
    save(folder / "cat" / "0.png", scene(77, side=44))
    read_pictures(folder, cache=cache)
    assert len(decoded) == 24
    assert not list(cache.glob(".part-*"))


def test_two_at_once_do_not_disturb_each_other(folder: Path) -> None:
    """Both decode, one is kept."""
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(read_pictures, folder, cache=folder.parent / "cache") for _ in range(2)]
    assert np.array_equal(*(job.result().images for job in jobs))


def test_a_cache_that_cannot_be_written_stops_nothing(folder: Path) -> None:
    """Pictures are decoded to a temporary place."""
    blocked = folder.parent / "blocked"
    blocked.write_text("a file where the folder should be")
    assert len(read_pictures(folder, cache=blocked / "cache").images) == 12


def test_copies_share_a_group(folder: Path) -> None:
    """Byte for byte, of another size, and compressed; other pictures do not."""
    shutil.copy(folder / "cat" / "0.png", folder / "cat" / "same.png")
    save(folder / "cat" / "small.png", np.asarray(Image.fromarray(scene(1)).resize((31, 31))))
    save(folder / "dog" / "pressed.jpg", scene(2), quality=60)
    found = read_pictures(folder, cache=folder.parent / "cache")
    code = {
        path.name: int(group)
        for path, group in zip(found.paths, found.copies, strict=True)
        if "deep" not in str(path)
    }
    assert code["0.png"] == code["same.png"]
    assert code["1.png"] == code["small.png"]
    assert code["2.png"] == code["pressed.jpg"]
    assert len(set(found.copies.tolist())) == 12
    assert any("1 times copies have different labels" in note for note in found.notes)


def test_near_copies_are_found_by_all_parts_of_the_hash() -> None:
    """Every pair within three bits, and nothing else, whichever bits they are."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2**63, 50, dtype=np.uint64)
    changed = base.copy()
    for number in range(50):
        for bit in rng.choice(64, 3, replace=False):
            changed[number] ^= np.uint64(1) << np.uint64(bit)
    groups = near_copies(np.concatenate([base, changed]))
    assert np.array_equal(groups[:50], groups[50:])
    assert len(set(groups.tolist())) == 50


def test_size_and_channels_are_found_or_refused(folder: Path) -> None:
    """Grey pictures have one channel; nonsense is said."""
    cache = folder.parent / "cache"
    assert read_pictures(folder, cache=cache).images.shape[1:] == (40, 40, 3)
    assert read_pictures(folder, cache=cache, largest=64).images.shape[1:] == (40, 40, 3)
    assert read_pictures(folder, cache=cache, largest=16).images.shape[1:] == (16, 16, 3)
    assert read_pictures(folder, cache=cache, size=(20, 30), channels=1).images.shape[1:] == (20, 30, 1)
    for options in ({"size": (0, 3)}, {"channels": 2}, {"largest": 0}, {"fit": "squeeze"}):
        with pytest.raises(SettingsError, match="Expected"):
            read_pictures(folder, cache=cache, **options)  # type: ignore[arg-type]


def test_a_place_without_pictures_is_an_error(tmp_path: Path) -> None:
    """No such folder, no classes, one class."""
    with pytest.raises(FileReadError, match="no file or folder"):
        find_pictures(tmp_path / "nowhere")
    with pytest.raises(DataError, match="two classes"):
        find_pictures(tmp_path)


def test_a_class_that_may_not_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a study would go without it."""
    monkeypatch.setattr("os.access", lambda place, _: Path(place).name != "dog")
    with pytest.raises(FileReadError, match="dog"):
        find_pictures(folder)
