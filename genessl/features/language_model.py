"""Per-protein embeddings by a protein language model: ESM-2, ProtT5 or Ankh."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from genessl.data.folders import written_file
from genessl.errors import InputError
from genessl.features.pretrained_encoder import load_encoder
from genessl.features.protein_encoder import window_starts

_log = logging.getLogger(__name__)


def embed_sequences(
    sequences: Mapping[str, str],
    output: str | Path,
    *,
    model: str = "facebook/esm2_t12_35M_UR50D",
    device: str = "auto",
    batch_tokens: int = 8192,
    window: int = 1022,
    overlap: int = 256,
) -> None:
    """Write the embedding of each protein: the mean of the model's last hidden layer over the residues.

    The model is ESM-2 [1]_, ProtT5 [2]_ or Ankh [3]_; of the latter two, encoders with a decoder, the encoder alone is
    loaded. The tokens for start, end and padding do not count. A protein longer than `window` is cut into evenly spaced
    windows of that length, and neighbouring windows share at least `overlap` residues. A residue's vector is the mean
    over the windows that contain it. A letter that the model's vocabulary lacks is read as X; ESM-2 and Ankh know B, O,
    U and Z, but not J. For ProtT5 these four are read as X too, as its authors do.

    Finished batches are kept in `output` + ".part", longest proteins first. After an interruption, a call with the same
    arguments continues from them and writes the same file. `output` appears when it is complete.

    Parameters
    ----------
    sequences : mapping of str to str
        Gene to sequence, as `read_fasta` returns them.
    output : path
        HDF5 file with a float32 vector for each gene under the gene's name, which `read_embeddings` reads.
    model : str
        Folder, or name on the Hugging Face Hub, of a model of one of these kinds.
    device : {'auto', 'cpu', 'cuda'}
        'auto' uses a GPU if there is one. A CPU computes in single precision, a GPU in float16 (ESM-2) or bfloat16
        (ProtT5 and Ankh, whose numbers can exceed float16; in single precision if the GPU lacks bfloat16).
    batch_tokens : int, default=8192
        The most tokens, including padding, that the model reads at once, at least 1. Memory grows with it. A single
        window may have more tokens.
    window : int, default=1022
        The most residues that the model reads at once, from 1 to the model's own limit. ProtT5 and Ankh have none.
    overlap : int, default=256
        From 0 to `window` - 1.

    Raises
    ------
    InputError
        If a parameter is out of range, transformers or sentencepiece is not installed, the model cannot be loaded,
        lacks weights or is of another kind, memory runs out on the GPU, or the part file belongs to other arguments.

    References
    ----------
    .. [1] Lin et al., Evolutionary-scale prediction of atomic-level protein structure with a language model,
       Science 379, 2023, doi:10.1126/science.ade2574
    .. [2] Elnaggar et al., ProtTrans: toward understanding the language of life through self-supervised learning, IEEE
       Transactions on Pattern Analysis and Machine Intelligence 44, 2022, doi:10.1109/TPAMI.2021.3095381
    .. [3] Elnaggar et al., Ankh: optimized protein language model unlocks general-purpose modelling, 2023,
       arXiv:2301.06568
    """
    _check_sequences(sequences)
    _check_sizes(batch_tokens, window, overlap)
    encoder = load_encoder(model, device=device, batch_tokens=batch_tokens, window=window, overlap=overlap)
    lengths = {gene: len(sequence) for gene, sequence in sequences.items()}
    sizes = {"batch_tokens": batch_tokens, "window": window, "overlap": overlap}
    batches = plan_batches(lengths, **sizes, n_ends=encoder.n_ends)
    settings: dict[str, str | int] = {
        "model": model,
        "window": window,
        "overlap": overlap,
        "batch_tokens": batch_tokens,
        "precision": encoder.precision,
        "sequences": _digest(sequences),
    }
    output = Path(output)
    part = output.with_name(f"{output.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with _opened(part, settings) as file:
        for number in range(int(file.attrs["batches"]), len(batches)):
            vectors = encoder.embed([sequences[gene] for gene in batches[number]])
            _keep(file, batches[number], vectors, number)
            _report(number + 1, len(batches))
        with written_file(output) as temporary, h5py.File(temporary, "w") as finished:
            # A new file in order of the names has the same bytes for any interruptions and any order of the sequences.
            for gene in sorted(sequences):
                finished.create_dataset(gene, data=file[gene][()])
    part.unlink()


def plan_batches(
    lengths: Mapping[str, int], *, batch_tokens: int, window: int, overlap: int, n_ends: int = 2
) -> list[list[str]]:
    """Group genes of similar length, longest first, so that the windows of a batch fit into its tokens.

    A window has `n_ends` tokens besides its residues, for start and end. The longest come first, so that a lack of
    memory shows at once. A gene that alone exceeds the tokens is a batch of its own. The order of the genes has no
    effect.

    >>> plan_batches({"a": 3, "b": 8, "c": 4, "d": 3}, batch_tokens=12, window=20, overlap=5)
    [['b'], ['c', 'a'], ['d']]
    """
    batches: list[list[str]] = []
    n_windows = width = 0
    for gene in sorted(lengths, key=lambda gene: (-lengths[gene], gene)):
        own = len(window_starts(lengths[gene], window=window, overlap=overlap))
        if not batches or (n_windows + own) * width > batch_tokens:
            batches.append([])
            n_windows, width = 0, min(lengths[gene], window) + n_ends
        batches[-1].append(gene)
        n_windows += own
    return batches


def _check_sequences(sequences: Mapping[str, str]) -> None:
    if not sequences:
        raise InputError("sequences: found none, expected at least one protein")
    for gene, sequence in sequences.items():
        if not sequence:
            raise InputError(f"sequences: found no residue for '{gene}', expected some; remove it or add its sequence")
        if "/" in gene or gene == ".":
            raise InputError(f"sequences: found the gene '{gene}', a name that HDF5 reads as a path; rename it")


def _check_sizes(batch_tokens: int, window: int, overlap: int) -> None:
    for name, value in (("batch_tokens", batch_tokens), ("window", window)):
        if type(value) is not int or value < 1:
            raise InputError(f"{name}: found {value!r}, expected a whole number, at least 1")
    if type(overlap) is not int or not 0 <= overlap < window:
        raise InputError(f"overlap: found {overlap!r}, expected a whole number from 0 to {window - 1}")


def _digest(sequences: Mapping[str, str]) -> str:
    text = "".join(f"{gene}\t{sequences[gene]}\n" for gene in sorted(sequences))
    return hashlib.sha256(text.encode()).hexdigest()


def _opened(part: Path, settings: Mapping[str, str | int]) -> h5py.File:
    """Open the part file, new or of an interrupted run with the same settings."""
    try:
        file = h5py.File(part, "a")
    except OSError as error:
        raise InputError(
            f"{part}: the file of an interrupted run cannot be opened ({' '.join(str(error).split())});"
            " end the run that writes it, or delete it to start again"
        ) from error
    is_new = not len(file) and not len(file.attrs)
    if is_new or file.attrs.get("batches") == 0:
        file.attrs.update({**settings, "batches": 0})
    for name, value in settings.items():
        if (found := file.attrs.get(name)) != value:
            file.close()
            difference = "other sequences" if name == "sequences" else f"{name} {found}, expected {value}"
            raise InputError(
                f"{part}: found an interrupted run with {difference}; finish it as it was begun,"
                " or delete the file to start again"
            )
    return file


def _keep(file: h5py.File, genes: Sequence[str], vectors: NDArray[np.float32], number: int) -> None:
    """Write a finished batch, and count it as done when it is on the disk."""
    for gene, vector in zip(genes, vectors, strict=True):
        if not np.isfinite(vector).all():
            raise InputError(f"model: found numbers for '{gene}' that are not finite; try the device 'cpu'")
        if gene in file:  # left by a run that ended within this batch
            del file[gene]
        file.create_dataset(gene, data=vector)
    file.flush()
    file.attrs["batches"] = number + 1
    file.flush()


def _report(done: int, total: int) -> None:
    """Log the progress after each twentieth of the batches."""
    if done * 20 // total > (done - 1) * 20 // total:
        _log.info("embeddings: %d of %d batches", done, total)
