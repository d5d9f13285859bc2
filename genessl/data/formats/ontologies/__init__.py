"""Formats of ontologies."""

from genessl.data.formats.ontologies import obo

ONTOLOGY_FORMATS = (obo.FORMAT,)
