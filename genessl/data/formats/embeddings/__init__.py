"""Formats of embeddings, in the order in which they are tried."""

from genessl.data.formats.embeddings import hdf5, npz

EMBEDDING_FORMATS = (hdf5.FORMAT, npz.FORMAT)
