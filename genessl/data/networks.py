"""Network files in, tables of edges out."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.text_files import read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)

STRING_PRIOR = 0.041
_STRING_SCALE = 1000.0
_BLOCK = 50_000
_WEIGHT_NAMES = frozenset({"weight", "weights", "score", "combined_score", "value", "similarity", "correlation"})
_END_OF_ROW = "\0"


class _Block(NamedTuple):
    """Consecutive lines, split into columns."""

    path: str | Path
    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]


class _Edges(NamedTuple):
    """Both ends of each edge of a block, its weight, and the kind that `channels` can choose."""

    a: Sequence[str]
    b: Sequence[str]
    weights: NDArray[np.float64]
    kinds: Sequence[str] | None = None


@dataclass(frozen=True)
class _Layout:
    """The layout of one file: its separator, its number of columns, and the meaning of a block's columns."""

    separator: str | None
    n_columns: int
    parse: Callable[[_Block], _Edges]
    first_line_is_header: bool = True
    has_kinds: bool = False


def read_network(
    path: str | Path,
    format: str,
    *,
    genes: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    min_score: float = 0.0,
) -> pd.DataFrame:
    """Read the edges of a network, in file order, as often as the file lists them.

    Parameters
    ----------
    path : str or Path
        Plain or compressed text.
    format : {'string', 'string_actions', 'edges', 'indexed_edges', 'biogrid'}
        STRING links (also detailed and full), STRING actions, lines of two names and perhaps a weight, lines of two
        row numbers (from 1) into `genes` and perhaps a weight, or BioGRID TAB3, whose scores are no weights.
    genes : sequence of str, optional
        Names by row, for `indexed_edges` only.
    channels : sequence of str, optional
        For `string` the score columns to combine instead of taking ``combined_score``; for `string_actions` the
        modes, and for `biogrid` the experimental system types, to keep.
    min_score : float, default=0.0
        Smallest weight to keep, in [0, 1].

    Returns
    -------
    DataFrame with the columns a and b (str) and weight (float32)
        Weights are 1 where the file has none; STRING scores are divided by 1000. Its ``attrs["losses"]`` counts by
        reason the rows that `channels` and `min_score` left out.

    Raises
    ------
    InputError
        If the file is damaged or of another format, a weight is negative or no number, or a channel is not in it.

    Notes
    -----
    Channels combine as STRING does [1]_: with the prior p = 0.041 of a random pair, each score becomes
    s' = max(0, (s - p) / (1 - p)), and the weight is 1 - (1 - p) prod(1 - s'); it is 0 where no channel exceeds p.
    STRING's correction of text mining and co-occurrence for homology is not repeated.

    References
    ----------
    .. [1] C. von Mering et al., STRING: known and predicted protein-protein associations, integrated and transferred
       across organisms, Nucleic Acids Research 33, D433-D437, 2005, doi:10.1093/nar/gki005
    """
    if format not in _LAYOUTS:
        raise InputError(f"format: found '{format}', expected one of {', '.join(_LAYOUTS)}")
    if not 0 <= min_score <= 1:
        raise InputError(f"min_score: found {min_score}, expected a number from 0 to 1")
    if format == "indexed_edges" and genes is None:
        raise InputError(f"{path}: indexed_edges need the genes that its row numbers mean; give their file as `genes`")
    if channels is not None and format in ("edges", "indexed_edges"):
        raise InputError(f"{path}: found channels for the format {format}, which has none; remove `channels`")
    lines = _content_lines(path, skip_comments=format != "biogrid")
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path}: expected edges, found blank lines or comments only; download or copy it again")
    layout = _LAYOUTS[format](path, first, channels, genes)
    if not layout.first_line_is_header:
        lines = chain([first], lines)
    return _collected(path, layout, _blocks(path, lines, layout), channels, min_score)


def _content_lines(path: str | Path, *, skip_comments: bool) -> Iterator[tuple[int, str]]:
    skipped = ("", "#") if skip_comments else ("",)
    for number, line in read_lines(path):
        if line[:1] not in skipped and not line.isspace():
            yield number, line


def _blocks(path: str | Path, lines: Iterator[tuple[int, str]], layout: _Layout) -> Iterator[_Block]:
    """Split many lines at once, which is several times faster than one by one; a mark keeps the rows apart."""
    width, separator = layout.n_columns, layout.separator or " "
    while block := list(islice(lines, _BLOCK)):
        numbers, texts = zip(*block, strict=True)
        fields = f"{separator}{_END_OF_ROW}{separator}".join(texts).split(layout.separator)
        n_marks = fields[width :: width + 1].count(_END_OF_ROW)
        if n_marks != len(texts) - 1 or len(fields) != len(texts) * (width + 1) - 1:
            raise _wrong_width(path, block, layout)
        yield _Block(path, numbers, [fields[column :: width + 1] for column in range(width)])


