"""The file formats that genessl reads: one file each, and one row each in `table`."""
