"""The threads, memory and GPU that a fit needs, as the workflow requests them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_BYTES = 4  # of a float32
_MB = 1e6


@dataclass(frozen=True)
class Resources:
    """Threads, memory and GPU of one fit.

    Parameters
    ----------
    threads : int
        The most threads that the fit can use.
    memory_mb : int
        Memory in MB.
    gpu : bool
        Whether the fit uses a GPU where there is one.
    """

    threads: int
    memory_mb: int
    gpu: bool

    @classmethod
    def of_tables(
        cls, n_tables: float, n_genes: int, n_terms: int, *, base_mb: int = 1500, threads: int = 1, gpu: bool = False
    ) -> Resources:
        """Return the resources of a fit that holds `n_tables` dense tables of genes x terms in addition to a base."""
        return cls(threads, round(base_mb + n_tables * table_mb(n_genes, n_terms)), gpu)

    @classmethod
    def together(cls, parts: Iterable[Resources]) -> Resources:
        """Add up what several predictors in one process need: memory is summed, threads are shared."""
        listed = list(parts)
        return cls(
            max((part.threads for part in listed), default=1),
            sum(part.memory_mb for part in listed),
            any(part.gpu for part in listed),
        )


def table_mb(n_rows: int, n_columns: int) -> float:
    """Return the size of a dense table of float32, in MB."""
    return n_rows * n_columns * _BYTES / _MB
