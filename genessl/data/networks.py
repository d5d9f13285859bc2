"""Network files in, tables of edges out, and the gene of each of their nodes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format, recognise
from genessl.data.formats.networks import NETWORK_FORMATS
from genessl.data.formats.networks.edge_blocks import SHOWN, NetworkOptions
from genessl.data.formats.networks.other_kinds import refuse_other_kinds
from genessl.data.formats.networks.string_links import combine_channels
from genessl.data.formats.networks.weights import SIGNS
from genessl.data.identifiers import GeneIdentifiers, Resolution
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

__all__ = ["OTHER_ORGANISM", "check_network", "combine_channels", "organism_of", "read_network", "resolve_nodes"]

_log = logging.getLogger(__name__)

OTHER_ORGANISM = "other organism"
_OTHER_NAME = "other name in the file"
_PEEKED = 200
_BY_NAME = {each.name: each for each in NETWORK_FORMATS}
_SIGNED = ("edges", "indexed_edges", "genemania", "cytoscape", "networkx")
# The formats that a file may have where another one is named.
_MEANT = {
    "string": ("string", "string_export"),
    "edges": ("edges", "sif", "genemania", "cytoscape", "networkx", "string"),
}


def read_network(
    path: str | Path,
    format: str | None = None,
    *,
    genes: Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    min_score: float = 0.0,
    columns: Sequence[str | int] | None = None,
    sign: str | None = None,
) -> pd.DataFrame:
    """Read the edges of a network, in file order, as often as the file lists them.

    Parameters
    ----------
    path : str or Path
        Plain or compressed text.
    format : str, optional
        Name of the format: 'string' (links, also detailed and full, and the export of the website), 'string_actions',
        'biogrid' (TAB1 to TAB3, whose scores are no weights), 'mitab' (PSI-MITAB), 'genemania', 'cytoscape' and
        'networkx' (their tables of edges), 'sif', 'edges' (two names and perhaps a weight a line), or 'indexed_edges'
        (two row numbers, from 1, into `genes`). By default the file's first lines show it; where both disagree the file
        is refused, but 'edges' may be any table of edges.
    genes : sequence of str, optional
        Names by row, for `indexed_edges` only.
    channels : sequence of str, optional
        For `string` the score columns to combine instead of taking ``combined_score``; for `string_actions` the
        modes, and for `biogrid` the experimental system types, to keep.
    min_score : float, default=0.0
        Smallest weight to keep, in [0, 1].
    columns : sequence of str or int, optional
        For `edges`, the columns of the two names and perhaps of the weight, by name or by number from 1.
    sign : {'absolute', 'positive'}, optional
        What negative weights mean, such as correlations: their size counts, or the edge is left out.

    Returns
    -------
    DataFrame with the columns a and b (str) and weight (float32)
        Weights are 1 where the file has none; STRING scores are divided by 1000. Its ``attrs["losses"]`` counts by
        reason the rows that were left out. Where the file has several names of a gene, ``attrs["alternatives"]`` has
        the other names of each node, the best first, and ``attrs["organisms"]`` its taxon; see `resolve_nodes`.

    Raises
    ------
    InputError
        If the file is damaged or of another format, a weight is no number, or negative without `sign`, or a channel or
        column is not in it.

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
    path = Path(path)
    options = NetworkOptions(genes, channels, min_score, columns, sign)
    _check_options(path, format, options)
    found = _format_of(path, format, options)
    if sign is not None and found.name not in _SIGNED:
        raise InputError(
            f"{path}: found sign for the format {found.name}, which has no negative weights; remove `sign`"
        )
    table: pd.DataFrame = found.read(path, options)
    return table


def check_network(
    path: str | Path,
    format: str | None = None,
    *,
    channels: Sequence[str] | None = None,
    columns: Sequence[str | int] | None = None,
    sign: str | None = "absolute",
) -> None:
    """Raise InputError if the first rows of a network show that `read_network` would refuse it.

    Parameters
    ----------
    path : str or Path
    format, channels, columns, sign
        As in `read_network`; with the default of `sign`, negative weights pass.
    """
    if format == "indexed_edges":
        return
    path = Path(path)
    options = NetworkOptions(channels=channels, columns=columns, sign=sign, first_rows=_PEEKED)
    _check_options(path, format, options)
    _format_of(path, format, options).read(path, options)


