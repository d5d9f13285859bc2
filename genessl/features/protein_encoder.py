"""ProteinEncoder, which computes one vector per protein by a language model and reads long proteins in windows."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genessl.errors import InputError

_AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
_UNKNOWN = "X"
_LIBRARIES = ("transformers", "huggingface_hub")


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
    ends : tuple of int
        Tokens before and after the residues.
    padding : int
        Token that fills up shorter sequences.
    device : torch.device
    batch_tokens, window, overlap : int
        As in `embed_sequences`.
    """

    module: Any
    tokens: Mapping[str, int]
    ends: tuple[int, int]
    padding: int
    device: torch.device
    batch_tokens: int
    window: int
    overlap: int

    @property
    def is_half(self) -> bool:
        """Whether the arithmetic is in half precision."""
        return self.device.type == "cuda"

    def embed(self, sequences: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean vector of each protein, shape (n_proteins, n_dimensions)."""
        windows = [window for row, sequence in enumerate(sequences) for window in self._windows(row, sequence)]
        at_once = max(1, self.batch_tokens // with_ends(max(len(window.residues) for window in windows)))
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

    def _forward(self, windows: Sequence[_Window]) -> NDArray[np.float32]:
        """Return the weighted sum over each window's residues, shape (n_windows, n_dimensions)."""
        width = with_ends(max(len(window.residues) for window in windows))
        tokens = np.full((len(windows), width), self.padding, dtype=np.int64)
        seen = np.zeros((len(windows), width), dtype=np.int64)
        weights = np.zeros((len(windows), width), dtype=np.float32)
        for row, window in enumerate(windows):
            inner = [self.tokens.get(letter, self.tokens[_UNKNOWN]) for letter in window.residues]
            tokens[row, : len(inner) + 2] = [self.ends[0], *inner, self.ends[1]]
            seen[row, : len(inner) + 2] = 1
            weights[row, 1 : len(inner) + 1] = window.weights
        try:
            return self._weighted_sums(*(torch.from_numpy(array) for array in (tokens, seen, weights)))
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"batch_tokens: found {self.batch_tokens}, for which the GPU has too little memory; take fewer"
            ) from error

    def _weighted_sums(self, tokens: torch.Tensor, seen: torch.Tensor, weights: torch.Tensor) -> NDArray[np.float32]:
        tokens, seen, weights = tokens.to(self.device), seen.to(self.device), weights.to(self.device)
        # Autocast keeps normalisation and softmax in single precision; weights in half precision would not.
        with torch.inference_mode(), torch.autocast(self.device.type, dtype=torch.float16, enabled=self.is_half):
            hidden = self.module(
                input_ids=tokens, attention_mask=seen
            ).last_hidden_state  # (windows, width, dimensions)
        sums: NDArray[np.float32] = torch.einsum("nwd,nw->nd", hidden.float(), weights).cpu().numpy()
        return sums


def with_ends(n_residues: int) -> int:
    """Return the number of tokens of a window, including those for start and end."""
    return n_residues + 2


def _device(name: str) -> torch.device:
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device: found {name!r}, expected 'auto', 'cpu' or 'cuda'")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device: found 'cuda' on a machine without a usable GPU, expected 'auto' or 'cpu' here")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def load_encoder(name: str, *, device: str, batch_tokens: int, window: int, overlap: int) -> ProteinEncoder:
    """Load a pretrained model; the parameters and errors are those of `embed_sequences`."""
    chosen = _device(device)
    module, tokenizer = _pretrained(name)
    limit = getattr(module.config, "max_position_embeddings", None)
    # ESM counts positions from 2, and start and end take one each.
    if isinstance(limit, int) and window > limit - 4:
        raise InputError(f"window: found {window}, expected at most {limit - 4}, the residues that '{name}' can see")
    tokens = tokenizer.get_vocab()
    ends = (tokenizer.cls_token_id, tokenizer.eos_token_id)
    if None in (*ends, tokenizer.pad_token_id) or not set(_AMINO_ACIDS + _UNKNOWN) <= tokens.keys():
        raise InputError(
            f"model: found '{name}', whose vocabulary lacks a residue, X or the tokens for start, end and padding;"
            " expected one such as ESM-2, with a token for each residue"
        )
    module = module.float().eval().to(chosen)
    return ProteinEncoder(module, tokens, ends, tokenizer.pad_token_id, chosen, batch_tokens, window, overlap)


def _pretrained(name: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise InputError(
            "embeddings: found no transformers, which compute them; install it: pip install 'genessl[embeddings]'"
        ) from error
    from safetensors import SafetensorError

    try:
        with _quiet():
            module, loading = AutoModel.from_pretrained(name, output_loading_info=True)
            tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise InputError(
            f"model: found '{name}', neither a folder with a language model nor one that can be fetched from the"
            f" Hugging Face Hub ({reason}); check name and network, or give a folder"
        ) from error
    # Transformers fills missing weights with random numbers; only the pooling head, which is not used, may be missing.
    needed = (key for key in loading["missing_keys"] if ".layer." in key or ".word_embeddings." in f".{key}")
    if lacking := sorted(key for key in needed if not key.endswith("inv_freq")):  # a constant, no weight
        raise InputError(f"model: found '{name}' without its weights '{lacking[0]}', expected all; fetch it again")
    return module, tokenizer


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the libraries' warnings and progress bars; this module raises errors where they matter."""
    from transformers.utils import logging as transformers_logging

    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [logger.level for logger in loggers]
    had_bar = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
        if had_bar:
            transformers_logging.enable_progress_bar()
