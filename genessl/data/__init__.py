"""Raw formats in, one aligned dataset out."""
