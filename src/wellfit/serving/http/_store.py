"""The networks in service, and their exchange for newer ones while requests come in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from wellfit.records import WellfitError
from wellfit.serving.http._limits import Limits
from wellfit.serving.http._model import Model, Observe, load_model
from wellfit.serving.http._places import MANIFEST, Place, find_places, latest

Stamp = tuple[int, int, int]
Say = Callable[[str], None]
_TRIES = 3


@dataclass(eq=False)
class Store:
    """Loads what folders hold, and looks now and then whether they hold something else.

    Args:
        folders: see `find_places`.
        name: see `find_places`.
        limits: of the server.
        num_threads: that one batch may use.
        observe: called with each batch.
        say: called with a line when something was exchanged, or could not be.

    Attributes:
        models: by name and version.
        generation: grows with each exchange.
    """

    folders: Sequence[Path]
    name: str = ""
    limits: Limits = field(default_factory=Limits)
    num_threads: int = 1
    observe: Observe | None = None
    say: Say = print

    def __post_init__(self) -> None:
        self.models: dict[str, dict[str, Model]] = {}
        self.generation = 0
        self._stamps: dict[Place, Stamp] = {}
        self._refused: dict[Place, Stamp | None] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="wellfit-batch")

    @property
    def default(self) -> Model | None:
        """The newest version of the first network; None if there is none left."""
        name = next(iter(self.models), None)
        return None if name is None else self.newest(name)

    def newest(self, name: str) -> Model | None:
        """Return the newest version of a network; None if there is no such network."""
        versions = self.models.get(name)
        return versions[latest(list(versions))] if versions else None

    def all(self) -> list[Model]:
        """Return every version of every network."""
        return [model for versions in self.models.values() for model in versions.values()]

    def load(self) -> None:
        """Load everything; takes its time.

        Raises:
            WellfitError: a bundle cannot be served.
        """
        for place in find_places(self.folders, self.name):
            model, stamp = self._loaded(place)
            self._put(place, model, stamp)

    async def watch(self, every_s: float, changed: Callable[[], None]) -> None:
        """Look for changes until cancelled; a network is exchanged once the new one is warm.

        Args:
            every_s: seconds between two looks.
            changed: called after each exchange.
        """
        while True:
            await asyncio.sleep(every_s)
            if await self.look():
                changed()

    async def look(self) -> bool:
        """Exchange what has changed and return whether anything has.

        A bundle that cannot be loaded, as one that is half copied, leaves the earlier one in service.
        """
        places, stamps = await asyncio.to_thread(self._seen)
        is_changed = False
        for place in places:
            if stamps.get(place) in (None, self._stamps.get(place)):
                continue
            try:
                model, stamp = await asyncio.to_thread(self._loaded, place)
            except (WellfitError, OSError) as error:
                if self._refused.get(place) != stamps[place]:
                    self._refused[place] = stamps[place]
                    self.say(f"{place.name} {place.version} is not exchanged. {error}")
                continue
            self._put(place, model, stamp)
            self.say(f"{place.name} {place.version} is in service.")
            is_changed = True
        # A folder that is there without its manifest is being written.
        for place in [one for one in self._stamps if one not in places and not one.folder.is_dir()]:
            self._take_away(place)
            self.say(f"{place.name} {place.version} is not in service any more.")
            is_changed = True
        return is_changed

    def close(self) -> None:
        """Wait for the batches that are computed."""
        self._threads.shutdown()

    def _seen(self) -> tuple[list[Place], dict[Place, Stamp]]:
        places: list[Place] = []
        for folder in self.folders:
            try:
                places += find_places([folder], self.name)
            except WellfitError:  # whatever was there stays in service: a disk may come back
                places += [one for one in self._stamps if one.folder.is_relative_to(folder.resolve())]
        stamps = {place: stamp for place in places if (stamp := _stamp(place)) is not None}
        return places, stamps

    def _loaded(self, place: Place) -> tuple[Model, Stamp]:
        """Return a network and the stamp of the manifest that it was loaded by."""
        for _ in range(_TRIES):
            before = _stamp(place)
            model = load_model(
                place.folder,
                place.name,
                place.version,
                limits=self.limits,
                threads=self._threads,
                num_threads=self.num_threads,
                observe=self.observe,
            )
            if before is not None and before == _stamp(place):
                return model, before
        raise OSError(f"{place.folder} changes all the time")

    def _put(self, place: Place, model: Model, stamp: Stamp) -> None:
        self.models.setdefault(place.name, {})[place.version] = model
        self._stamps[place] = stamp
        self._refused.pop(place, None)
        self.generation += 1

    def _take_away(self, place: Place) -> None:
        del self._stamps[place]
        versions = self.models[place.name]
        del versions[place.version]
        if not versions:
            del self.models[place.name]
        self.generation += 1


def _stamp(place: Place) -> Stamp | None:
    try:
        state = (place.folder / MANIFEST).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
