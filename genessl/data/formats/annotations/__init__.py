"""The formats of annotations, one a file, in the order in which they are tried."""

from genessl.data.formats.annotations import (
    eggnog,
    evidence_table,
    gaf,
    gene2go,
    gene_terms,
    gpad,
    interproscan,
    quickgo,
    tair_goslim,
)

ANNOTATION_FORMATS = (
    interproscan.FORMAT,
    eggnog.FORMAT,
    gpad.FORMAT_2,
    gpad.FORMAT,
    tair_goslim.FORMAT,
    gaf.FORMAT,
    quickgo.FORMAT,
    gene2go.FORMAT,
    evidence_table.FORMAT,
    gene_terms.FORMAT,
)
