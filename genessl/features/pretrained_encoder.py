"""Loads the encoder of a pretrained protein language model, with a token for each residue, as a ProteinEncoder."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from genessl.errors import InputError
from genessl.features.protein_encoder import UNKNOWN_RESIDUE, ProteinEncoder

_AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
_LIBRARIES = ("transformers", "huggingface_hub")
# SentencePiece writes it where a word begins. ProtT5 was trained on residues with blanks between them: each is a word.
_WORD_MARK = "▁"
# ProtT5's authors let X stand for these, of which it saw few (README of github.com/agemagician/ProtTrans).
_RARE = "UZOB"
# ProstT5 and Ankh 3 were trained on sequences that begin with one of these words, which tell the task.
_TASKS = ("<AA2fold>", "[NLU]")
_POINTER = b"version https://git-lfs.github.com/spec/"
_WEIGHTS = (b"PK", b"\x80")  # a zip archive, or what PyTorch wrote before its version 1.6
_EXPECTED = "expected one such as ESM-2, ProtT5 or Ankh"


@dataclass(frozen=True)
class _Family:
    """How the models of a kind are loaded and read.

    Parameters
    ----------
    encoder : str
        The class of transformers that has the encoder without a decoder.
    unused : tuple of str
        Parts that the last hidden layer does not need; a file may lack their weights.
    has_start : bool
        Whether a token comes before the residues. In each family one comes after them.
    precision : {'half', 'bfloat16'}
        Of the arithmetic on a GPU.
    pieces : str, optional
        File in which SentencePiece may have written the vocabulary.
    """

    encoder: str
    unused: tuple[str, ...]
    has_start: bool
    precision: str
    pieces: str | None = None


# By the kind that a model's configuration names.
_FAMILIES = {
    "esm": _Family("EsmModel", unused=("pooler.", "contact_head."), has_start=True, precision="half"),
    # ProtT5 and Ankh. T5 was trained in bfloat16 (google-research/text-to-text-transfer-transformer, issue 539), and
    # its feed-forward layers can exceed 65504, the largest number of float16 (huggingface/transformers, issue 5651).
    "t5": _Family("T5EncoderModel", unused=(), has_start=False, precision="bfloat16", pieces="spiece.model"),
}


@dataclass(frozen=True)
class _Vocabulary:
    """The tokens of all pieces, and of those that mark start, end and padding."""

    pieces: Mapping[str, int]
    start: int | None
    end: int | None
    padding: int | None


def load_encoder(name: str, *, device: str, batch_tokens: int, window: int, overlap: int) -> ProteinEncoder:
    """Load a pretrained model; the parameters and errors are those of `embed_sequences`."""
    chosen = _device(device)
    family, module, vocabulary = _pretrained(name)
    limit = getattr(module.config, "max_position_embeddings", None)  # T5 has none, its positions being relative
    # ESM counts positions from 2, and start and end take one each.
    if isinstance(limit, int) and window > limit - 4:
        raise InputError(f"window: found {window}, expected at most {limit - 4}, the residues that '{name}' can see")
    tokens = _residue_tokens(vocabulary.pieces)
    start, end, padding = vocabulary.start, vocabulary.end, vocabulary.padding
    lacks_start = family.has_start and start is None
    if lacks_start or end is None or padding is None or not set(_AMINO_ACIDS + UNKNOWN_RESIDUE) <= tokens.keys():
        raise InputError(
            f"model: found '{name}', whose vocabulary lacks a residue, X or the tokens for start, end and padding;"
            f" {_EXPECTED}, with a token for each residue"
        )
    _check_language(name, vocabulary.pieces, tokens)
    module = module.float().eval().to(chosen)
    precision = _precision(family, chosen)
    before = () if start is None or not family.has_start else (start,)
    return ProteinEncoder(module, tokens, before, end, padding, chosen, precision, batch_tokens, window, overlap)


def _device(name: str) -> torch.device:
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device: found {name!r}, expected 'auto', 'cpu' or 'cuda'")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device: found 'cuda' on a machine without a usable GPU, expected 'auto' or 'cpu' here")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def _precision(family: _Family, device: torch.device) -> str:
    if device.type == "cpu":
        return "single"
    if family.precision == "bfloat16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "single"
    return family.precision


def _residue_tokens(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Return the token of each letter, and of what else the vocabulary has.

    >>> _residue_tokens({"</s>": 1, "▁A": 3, "▁U": 4, "▁X": 5})
    {'A': 3, 'X': 5}
    >>> _residue_tokens({"</s>": 1, "A": 3, "U": 4, "X": 5})
    {'</s>': 1, 'A': 3, 'U': 4, 'X': 5}
    """
    if f"{_WORD_MARK}A" not in vocabulary:
        return dict(vocabulary)
    words = {piece[1:]: token for piece, token in vocabulary.items() if piece.startswith(_WORD_MARK)}
    return {word: token for word, token in words.items() if word not in _RARE}


