"""The alias tables that genessl reads, in the order in which they are tried."""

from genessl.data.formats.aliases import (
    from_to,
    gpi,
    idmapping,
    idmapping_selected,
    ncbi_gene_info,
    pombase,
    several_columns,
    sgd_features,
    string_aliases,
    string_info,
    two_columns,
    uniprot_table,
)

ALIAS_FORMATS = (
    string_aliases.FORMAT,
    string_info.FORMAT,
    gpi.FORMAT,
    uniprot_table.FORMAT,
    from_to.FORMAT,
    pombase.FORMAT,
    ncbi_gene_info.FORMAT,
    sgd_features.FORMAT,
    idmapping_selected.FORMAT,
    idmapping.FORMAT,
    two_columns.FORMAT,
    several_columns.FORMAT,
)
