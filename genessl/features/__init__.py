"""Features of genes for each view: composition, homology, domains, embeddings and topology."""
