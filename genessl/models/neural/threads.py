"""The choice of one or several threads for the matrix products of a training loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# Measured for a linear layer, forwards and backwards, on two cores. Below 5e7 multiplications a second thread saves at
# most a fifth of the time on idle cores (256 x 192 x 192: 0.57 instead of 0.70 ms). On cores that other programs use,
# the threads wait for each other after each product: the same steps took 3 to 200 times as long as in one thread.
_FEWEST_MULTIPLICATIONS = 50_000_000


@contextmanager
def suitable_threads(n_multiplications: int) -> Iterator[None]:
    """Let torch compute in one thread if the products are small, and restore the number of threads afterwards.

    Parameters
    ----------
    n_multiplications : int
        Multiplications of the largest product of a step: n k m for a product of (n, k) and (k, m). Below fifty million
        the block runs in one thread; otherwise the number of threads stays.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with suitable_threads(2048 * 64 * 64):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    if n_multiplications < _FEWEST_MULTIPLICATIONS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
