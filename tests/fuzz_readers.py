"""Coverage-guided fuzzing of one reader of raw files, until it is stopped or finds a crash.

    pip install atheris
    python -m tests.fuzz_readers aliases -max_total_time=600 -timeout=60 -rss_limit_mb=4096

The names of the readers are those of `tests.readers.READERS`; what follows the name goes to libFuzzer.
"""

from __future__ import annotations

import importlib
import logging
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genessl"]):
    importlib.import_module("genessl.data.formats.table")  # all formats; some readers import theirs only when they run
    from genessl.errors import InputError
    from tests.readers import READERS, examples


def main() -> None:
    """Fuzz the reader that the first argument names."""
    name = sys.argv.pop(1)
    reader = READERS[name]
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(examples()[name]):
        (corpus / str(number)).write_bytes(data)

    def one(data: bytes) -> None:
        path = folder / "file"
        path.write_bytes(data)
        try:
            reader(path)
        except InputError as error:
            assert "\n" not in str(error)

    atheris.Setup([*sys.argv, str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
