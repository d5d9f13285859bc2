"""The tables of one organism, as they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.assembly.references import ReferenceSource
from genessl.data.aliases import AliasTable
from genessl.data.ontology import Ontology
from genessl.features.embeddings import EmbeddingFile


@dataclass(frozen=True)
class Sources:
    """The tables of one organism as they were read, before they are joined.

    Parameters
    ----------
    sequences : dict of str to str
        Gene to sequence.
    networks : mapping of str to DataFrame
        Edges, as `read_network` returns them.
    ontology : Ontology
        With its roots.
    annotations : DataFrame
        The annotations of t0, as `read_annotations` returns them.
    later_annotations : DataFrame, optional
        The annotations of t1, which are used for the truth and for nothing else.
    aliases : sequence of AliasTable
    header_aliases : AliasTable, optional
        What the headers of `sequences` name besides the genes, tried after `aliases`.
    embeddings : tuple of ndarray, optional
        As `read_embeddings` returns them, for the genes in the order of `sequences`.
    embedding_files : sequence of EmbeddingFile
        Instead of `embeddings`, files whose vectors are found through the identifiers.
    domains : DataFrame, optional
        As `read_domains` returns it; united with the InterPro entries that electronic annotations name.
    references : sequence of ReferenceSource
        Proteins of other organisms with their annotations.
    files : mapping of str to str
        The files of "annotations", "later annotations", "domains" and each network, for messages.
    dropped, repairs : mapping of str to int
        Records of the sequences that were left out, and what was changed in them, as in `Proteins`.
    """

    sequences: dict[str, str]
    networks: Mapping[str, pd.DataFrame]
    ontology: Ontology
    annotations: pd.DataFrame
    later_annotations: pd.DataFrame | None = None
    aliases: Sequence[AliasTable] = ()
    embeddings: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None
    domains: pd.DataFrame | None = None
    references: Sequence[ReferenceSource] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    header_aliases: AliasTable | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    repairs: Mapping[str, int] = field(default_factory=dict)
    embedding_files: Sequence[EmbeddingFile] = ()
