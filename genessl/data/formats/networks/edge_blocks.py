"""What the readers of all networks share: blocks of lines in, one table of edges out."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.text_files import read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)

COMMENTS = ("#", "%")
NO_NAME = "no name of a gene"
_ROWS, _CHARACTERS = 50_000, 4 << 20
_END_OF_ROW = "\0"
SHOWN = 40
STRING_SCALE = 1000.0


@dataclass(frozen=True)
class NetworkOptions:
    """What a configuration can ask of a network, see `read_network`; `first_rows` is the number of rows to look at."""

    genes: Sequence[str] | None = None
    channels: Sequence[str] | None = None
    min_score: float = 0.0
    columns: Sequence[str | int] | None = None
    sign: str | None = None
    first_rows: int | None = None


class Lines(NamedTuple):
    """Consecutive lines with their numbers."""

    path: Path
    numbers: Sequence[int]
    texts: Sequence[str]


class Block(NamedTuple):
    """Consecutive lines, split into columns."""

    path: Path
    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]


class Edges(NamedTuple):
    """Both ends of each edge of a block, its weight, and the kind that `channels` can choose.

    `losses` has a mask of the rows that are left out for each reason; the first reason of a row counts.
    """

    a: Sequence[str]
    b: Sequence[str]
    weights: NDArray[np.float64]
    kinds: Sequence[str] | None = None
    losses: Sequence[tuple[str, NDArray[np.bool_]]] = ()


class NodeTable(dict[str, Any]):
    """A mapping of nodes that pandas shares, instead of copying it, whenever it passes the attributes of a table on."""

    def __deepcopy__(self, memo: object) -> NodeTable:
        return self


@dataclass(frozen=True)
class NodeNames:
    """Names of the nodes of a file that gives each gene more than one.

    Parameters
    ----------
    alternatives : NodeTable
        Node to its other names, the best first; a node that is named by a symbol, which genes of several organisms
        share, is the first of its own alternatives.
    organisms : NodeTable
        Node to the identifier of its taxon.
    """

    alternatives: NodeTable = field(default_factory=NodeTable)
    organisms: NodeTable = field(default_factory=NodeTable)

    def node(self, names: Sequence[str], organism: str, *, by_symbol: bool = False) -> str:
        """Return the node of a gene with these names, the first of which names it unless another organism has it."""
        name = names[0]
        if organism and self.organisms.setdefault(name, organism) != organism:
            name, by_symbol = f"{name} (taxon {organism})", True
            self.organisms[name] = organism
        others = dict.fromkeys(names if by_symbol else names[1:])
        if others:
            self.alternatives.setdefault(name, tuple(others))
        return name


def line_blocks(
    path: Path, *, after: int = 0, comments: tuple[str, ...] = COMMENTS, most: int | None = None
) -> Iterator[Lines]:
    """Yield the lines after one, without blank lines and comments, as many at once as fit into some 4 MB.

    With `most`, one block of so many lines is all.
    """
    skipped = ("", *comments)
    numbers: list[int] = []
    texts: list[str] = []
    size = 0
    for number, text in read_lines(path):
        if text[:1] in skipped or number <= after or text.isspace():
            continue
        numbers.append(number)
        texts.append(text)
        size += len(text)
        if len(texts) == most:
            break
        if size > _CHARACTERS or len(texts) == _ROWS:
            yield Lines(path, numbers, texts)
            numbers, texts, size = [], [], 0
    if texts:
        yield Lines(path, numbers, texts)


def split(lines: Lines, separator: str | None, width: int) -> Block:
    """Split many lines at once, which is several times faster than one by one; a mark keeps the rows apart.

    Raises
    ------
    InputError
        If a line has another number of columns than `width`.
    """
    glue = separator or " "
    fields = f"{glue}{_END_OF_ROW}{glue}".join(lines.texts).split(separator)
    n_rows = len(lines.texts)
    if fields[width :: width + 1].count(_END_OF_ROW) != n_rows - 1 or len(fields) != n_rows * (width + 1) - 1:
        widths = (len(text.split(separator)) + text.count(_END_OF_ROW) for text in lines.texts)
        number, found = next(pair for pair in zip(lines.numbers, widths) if pair[1] != width)
        raise wrong_width(lines.path, number, found, width)
    return Block(lines.path, lines.numbers, [fields[column :: width + 1] for column in range(width)])


def wrong_width(path: Path, number: int, found: int, width: int) -> InputError:
    """Return the error of a line with another number of columns than the first."""
    return InputError(
        f"{path}:{number}: found {found} columns, expected {width} as in the first line; correct the line or give the"
        " right format"
    )


def header_of(line: str, separator: str | None) -> list[str]:
    """Return the columns of a header, which may be marked as a comment."""
    return [name.strip() for name in line.lstrip("#").split(separator)]


def check_channels(path: Path, channels: Sequence[str], present: Sequence[str]) -> None:
    """Raise InputError unless some channels are chosen and all of them are in the file."""
    unknown = [channel for channel in channels if channel not in present]
    if unknown or not channels:
        found = f"'{unknown[0]}'" if unknown else "an empty list"
        if not present:
            raise InputError(
                f"{path}: found {found} in `channels`, but the file has no channels; give one that has, such as"
                " STRING's detailed or full links, or remove `channels`"
            )
        raise InputError(f"{path}: found {found} in `channels`, expected some of {', '.join(sorted(present))}")


def read_rows(
    path: Path,
    options: NetworkOptions,
    parse: Callable[[Block], Edges],
    *,
    separator: str | None,
    width: int,
    after: int,
    comments: tuple[str, ...] = COMMENTS,
    names: NodeNames | None = None,
) -> pd.DataFrame:
    """Read a file of which all lines after the one numbered `after` have the same number of columns."""
    blocks = line_blocks(path, after=after, comments=comments, most=options.first_rows)
    return collect(path, (parse(split(lines, separator, width)) for lines in blocks), options, names)


def collect(
    path: Path, blocks: Iterator[Edges], options: NetworkOptions, names: NodeNames | None = None
) -> pd.DataFrame:
    """Join the edges of all blocks, less those that the options leave out, as `read_network` returns them.

    Raises
    ------
    InputError
        If there is no edge, a channel is not in the file, or weights exceed the scale of `min_score`.
    """
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    ends: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    weights: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32)]
    kinds: set[str] | None = None
    losses: Counter[str] = Counter()
    n_rows = 0
    for edges in blocks:
        n_rows += len(edges.weights)
        kept = np.ones(len(edges.weights), dtype=bool)
        if edges.kinds is not None and options.channels is not None:
            kinds = (kinds or set()) | set(edges.kinds)
            chosen = np.fromiter(map(set(options.channels).__contains__, edges.kinds), dtype=bool, count=len(kept))
            _leave_out("other channel", ~chosen, kept, losses)
        for reason, mask in edges.losses:
            _leave_out(reason, mask, kept, losses)
        _check_scale(path, options, edges.weights[kept])
        _leave_out("below the minimum score", ~(edges.weights >= options.min_score), kept, losses)
        for codes, nodes in zip(ends, (edges.a, edges.b)):
            codes.append(_codes(vocabulary, nodes)[kept])
        weights.append(edges.weights[kept].astype(np.float32))
    if not n_rows:
        raise InputError(f"{path}: expected edges, found none below the first lines; download or copy it again")
    if kinds is not None and options.channels is not None and options.first_rows is None:
        check_channels(path, options.channels, list(kinds))
    _tell(path, losses, options)
    labels = np.array(list(vocabulary), dtype=object)
    columns = {
        name: pd.Series(labels[np.concatenate([np.empty(0, dtype=np.int64), *codes])], dtype="str")
        for name, codes in zip("ab", ends)
    }
    table = pd.DataFrame({**columns, "weight": np.concatenate(weights)})
    always = ("other channel", "below the minimum score")
    table.attrs["losses"] = dict.fromkeys(always, 0) | {reason: n for reason, n in losses.items() if n}
    if names is not None:
        table.attrs |= {"alternatives": names.alternatives, "organisms": names.organisms}
    return table


def _leave_out(reason: str, mask: NDArray[np.bool_], kept: NDArray[np.bool_], losses: Counter[str]) -> None:
    losses[reason] += int((mask & kept).sum())
    kept &= ~mask


def _check_scale(path: Path, options: NetworkOptions, weights: NDArray[np.float64]) -> None:
    if options.min_score and weights.max(initial=0.0) > 1:
        raise InputError(
            f"{path}: found the weight {weights.max():g}, expected weights up to 1 where `min_score` is set; leave it"
            " out or scale the weights"
        )


def _tell(path: Path, losses: Mapping[str, int], options: NetworkOptions) -> None:
    for reason, count in losses.items():
        if count and reason == "below the minimum score":
            _log.info("%s: %d edges weigh less than %g and are left out", path, count, options.min_score)
        elif count and reason != "other channel":
            _log.warning("%s: %d edges are left out: %s", path, count, reason)


def _codes(vocabulary: Mapping[str, int], names: Sequence[str]) -> NDArray[np.int64]:
    return np.fromiter(map(vocabulary.__getitem__, names), dtype=np.int64, count=len(names))


def empty_names(*columns: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the loss of the rows in which a name is missing, if there are any."""
    if not any("" in column for column in columns):
        return []
    missing = np.zeros(len(columns[0]), dtype=bool)
    for column in columns:
        missing |= np.array([name == "" for name in column], dtype=bool)
    return [(NO_NAME, missing)]
