"""The output files: predictions as tables, CAFA files and GAF, and the report."""
