"""Networks: one file for each format, one row of the table for each file."""

from __future__ import annotations

from genessl.data.formats.networks import (
    biogrid,
    cytoscape,
    edges,
    genemania,
    indexed_edges,
    mitab,
    networkx,
    sif,
    string_actions,
    string_export,
    string_links,
)

NETWORK_FORMATS = (
    string_links.FORMAT,
    string_export.FORMAT,
    string_actions.FORMAT,
    biogrid.FORMAT,
    mitab.FORMAT,
    genemania.FORMAT,
    cytoscape.FORMAT,
    networkx.FORMAT,
    sif.FORMAT,
    indexed_edges.FORMAT,
    edges.FORMAT,
)
