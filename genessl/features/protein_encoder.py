"""ProteinEncoder, which computes one vector per protein by a language model and reads long proteins in windows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genessl.errors import InputError

UNKNOWN_RESIDUE = "X"
_NUMBERS = {"single": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}


def window_starts(length: int, *, window: int, overlap: int) -> list[int]:
    """Return the positions at which the windows of a protein begin.

    >>> window_starts(12, window=6, overlap=2)
    [0, 3, 6]
    """
    if length <= window:
        return [0]
    count = math.ceil((length - overlap) / (window - overlap))
    return [(length - window) * number // (count - 1) for number in range(count)]


@dataclass(frozen=True)
class _Window:
    """A window of a protein, and the weight of each of its residues in the protein's mean."""

    protein: int
    residues: str
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class ProteinEncoder:
    """A language model on its device, with its tokens and the sizes of windows and batches.

    Parameters
    ----------
    module : torch module
        It returns `last_hidden_state`, shape (n_sequences, n_tokens, n_dimensions).
    tokens : mapping of str to int
        Residue to token.
    start : tuple of int
        Tokens before the residues, none or one.
    end : int
        Token after the residues.
    padding : int
        Token that fills up shorter sequences.
    device : torch.device
    precision : {'single', 'half', 'bfloat16'}
        Of the arithmetic.
    batch_tokens, window, overlap : int
        As in `embed_sequences`.
    """

    module: Any
    tokens: Mapping[str, int]
    start: tuple[int, ...]
    end: int
    padding: int
    device: torch.device
    precision: str
    batch_tokens: int
    window: int
    overlap: int

    @property
    def n_ends(self) -> int:
        """The number of tokens that a window has besides its residues."""
        return len(self.start) + 1

    def embed(self, sequences: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean vector of each protein, shape (n_proteins, n_dimensions)."""
        windows = [window for row, sequence in enumerate(sequences) for window in self._windows(row, sequence)]
        at_once = max(1, self.batch_tokens // self._width(windows))
        total: NDArray[np.float32] | None = None
        for first in range(0, len(windows), at_once):
            chosen = windows[first : first + at_once]
            vectors = self._forward(chosen)
            if total is None:
                total = np.zeros((len(sequences), vectors.shape[1]), dtype=np.float32)
            np.add.at(total, [window.protein for window in chosen], vectors)
        assert total is not None
        return total

    def _windows(self, protein: int, sequence: str) -> Iterator[_Window]:
        starts = window_starts(len(sequence), window=self.window, overlap=self.overlap)
        n_containing = np.zeros(len(sequence))
        for start in starts:
            n_containing[start : start + self.window] += 1
        weights = (1 / (len(sequence) * n_containing)).astype(np.float32)
        for start in starts:
            stretch = slice(start, start + self.window)
            yield _Window(protein, sequence[stretch], weights[stretch])

    def _width(self, windows: Sequence[_Window]) -> int:
        """Return the number of tokens of the longest window."""
        return max(len(window.residues) for window in windows) + self.n_ends

    def _forward(self, windows: Sequence[_Window]) -> NDArray[np.float32]:
        """Return the weighted sum over each window's residues, shape (n_windows, n_dimensions)."""
        width = self._width(windows)
        tokens = np.full((len(windows), width), self.padding, dtype=np.int64)
        seen = np.zeros((len(windows), width), dtype=np.int64)
        weights = np.zeros((len(windows), width), dtype=np.float32)
        for row, window in enumerate(windows):
            inner = [self.tokens.get(letter, self.tokens[UNKNOWN_RESIDUE]) for letter in window.residues]
            tokens[row, : len(inner) + self.n_ends] = [*self.start, *inner, self.end]
            seen[row, : len(inner) + self.n_ends] = 1
            weights[row, len(self.start) : len(self.start) + len(inner)] = window.weights
        try:
            return self._weighted_sums(*(torch.from_numpy(array) for array in (tokens, seen, weights)))
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"batch_tokens: found {self.batch_tokens}, for which the GPU has too little memory; take fewer"
            ) from error

    def _weighted_sums(self, tokens: torch.Tensor, seen: torch.Tensor, weights: torch.Tensor) -> NDArray[np.float32]:
        tokens, seen, weights = tokens.to(self.device), seen.to(self.device), weights.to(self.device)
        reduced = self.precision != "single"
        # Autocast keeps normalisation and softmax in single precision; weights in half precision would not.
        with torch.inference_mode(), torch.autocast(self.device.type, dtype=_NUMBERS[self.precision], enabled=reduced):
            hidden = self.module(
                input_ids=tokens, attention_mask=seen
            ).last_hidden_state  # (windows, width, dimensions)
        sums: NDArray[np.float32] = torch.einsum("nwd,nw->nd", hidden.float(), weights).cpu().numpy()
        return sums