def _wrong_width(path: str | Path, block: Sequence[tuple[int, str]], layout: _Layout) -> InputError:
    widths = ((n, len(line.split(layout.separator)) + line.count(_END_OF_ROW)) for n, line in block)
    number, found = next((number, width) for number, width in widths if width != layout.n_columns)
    return InputError(
        f"{path}:{number}: found {found} columns, expected {layout.n_columns} as in the first line;"
        " correct the line or give the right format"
    )


def _collected(
    path: str | Path,
    layout: _Layout,
    blocks: Iterator[_Block],
    channels: Sequence[str] | None,
    min_score: float,
) -> pd.DataFrame:
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    ends: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    weights: list[NDArray[np.float32]] = []
    kinds: Counter[str] = Counter()
    other_kind = too_small = 0
    for block in blocks:
        edges = layout.parse(block)
        if min_score and edges.weights.max(initial=0.0) > 1:
            raise InputError(
                f"{path}: found the weight {edges.weights.max():g}, expected weights up to 1 where `min_score` is set;"
                " leave it out or scale the weights"
            )
        chosen = np.ones(len(edges.weights), dtype=bool)
        if edges.kinds is not None and channels is not None:
            kinds.update(edges.kinds)
            chosen = np.fromiter(map(set(channels).__contains__, edges.kinds), dtype=bool, count=len(chosen))
        enough = edges.weights >= min_score
        other_kind += int((~chosen).sum())
        too_small += int((chosen & ~enough).sum())
        for codes, names in zip(ends, (edges.a, edges.b)):
            codes.append(_codes(vocabulary, names)[chosen & enough])
        weights.append(edges.weights[chosen & enough].astype(np.float32))
    if layout.has_kinds and channels is not None:
        _check_channels(path, channels, list(kinds))
    if too_small:
        _log.info("%s: %d edges weigh less than %g and are left out", path, too_small, min_score)
    names_by_code = np.array(list(vocabulary), dtype=object)
    columns = {
        name: pd.Series(names_by_code[np.concatenate([np.empty(0, dtype=np.int64), *codes])], dtype="str")
        for name, codes in zip("ab", ends)
    }
    table = pd.DataFrame({**columns, "weight": np.concatenate([np.empty(0, dtype=np.float32), *weights])})
    table.attrs["losses"] = {"other channel": other_kind, "below the minimum score": too_small}
    return table


def _codes(vocabulary: Mapping[str, int], names: Sequence[str]) -> NDArray[np.int64]:
    return np.fromiter(map(vocabulary.__getitem__, names), dtype=np.int64, count=len(names))


def _weights(block: _Block, column: int) -> NDArray[np.float64]:
    texts = block.columns[column]
    try:
        values = np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
        if (values >= 0).all() and np.isfinite(values).all():
            return values
    except ValueError:
        pass
    number, text = next((n, text) for n, text in zip(block.numbers, texts) if not _is_weight(text))
    raise InputError(f"{block.path}:{number}: found the weight '{text}', expected a number of at least 0; correct it")


def _is_weight(text: str) -> bool:
    return _is_number(text) and 0 <= float(text) < float("inf")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_channels(path: str | Path, channels: Sequence[str], present: Sequence[str]) -> None:
    unknown = [channel for channel in channels if channel not in present]
    if unknown or not channels:
        found = f"'{unknown[0]}'" if unknown else "an empty list"
        raise InputError(f"{path}: found {found} in `channels`, expected some of {', '.join(sorted(present))}")


def _header_positions(
    path: str | Path, first: tuple[int, str], separator: str | None, wanted: Sequence[str], format_name: str
) -> tuple[list[str], list[int]]:
    number, line = first
    header = line.lstrip("#").split(separator)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InputError(
            f"{path}:{number}: expected a header with the column '{missing[0]}', found '{line[:40]}';"
            f" give a file of the format {format_name}"
        )
    return header, [header.index(name) for name in wanted]


