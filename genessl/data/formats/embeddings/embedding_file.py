"""What a file of embeddings holds, whatever its format: the names of its vectors, and the vectors when asked for."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genessl.errors import InputError

# Names under which programs put the names of the rows beside a matrix, and the matrix, in lower case.
ROW_NAMES = (
    "ids",
    "id",
    "names",
    "name",
    "genes",
    "gene",
    "accessions",
    "accession",
    "proteins",
    "protein_ids",
    "keys",
)
MATRICES = ("embeddings", "embedding", "vectors", "x", "features", "representations", "data")

_LONGEST_VECTOR = 1_000_000
_DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    TypeError,
    OverflowError,
    MemoryError,
    EOFError,
    NotImplementedError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
Place = str | int
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class EmbeddingFile:
    """The names of a file's vectors, and a way to read some of the vectors.

    Parameters
    ----------
    path : Path
    names : tuple of tuple of str
        The names of each vector, the most telling first.
    places : tuple of str or int
        Where each vector lies.
    load : callable
        It takes the path and (name, place) of some vectors and yields them, each checked to be one vector of finite
        numbers.
    """

    path: Path
    names: tuple[tuple[str, ...], ...]
    places: tuple[Place, ...]
    load: Callable[[Path, Sequence[tuple[str, Place]]], Iterator[Vector]]

    def vectors(self, rows: Sequence[int]) -> list[Vector]:
        """Read the vectors of some rows of `names`.

        Raises
        ------
        InputError
            If the file is damaged, or an entry is no vector of finite numbers.
        """
        with reading(self.path):
            return list(self.load(self.path, [(self.names[row][0], self.places[row]) for row in rows]))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what a library raises about a damaged file into one sentence."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if reason.startswith("Object arrays"):
            raise InputError(
                f"{path}: found Python objects, which could run code, expected arrays of numbers and of text; write"
                " names as numpy.array(names, dtype=str) and vectors as numbers"
            ) from error
        raise InputError(f"{path}: the file cannot be read ({reason}); download or write it again") from error


def read_vector(path: Path, name: str, entry: Any) -> Vector:
    """Return an array, or an HDF5 dataset, as one vector of finite numbers."""
    kind = getattr(entry, "dtype", None)
    if kind is None or kind.kind not in "fiu":
        raise InputError(f"{path}: expected a vector of numbers for '{name}', found {kind or 'a group of entries'}")
    if sum(size != 1 for size in entry.shape) > 1:
        raise InputError(
            f"{path}: expected one vector for '{name}', found an array of shape {entry.shape};"
            " give embeddings per protein, not per residue"
        )
    if max(entry.shape, default=1) > _LONGEST_VECTOR:
        raise InputError(
            f"{path}: found {max(entry.shape)} numbers for '{name}', expected at most {_LONGEST_VECTOR};"
            " give embeddings per protein"
        )
    vector = np.atleast_1d(np.squeeze(np.asarray(entry, dtype=np.float32)))
    check_finite(path, name, vector)
    return vector


def check_finite(path: Path, name: str, vector: Vector) -> None:
    """Raise InputError for a number that is not finite."""
    if not np.isfinite(vector).all():
        raise InputError(f"{path}: found a number for '{name}' that is not finite; compute this embedding again")


def matrix_keys(keys: Sequence[str]) -> tuple[str, str] | None:
    """Return the keys of the row names and of the matrix if a file has both."""
    by_name = {key.lower(): key for key in keys}
    names = next((by_name[key] for key in ROW_NAMES if key in by_name), None)
    matrix = next((by_name[key] for key in MATRICES if key in by_name), None)
    return (names, matrix) if names is not None and matrix is not None else None


def row_names(path: Path, keys: tuple[str, str], names: Any, matrix: Any) -> tuple[tuple[str, ...], ...]:
    """Return the names of a matrix's rows as the names of vectors."""
    if names.ndim != 1 or matrix.ndim != 2 or len(names) != len(matrix):
        raise InputError(
            f"{path}: found '{keys[0]}' of shape {names.shape} and '{keys[1]}' of shape {matrix.shape}, expected one"
            " name for each row of a matrix; write the file again"
        )
    if matrix.dtype.kind not in "fiu":
        raise InputError(f"{path}: expected a matrix of numbers under '{keys[1]}', found {matrix.dtype}")
    return tuple((as_text(name),) for name in np.asarray(names).tolist())


def as_text(name: Any) -> str:
    """Return a name as text."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
