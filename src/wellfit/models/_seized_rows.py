"""Rows that a fit was given, copied to NumPy while the fit goes on and up to a stated size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 256 * 2**20

tree: Any = keras.tree  # whose annotations leave out what its functions return

_KINDS = (
    ("DatasetV2", "tensorflow.python.", "tf.data"),
    ("DataLoader", "torch.utils.data", "PyTorch loader"),
    ("MapDataset", "grain", "grain"),
    ("IterDataset", "grain", "grain"),
    ("DataLoader", "grain", "grain"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Inputs, targets and weights, row by row.

    Attributes:
        x: nested as the network was given them, with arrays as leaves.
        y: likewise; None where there are none.
        sample_weight: likewise.
        num_given: rows that the fit was given; None where nobody counted them to the end.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    num_given: int | None = None

    @property
    def num_kept(self) -> int:
        """Rows that are here."""
        return len(tree.flatten(self.x)[0])


def kind_of(x: Any) -> str:
    """Return how data was given: arrays, tf.data, PyTorch loader, grain, PyDataset, generator.

    Example:
        >>> kind_of(np.zeros((2, 3))), kind_of(row for row in ())
        ('arrays', 'generator')
    """
    if isinstance(x, keras.utils.PyDataset):
        return "PyDataset"
    for parent in type(x).__mro__:
        for name, module, kind in _KINDS:
            if parent.__name__ == name and module in str(parent.__module__):
                return kind
    return "generator" if hasattr(x, "__next__") else "arrays"


def rows_of_arrays(x: Any, y: Any, sample_weight: Any, max_bytes: int = MAX_BYTES) -> Rows:
    """Return copies of arrays of any library; of too many rows, evenly spaced ones in their order.

    Args:
        x: nested lists, tuples or dicts of arrays.
        y: likewise, or None.
        sample_weight: likewise, or None.
        max_bytes: of all copies.

    Raises:
        ValueError, TypeError: something in it is not an array.

    Example:
        >>> rows = rows_of_arrays(np.zeros((100, 2)), np.zeros(100), None, max_bytes=240)
        >>> rows.num_given, rows.num_kept
        (100, 10)
    """
    leaves = [leaf for leaf in tree.flatten((x, y, sample_weight)) if leaf is not None]
    arrays = {id(leaf): _viewed(leaf) for leaf in leaves}
    num_rows = len(arrays[id(leaves[0])])
    size = sum(array.nbytes for array in arrays.values())
    count = num_rows if size <= max_bytes else max(int(num_rows * max_bytes / size), 1)
    chosen: Any = slice(None) if count == num_rows else np.arange(count) * num_rows // count

    def copied(leaf: Any) -> Any:
        return None if leaf is None else np.array(arrays[id(leaf)][chosen])

    x, y, sample_weight = tree.map_structure(copied, (x, y, sample_weight))
    return Rows(x=x, y=y, sample_weight=sample_weight, num_given=num_rows)


def split_rows(rows: Rows, share: float) -> tuple[Rows, Rows]:
    """Return training and validation rows as Keras' ``validation_split`` has them: the last ones, unshuffled.

    Example:
        >>> train, held = split_rows(Rows(x=np.arange(10), num_given=10), 0.3)
        >>> held.x.tolist()
        [7, 8, 9]
    """

    def part(count: int, given: int | None) -> int:
        return int(np.floor(count * (1.0 - share))) if given is not None else 0

    at = part(rows.num_kept, rows.num_kept)
    given = part(rows.num_given or 0, rows.num_given)

    def cut(which: slice, num_given: int) -> Rows:
        structure = (rows.x, rows.y, rows.sample_weight)
        values = tree.map_structure(lambda leaf: None if leaf is None else leaf[which], structure)
        return Rows(x=values[0], y=values[1], sample_weight=values[2], num_given=num_given)

    return cut(slice(at), given), cut(slice(at, None), (rows.num_given or 0) - given)


def host_array(value: Any) -> NDArray[np.generic]:
    """Return an array of any library as one of NumPy, without a copy where the memory allows it."""
    if isinstance(value, np.ndarray) or type(value).__module__.partition(".")[0] == "pandas":
        return np.asarray(value)
    # NumPy 2 warns when it reads TensorFlow's arrays itself, and a script would see that.
    if hasattr(value, "numpy") and not hasattr(value, "detach"):
        return np.asarray(value.numpy())
    return np.asarray(keras.ops.convert_to_numpy(value))


def _viewed(leaf: Any) -> NDArray[np.generic]:
    array = host_array(leaf)
    if array.ndim == 0:
        raise TypeError(f"{type(leaf).__name__} is not an array of rows")
    return array


class Tee:
    """Copies the batches of the first pass over a stream as they go by; a fit sees what it would have seen.

    Args:
        num_steps: batches of an epoch, where the fit says so; the first pass ends with them.
        max_bytes: of the copies; batches beyond are not kept.
    """

    def __init__(self, num_steps: int | None, max_bytes: int = MAX_BYTES) -> None:
        self.num_steps = num_steps
        self.batch_size: int | None = None
        self.error = ""
        self._max_bytes = max_bytes
        self._pass = 0
        self._is_open = True
        self._is_whole = False
        self._restart()

    def _restart(self) -> None:
        self._left = self._max_bytes
        self._batches: list[Any] = []
        self._num_rows = 0
        self._num_steps = 0
        self._pass += 1

    def passing(self, batches: Any) -> Iterator[Any]:
        """Return the very batches, one for one, and keep copies of those of the first pass.

        Keras reads one batch to learn its shape and begins again, so a pass that was left is no first pass.
        """
        if not self._is_open:
            return iter(batches)
        self._restart()
        return self._pull(iter(batches), self._pass)

    def _pull(self, batches: Iterator[Any], number: int) -> Iterator[Any]:
        # Not `yield from`: it would close the script's own generator when Keras drops this one.
        for batch in batches:
            if self._is_open and number == self._pass:
                self._keep(batch)
            yield batch
        if number == self._pass:
            self.close()

    def _keep(self, batch: Any) -> None:
        # Runs once a step, so it does no more than copy; all else waits until the rows are asked for.
        try:
            parts = [_snapshot(part) for part in (batch if isinstance(batch, tuple | list) else (batch,))]
            first = parts[0] if hasattr(parts[0], "shape") else tree.flatten(parts[0])[0]
            size = sum(part.nbytes if hasattr(part, "nbytes") else _size(part) for part in parts)
        except Exception as error:
            self.error, self._is_open = type(error).__name__, False
            return
        self.batch_size = self.batch_size or int(first.shape[0])
        self._num_rows += int(first.shape[0])
        self._num_steps += 1
        self._left = self._left - size if size <= self._left else 0
        if self._left:
            self._batches.append(parts)
        if self._num_steps == self.num_steps:
            self.close()

    def close(self) -> None:
        """End the first pass: what goes by now has gone by before."""
        self._is_whole = self._is_whole or self._is_open
        self._is_open = False

    @property
    def is_full(self) -> bool:
        """Whether nothing more will be kept."""
        return not self._left or not self._is_open

    def rows(self) -> Rows | None:
        """Return what has gone by so far; None where that is nothing.

        Raises:
            ValueError: batches that do not fit together.
        """
        if not self._batches or self.error:
            return None

        def joined(*leaves: Any) -> Any:
            return None if leaves[0] is None else np.concatenate([_viewed(leaf) for leaf in leaves])

        parts: Any = tree.map_structure(joined, *self._batches)
        x, y, weight = (*parts, None, None)[:3]
        return Rows(x=x, y=y, sample_weight=weight, num_given=self._num_rows if self._is_whole else None)


def _snapshot(part: Any) -> Any:
    """Return a part of a batch that later changes of its arrays do not reach."""
    if isinstance(part, np.ndarray):
        return part.copy()
    if part is None:
        return None
    if isinstance(part, dict | list | tuple):
        return tree.map_structure(_snapshot, part)
    return (
        part.detach().clone() if hasattr(part, "detach") else part
    )  # JAX and TensorFlow never change theirs


def _size(part: Any) -> int:
    def of(leaf: Any) -> int:
        return int(getattr(leaf, "nbytes", 0) or np.prod(leaf.shape) * 4)

    return sum(of(leaf) for leaf in tree.flatten(part) if leaf is not None)


class TeedLoader:
    """Stands for a PyTorch loader within one fit: its batches are teed, and drawn when it would draw them."""

    def __init__(self, loader: Any, tee: Tee) -> None:
        self._loader = loader
        self._tee = tee

    def __iter__(self) -> Iterator[Any]:
        return self._tee.passing(self._loader)

    def __len__(self) -> int:
        return len(self._loader)


def tee_adapter(adapter: Any, kind: str, tee: Tee) -> bool:
    """Let the batches that a data adapter of Keras gives out pass a tee; False where Python never sees them.

    Args:
        adapter: made by Keras for one fit, and changed here alone.
        kind: how the data was given.
        tee: where they pass.
    """
    backend = keras.config.backend()
    name = {"jax": "get_jax_iterator", "torch": "get_torch_dataloader"}.get(backend, "get_numpy_iterator")
    if backend == "tensorflow":
        # TensorFlow reads batches inside its graph; those that Python makes are met where it makes them.
        names = {
            "PyDataset": "_get_iterator",
            "generator": "generator",
            "PyTorch loader": "get_numpy_iterator",
        }
        if kind not in names:
            return False
        name = names[kind]
    make = getattr(adapter, name)
    passing = (
        (lambda: TeedLoader(make(), tee)) if name == "get_torch_dataloader" else (lambda: tee.passing(make()))
    )
    setattr(adapter, name, passing)
    return True


def read_dataset(
    dataset: Any, num_steps: int | None, max_bytes: int = MAX_BYTES
) -> tuple[Rows | None, int | None]:
    """Return the rows of one pass over a dataset that can be read again, and how many a batch has.

    To be called when nothing else depends on the dataset any more.
    """
    tee = Tee(num_steps, max_bytes)
    for _ in itertools.islice(tee.passing(dataset), num_steps):
        if tee.is_full:
            break
    return tee.rows(), tee.batch_size