def _string_layout(
    path: str | Path, first: tuple[int, str], channels: Sequence[str] | None, genes: Sequence[str] | None
) -> _Layout:
    wanted = ("protein1", "protein2", "combined_score")
    header, (a, b, combined) = _header_positions(path, first, None, wanted, "string")
    if channels is not None:
        _check_channels(path, channels, [name for name in header if name not in wanted])
    scored = [combined] if channels is None else [header.index(channel) for channel in dict.fromkeys(channels)]

    def parse(block: _Block) -> _Edges:
        scores = [_weights(block, column) / _STRING_SCALE for column in scored]
        weights = scores[0] if channels is None else combine_channels(np.stack(scores))
        return _Edges(block.columns[a], block.columns[b], weights)

    return _Layout(None, len(header), parse)


def combine_channels(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Combine STRING scores in [0, 1], shape (n_channels, n_edges), into one per edge; see `read_network`."""
    evidence = np.clip((scores - STRING_PRIOR) / (1 - STRING_PRIOR), 0, 1)
    combined = 1 - (1 - STRING_PRIOR) * np.prod(1 - evidence, axis=0)
    return np.where(evidence.any(axis=0), combined, 0.0)


def _actions_layout(
    path: str | Path, first: tuple[int, str], channels: Sequence[str] | None, genes: Sequence[str] | None
) -> _Layout:
    wanted = ("item_id_a", "item_id_b", "mode", "score")
    header, (a, b, mode, score) = _header_positions(path, first, "\t", wanted, "string_actions")

    def parse(block: _Block) -> _Edges:
        columns = block.columns
        return _Edges(columns[a], columns[b], _weights(block, score) / _STRING_SCALE, columns[mode])

    return _Layout("\t", len(header), parse, has_kinds=True)


def _biogrid_layout(
    path: str | Path, first: tuple[int, str], channels: Sequence[str] | None, genes: Sequence[str] | None
) -> _Layout:
    ends = [f"{name} Interactor {end}" for end in "AB" for name in ("Systematic Name", "Official Symbol")]
    header, positions = _header_positions(path, first, "\t", [*ends, "Experimental System Type"], "biogrid")

    def parse(block: _Block) -> _Edges:
        system_a, symbol_a, system_b, symbol_b, kinds = (block.columns[position] for position in positions)
        names = [
            [symbol if name == "-" else name for name, symbol in zip(systematic, symbols)]
            for systematic, symbols in ((system_a, symbol_a), (system_b, symbol_b))
        ]
        return _Edges(names[0], names[1], np.ones(len(kinds)), kinds)

    return _Layout("\t", len(header), parse, has_kinds=True)


def _edges_layout(
    path: str | Path, first: tuple[int, str], channels: Sequence[str] | None, genes: Sequence[str] | None
) -> _Layout:
    number, line = first
    words = line.split()
    if len(words) not in (2, 3):
        raise InputError(
            f"{path}:{number}: found {len(words)} columns, expected two names and perhaps a weight;"
            " give the network as an edge list or the right format"
        )

    def parse(block: _Block) -> _Edges:
        weights = _weights(block, 2) if len(words) == 3 else np.ones(len(block.numbers))
        if genes is None:
            return _Edges(block.columns[0], block.columns[1], weights)
        return _Edges(_named(block, 0, genes), _named(block, 1, genes), weights)

    is_header = len(words) == 3 and words[2].lower() in _WEIGHT_NAMES
    if is_header:
        _log.info("%s:%d: '%s' is read as a header", path, number, line)
    return _Layout(None, len(words), parse, first_line_is_header=is_header)


def _named_edges_layout(
    path: str | Path, first: tuple[int, str], channels: Sequence[str] | None, genes: Sequence[str] | None
) -> _Layout:
    return _edges_layout(path, first, channels, None)


def _named(block: _Block, column: int, genes: Sequence[str]) -> list[str]:
    try:
        rows = list(map(int, block.columns[column]))
        if min(rows) >= 1 and max(rows) <= len(genes):
            return [genes[row - 1] for row in rows]
    except ValueError:
        pass
    allowed = frozenset(map(str, range(1, len(genes) + 1)))
    number, text = next((n, text) for n, text in zip(block.numbers, block.columns[column]) if text not in allowed)
    raise InputError(
        f"{block.path}:{number}: found '{text}', expected a row number from 1 to {len(genes)};"
        " give the list of genes that belongs to the network"
    )


_LAYOUTS: dict[str, Callable[[str | Path, tuple[int, str], Sequence[str] | None, Sequence[str] | None], _Layout]] = {
    "string": _string_layout,
    "string_actions": _actions_layout,
    "edges": _named_edges_layout,
    "indexed_edges": _edges_layout,
    "biogrid": _biogrid_layout,
}
