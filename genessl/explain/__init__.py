"""Why a predictor gives a gene a term, as tables for people, and a test of whether that is so."""
