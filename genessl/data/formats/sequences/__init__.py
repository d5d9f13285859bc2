"""Formats of protein sequences; FASTA is the only one, and its reader says what is wrong with any other file."""

from genessl.data.formats.sequences import fasta

SEQUENCE_FORMATS = (fasta.FORMAT,)
