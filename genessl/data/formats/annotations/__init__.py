"""The formats of annotations, one a file, in the order in which they are tried."""

from genessl.data.formats.annotations import eggnog, gaf, gene_terms, gpad, interproscan

ANNOTATION_FORMATS = (
    interproscan.FORMAT,
    eggnog.FORMAT,
    gpad.FORMAT_2,
    gpad.FORMAT,
    gaf.FORMAT,
    gene_terms.FORMAT,
)
