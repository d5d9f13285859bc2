"""Time, memory traffic and peak memory of fits on a GPU, their agreement with a CPU, and the tests marked gpu.

    python -m benchmarks.gpu results/yeast_2020_cv/dataset
    python -m benchmarks.gpu results/yeast_2020_cv/dataset --models graph_network --device cpu

Of a cross-validated dataset the first fold is hidden. The first line compares devices: `graph_network` without dropout
(each device draws other random numbers) is fitted for five epochs to some of the genes, on the device and on the CPU,
and the largest difference between two scores is printed. This also warms the device up. Then each model is fitted once,
from the dataset to its fitted state, and one row is printed:

- `seconds`, wall time of the fit, with what runs on the CPU: embeddings of networks, random walks, the closed forms and
  judges of `combined`;
- `peak memory`, the most that tensors took on the device;
- `moved`, an estimate of what training moved between the device's memory and its processors. A step moves each
  parameter ten times: it is read forwards and backwards; its gradient is written; AdamW reads parameter, gradient and
  two moments, and writes all but the gradient. Each number that enters or leaves a linear layer in training is moved
  four times: it is written and read, and so is its gradient. Numbers count as four bytes. The label path, the loss,
  scoring, and products with networks are left out, so the estimate is low;
- `bandwidth`, what was moved, divided by the seconds and by the device's bandwidth, which is that of a copy of 1 GiB,
  read and written, the best of ten.

On a CPU the last three say "no GPU". At the end `pytest -m gpu` runs; the exit code is 1 if a test fails.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

from genessl.data.dataset import GeneDataset
from genessl.errors import InputError
from genessl.predictors import make_predictor

ROOT = Path(__file__).parent.parent
MODELS = ("graph_network", "sequence_network", "co_training", "combined")
_PASSES_OF_A_PARAMETER, _PASSES_OF_AN_ACTIVATION, _BYTES = 10, 4, 4
_COPIED, _COPIES = 2**30, 10
_FEW_GENES = 500


class Traffic:
    """The bytes that training on a device moves while this context is open, as the module's docstring estimates."""

    def __init__(self, device: str) -> None:
        self.device, self.moved = device, 0

    def __enter__(self) -> Self:
        self._hooks = (register_module_forward_hook(self._layer), register_optimizer_step_post_hook(self._step))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for hook in self._hooks:
            hook.remove()

    def _layer(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(module, nn.Linear) and module.training and output.device.type == self.device:
            self.moved += (inputs[0].numel() + output.numel()) * _PASSES_OF_AN_ACTIVATION * _BYTES

    def _step(self, optimiser: torch.optim.Optimizer, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        parameters = [part for group in optimiser.param_groups for part in group["params"]]
        n_numbers = sum(part.numel() for part in parameters if part.device.type == self.device)
        self.moved += n_numbers * _PASSES_OF_A_PARAMETER * _BYTES


def bandwidth() -> float:
    """Return the bytes per second that a copy on the GPU reads and writes."""
    source = torch.empty(_COPIED, dtype=torch.uint8, device="cuda")
    target, seconds = torch.empty_like(source), []
    for _ in range(_COPIES):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        seconds.append(start.elapsed_time(end) / 1000.0)  # it tells milliseconds
    return float(2 * _COPIED / min(seconds))


def largest_difference(dataset: GeneDataset, device: str, n_genes: int = _FEW_GENES) -> float:
    """Return the largest difference between scores of a graph network fitted on the device and on the CPU."""
    few = dataset.take(np.sort(np.random.default_rng(0).permutation(dataset.n_genes)[:n_genes]))
    scores = [
        make_predictor("graph_network", {"device": each, "dropout": 0.0, "max_epochs": 5}).fit(few).predict_proba(few)
        for each in (device, "cpu")
    ]
    return float(np.abs(scores[0] - scores[1]).max())


def row(name: str, dataset: GeneDataset, device: str, bytes_per_second: float | None) -> str:
    """Fit a model and return its row of the table."""
    if bytes_per_second is not None:
        torch.cuda.reset_peak_memory_stats()
    model = make_predictor(name, {"device": device})
    with Traffic(device) as traffic:
        start = time.perf_counter()
        model.fit(dataset)
        if bytes_per_second is not None:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
    if bytes_per_second is None:
        return f"| {name} | {seconds:.1f} | no GPU | no GPU | no GPU |"
    share = traffic.moved / seconds / bytes_per_second
    peak = torch.cuda.max_memory_allocated() / 2**30
    return f"| {name} | {seconds:.1f} | {peak:.2f} GiB | {traffic.moved / 1e9:.1f} GB | {100 * share:.1f} % |"


def measure(dataset: GeneDataset, models: Sequence[str], device: str) -> None:
    """Print the comparison of devices and the table, line by line."""
    on_gpu = device == "cuda"
    print(f"{torch.cuda.get_device_name() if on_gpu else 'no GPU'}, torch {torch.__version__}", flush=True)
    difference = largest_difference(dataset, device)
    print(f"Largest difference between scores on '{device}' and on 'cpu': {difference:.2g}", flush=True)
    speed = bandwidth() if on_gpu else None
    print(f"Bandwidth of a copy: {'no GPU' if speed is None else f'{speed / 1e9:.0f} GB/s'}\n", flush=True)
    print("| model | seconds | peak memory | moved | bandwidth |\n|---|--:|--:|--:|--:|", flush=True)
    for name in models:
        print(row(name, dataset, device, speed), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure, then run the tests; bad input ends in one sentence and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="folder of a dataset, results/ORGANISM/dataset")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="which to fit; all by default")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--no-tests", action="store_true", help="leave out the tests marked gpu")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device: found 'cuda' on a machine without a usable GPU, expected 'cpu' here")
        dataset = GeneDataset.load(chosen.dataset)
        measure(dataset.hide(0) if dataset.scheme == "cross_validation" else dataset, chosen.models, chosen.device)
    except InputError as error:
        print(f"gpu.py: error: {error}", file=sys.stderr)
        return 2
    if chosen.no_tests:
        return 0
    return int(subprocess.run([sys.executable, "-m", "pytest", "-m", "gpu", "-q", "tests"], cwd=ROOT).returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
