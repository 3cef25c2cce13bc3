"""The manifest of a bundle: which files it holds, and whether they are as they were written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from wellfit.records import FileReadError

READABLE_VERSIONS = (1, 2)
"""Versions of the bundle: 2 has created features or a rotation, which an earlier reader would leave out."""

MANIFEST = "bundle.json"
_BLOCK = 1 << 20


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return the manifest of a bundle whose files are as they were written.

    Raises:
        FileReadError: there is none, it has another format, or a file was changed.
    """
    path = bundle / MANIFEST
    if not path.is_file():
        raise FileReadError(
            f"{bundle.parent} holds no network.",
            received="a folder without bundle/bundle.json",
            expected="the output folder of a study that came to its end, of a network that can be written",
            fix="run wellfit improve with --out first; report.html of a study without a network says why",
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version, files = manifest["version"], manifest["files"]
        if not isinstance(files, dict):
            raise TypeError("files must be an object")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileReadError(
            f"{path} cannot be read.",
            received=f"{type(error).__name__}: {error}",
            expected="the manifest that a study wrote",
            fix="run the study again",
        ) from error
    if version not in READABLE_VERSIONS:
        raise FileReadError(
            f"{bundle} has another format.",
            received=f"version {version}",
            expected=f"version {' or '.join(map(str, READABLE_VERSIONS))}",
            fix="predict with the wellfit that wrote it, or run the study again",
        )
    for name, digest in files.items():
        _verify(bundle / name, name, digest)
    return manifest


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _verify(path: Path, name: str, digest: object) -> None:
    try:
        is_whole = Path(name).name == name and path.is_file() and digest_of(path) == digest
    except (OSError, ValueError):  # a name that no file can have
        is_whole = False
    if not is_whole:
        raise FileReadError(
            f"{str(path)[:300]} is missing or was changed.",
            received="another checksum than the manifest's",
            expected="the files that the study wrote",
            fix="run the study again, or copy the folder anew",
        )
