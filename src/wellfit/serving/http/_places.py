"""Where bundles lie: a study, a bundle, versions of one network, or a folder of networks with versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellfit.records import FileReadError, SettingsError

MANIFEST = "bundle.json"
_FIRST = "1"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A bundle.

    Attributes:
        name: of the network, in addresses.
        version: of it, in addresses.
        folder: that holds the manifest.
    """

    name: str
    version: str
    folder: Path


def find_places(folders: Sequence[Path], name: str = "") -> list[Place]:
    """Return the bundles in `folders`, in their order.

    A folder is a study, or a bundle; or its sub-folders are versions (whose names are numbers); or its
    sub-folders are networks that hold versions.

    Args:
        folders: as given.
        name: for the network, where there is only one; the folder's name if empty.

    Raises:
        FileReadError: a folder holds no bundle.
        SettingsError: two networks have one name, or a name cannot be part of an address.
    """
    places: list[Place] = []
    for folder in folders:
        found = list(_places_in(folder.resolve()))
        if not found:
            raise FileReadError(
                f"{folder} holds no bundle.",
                received="no folder" if not folder.is_dir() else f"no {MANIFEST} in it, nor two folders deep",
                expected="a study's folder, a bundle, or a folder of NAME/VERSION/ bundles",
                fix=f"run wellfit export {folder} --format onnx first",
            )
        places += found
    if name:
        if len({place.name for place in places}) > 1:
            raise SettingsError("--name is for one network.", received=f"{len(places)} bundles")
        places = [Place(name=name, version=one.version, folder=one.folder) for one in places]
    _check_names(places)
    return places


def latest(versions: Sequence[str]) -> str:
    """Return the version that answers where none is named: numbers count as numbers.

    Example:
        >>> latest(["9", "10", "2"])
        '10'
    """
    return max(versions, key=_order)


def bundle_in(folder: Path) -> Path | None:
    """Return the bundle that a folder is or holds, or None."""
    for one in (folder, folder / "bundle"):
        if (one / MANIFEST).is_file():
            return one
    return None


def _places_in(folder: Path) -> Iterator[Place]:
    bundle = bundle_in(folder)
    if bundle is not None:
        named = folder.parent if folder.name == "bundle" else folder
        yield Place(name=named.name, version=_FIRST, folder=bundle)
        return
    children = _folders(folder)
    versions = list(_versions(folder.name, children))
    if versions:
        yield from (one for one in versions if one.version.isdigit())
        return
    for child in children:
        yield from _versions(child.name, _folders(child))


def _versions(name: str, children: Sequence[Path]) -> Iterator[Place]:
    for child in children:
        bundle = bundle_in(child)
        if bundle is not None:
            yield Place(name=name, version=child.name, folder=bundle)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError:
        return []


def _check_names(places: Sequence[Place]) -> None:
    seen: dict[tuple[str, str], Path] = {}
    for place in places:
        if re.search(r"[/:?#%\s]", place.name + place.version) or not place.name:
            raise SettingsError(
                f"{place.name!r} cannot be part of an address.",
                expected="a name without blanks and without / : ? # %",
                fix="give --name",
            )
        other = seen.setdefault((place.name, place.version), place.folder)
        if other != place.folder:
            raise SettingsError(
                f"two bundles are called {place.name!r}.",
                received=f"{other} and {place.folder}",
                fix="rename a folder, or serve a folder of NAME/VERSION/ bundles",
            )


def _order(version: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
