"""The choice of one or several threads, for the matrix products of a training loop and for several fits at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import RLock
from typing import TypeVar

import torch

# Measured for a linear layer, forwards and backwards, on two cores. Below 5e7 multiplications a second thread saves at
# most a fifth of the time on idle cores (256 x 192 x 192: 0.57 instead of 0.70 ms). On cores that other programs use,
# the threads wait for each other after each product: the same steps took 3 to 200 times as long as in one thread.
_FEWEST_MULTIPLICATIONS = 50_000_000


_T = TypeVar("_T")


def side_by_side(tasks: Iterable[Callable[[], _T]]) -> Iterator[_T]:
    """Run tasks in as many threads as torch would use, each task in one thread, and yield their results in order.

    Results may be large, so at most one more than there are threads waits to be taken. They do not depend on the number
    of threads, as long as no task changes what another one reads; `seeded` keeps torch's random numbers apart.

    >>> list(side_by_side([lambda: 1, lambda: 2, lambda: 3]))
    [1, 2, 3]
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1:
        for task in tasks:
            yield task()
        return
    pool = ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,))  # of the pool's threads
    try:
        running: deque[Future[_T]] = deque()
        for task in tasks:
            if len(running) < n_threads:
                running.append(pool.submit(task))
                continue
            result = running.popleft().result()  # nothing begins after an error
            running.append(pool.submit(task))
            yield result
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown()
        torch.set_num_threads(n_threads)  # of threads that begin later


_SEEDED = RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with its own torch seed, alone among threads, and restore the caller's random state afterwards."""
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    with _SEEDED, torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


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