def _check_language(name: str, vocabulary: Mapping[str, int], tokens: Mapping[str, int]) -> None:
    """Raise InputError for a model of texts, and for one that wants to be told its task."""
    if task := next((task for task in _TASKS if task in vocabulary), None):
        raise InputError(
            f"model: found '{name}', which expects {task} before each sequence, as ProstT5 and Ankh 3 do;"
            f" {_EXPECTED}, which reads the sequence alone"
        )
    if word := next((word for word in tokens if len(word) > 1 and word.isalpha()), None):
        raise InputError(
            f"model: found '{name}', whose vocabulary has words, such as '{word}'; {_EXPECTED}, with a token for"
            " each residue"
        )


def _pretrained(name: str) -> tuple[_Family, Any, _Vocabulary]:
    try:
        import transformers
    except ImportError as error:
        raise InputError(
            "embeddings: found no transformers, which compute them; install it: pip install 'genessl[embeddings]'"
        ) from error

    _check_files(Path(name))
    with _loading(name):
        config = transformers.AutoConfig.from_pretrained(name)
    if config.model_type not in _FAMILIES:
        found = f"model: found '{name}' of the kind '{config.model_type}'"
        raise InputError(f"{found}; {_EXPECTED}, of the kind 'esm' or 't5'")
    family = _FAMILIES[config.model_type]
    encoder = getattr(transformers, family.encoder)
    with _loading(name):
        module, loading = encoder.from_pretrained(name, config=config, output_loading_info=True)
    # Transformers fills missing weights with random numbers. What is missing and no parameter is a constant.
    needed = {key for key, _ in module.named_parameters() if not key.startswith(family.unused)}
    if lacking := sorted(needed & set(loading["missing_keys"])):
        raise InputError(f"model: found '{name}' without its weights '{lacking[0]}', expected all; fetch it again")
    return family, module, _vocabulary(name, family)


def _check_files(folder: Path) -> None:
    """Raise InputError for a file in whose place Git LFS left a pointer, and for weights that are none."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_file():
            continue
        with path.open("rb") as file:
            start = file.read(len(_POINTER))
        if start == _POINTER:
            raise InputError(f"{path}: found a Git LFS pointer instead of the file; run 'git lfs pull'")
        if path.match("pytorch_model*.bin") and not start.startswith(_WEIGHTS):
            raise InputError(f"{path}: found no weights of PyTorch; fetch the file again")


def _vocabulary(name: str, family: _Family) -> _Vocabulary:
    """Read the tokens, without transformers' rules for texts.

    Its version 5 reads a mark before each of Ankh's letters, which its vocabulary lacks; its version 4 refuses a file
    of SentencePiece that holds whole words.
    """
    file = _file(name, family.pieces) if family.pieces is not None else None
    if file is None:
        from transformers import AutoTokenizer

        with _loading(name):
            tokenizer = AutoTokenizer.from_pretrained(name)
        pieces = tokenizer.get_vocab()
        return _Vocabulary(pieces, tokenizer.cls_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise InputError(
            f"embeddings: found no sentencepiece, which reads the vocabulary of '{name}'; install it:"
            " pip install 'genessl[embeddings]'"
        ) from error
    with _loading(name):
        processor = SentencePieceProcessor(model_file=file)
    pieces = {processor.id_to_piece(token): token for token in range(processor.get_piece_size())}
    if (added := _file(name, "added_tokens.json")) is not None:
        pieces |= json.loads(Path(added).read_text(encoding="utf-8"))
    return _Vocabulary(pieces, None, pieces.get("</s>"), pieces.get("<pad>"))


def _file(name: str, file: str) -> str | None:
    """Return the path of one of the model's files, or None if there is no such file."""
    from transformers.utils import cached_file

    try:
        with _quiet():
            path: str | None = cached_file(name, file)
    except OSError:  # without a network too, but then the model itself was in the cache
        return None
    return path


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """Suppress what the libraries tell, and raise InputError for what they raise."""
    from safetensors import SafetensorError

    try:
        with _quiet():
            yield
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise InputError(
            f"model: found '{name}', neither a folder with a language model nor one that can be fetched from the"
            f" Hugging Face Hub ({reason}); check name and network, or give a folder"
        ) from error
    except (EOFError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0].split(". ")[0]
        raise InputError(
            f"model: found '{name}', of which a file cannot be read ({reason}); it may be damaged, or not be the one"
            " that the configuration describes: fetch the model again"
        ) from error


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