def _check_options(path: Path, format: str | None, options: NetworkOptions) -> None:
    if format is not None and format not in _BY_NAME:
        raise InputError(f"format: found '{format}', expected one of {', '.join(_BY_NAME)}")
    if not 0 <= options.min_score <= 1:
        raise InputError(f"min_score: found {options.min_score}, expected a number from 0 to 1")
    if options.sign is not None and options.sign not in SIGNS:
        raise InputError(f"sign: found '{options.sign}', expected one of {', '.join(SIGNS)}")
    columns = options.columns
    if columns is None:
        return
    if format not in (None, "edges", "indexed_edges"):
        raise InputError(f"{path}: found columns for the format {format}, which names its own; remove `columns`")
    listed = list(columns) if isinstance(columns, list | tuple) else []
    valid = all(isinstance(each, str) or (type(each) is int and each >= 1) for each in listed)
    if len(listed) not in (2, 3) or not valid or len(set(listed)) != len(listed):
        raise InputError(
            f"columns: found {columns!r}, expected two or three columns, each by its name or its number from 1"
        )


def _format_of(path: Path, name: str | None, options: NetworkOptions) -> Format:
    if name == "indexed_edges" or (name is None and options.genes is not None):
        return _BY_NAME["indexed_edges"]
    if options.columns is not None:
        return _BY_NAME["edges"]
    head = read_head(path)
    refuse_other_kinds(head, NETWORK_FORMATS)
    found = recognise(head, NETWORK_FORMATS, "a network")
    if name is None:
        _log.info("%s: read as %s", path, found.title)
    elif found.name not in _MEANT.get(name, (name,)):
        raise _contradiction(head, found, _BY_NAME[name])
    elif name == "edges" and found.name == "string":
        return _BY_NAME["edges"]
    elif name == "edges" and found.name != "edges":
        _log.info("%s: read as %s", path, found.title)
    return found


def _contradiction(head: Head, found: Format, named: Format) -> InputError:
    if found.name == "edges" and not [line for _, line in head.lines if not line.startswith(("#", "%"))]:
        return InputError(f"{head.path}: expected edges, found blank lines or comments only; download or copy it again")
    number, line = head.first
    return InputError(
        f"{head.path}:{number}: found the format {found.name} ({found.title}) by its line '{line[:SHOWN]}', expected"
        f" {named.name} ({named.title}); give `format: {found.name}`, or another file"
    )


def resolve_nodes(edges: pd.DataFrame, nodes: Iterable[str], identifiers: GeneIdentifiers) -> Resolution:
    """Find the gene of each node, by its own name, else by the other names that the file gives it.

    Parameters
    ----------
    edges : DataFrame
        As `read_network` returns it.
    nodes : iterable of str
        The distinct names in it.
    identifiers : GeneIdentifiers

    Returns
    -------
    Resolution
        The first alternative that has a gene counts, unless another node has that gene by its own name. Where the file
        names organisms, the one of most nodes with a gene is taken for that of the genes; a node of another organism
        has a gene only by its own identifier, never by a symbol or an alternative, and is otherwise lost as "other
        organism".
    """
    nodes = list(nodes)
    own = identifiers.resolve(nodes)
    alternatives: Mapping[str, Sequence[str]] = edges.attrs.get("alternatives", {})
    organisms: Mapping[str, str] = edges.attrs.get("organisms", {})
    if not alternatives and not organisms:
        return own
    others = _by_alternatives([node for node in nodes if node not in own.targets], own, alternatives, identifiers)
    counts = Counter(organisms[node] for node in (*own.targets, *others) if node in organisms)
    organism = counts.most_common(1)[0][0] if counts else None
    foreign = {node for node in nodes if counts and organisms.get(node, organism) != organism}
    targets = {
        node: gene
        for node, gene in own.targets.items()
        if node not in foreign or node not in alternatives.get(node, ())
    }
    targets |= {node: gene for node, gene in others.items() if node not in foreign}
    lost = {node: OTHER_ORGANISM if node in foreign else own.lost[node] for node in nodes if node not in targets}
    how = {node: _OTHER_NAME if node in others else own.how[node] for node in targets}
    return Resolution(targets, lost, how)


def organism_of(edges: pd.DataFrame, resolution: Resolution) -> str | None:
    """Return the taxon that the file names for most of its nodes with a gene, or None if it names none."""
    organisms: Mapping[str, str] = edges.attrs.get("organisms", {})
    counts = Counter(organisms[node] for node in resolution.targets if node in organisms)
    return counts.most_common(1)[0][0] if counts else None


def _by_alternatives(
    nodes: Sequence[str], own: Resolution, alternatives: Mapping[str, Sequence[str]], identifiers: GeneIdentifiers
) -> dict[str, str]:
    found = identifiers.resolve(word for node in nodes for word in alternatives.get(node, ())).targets
    taken = set(own.targets.values())
    chosen: dict[str, str] = {}
    for node in nodes:
        for word in alternatives.get(node, ()):
            if word in found and (found[word] not in taken or node.startswith(f"{word}-")):  # an isoform or a chain
                chosen[node] = found[word]
                break
    return chosen
