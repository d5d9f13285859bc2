#!/usr/bin/env bash
# Add genessl to the environment that genessl.yaml describes; run by Snakemake in the root of the repository.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation --quiet --editable .
