"""Write the pages of docs/benchmarks and docs/contamination from their tables.

    python -m benchmarks.pages            # write what has changed
    python -m benchmarks.pages --check    # write nothing; exit 1 if a page differs from its tables

A page of nothing but tables is written completely. In a page that people write, the script replaces the text between
`<!-- table: NAME -->` and `<!-- end of table -->`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.pages import contamination, probabilities, yeast
from benchmarks.pages.tables import fill

ROOT = Path(__file__).parents[2]


def pages(root: Path = ROOT) -> dict[Path, str]:
    """Return every page that has a table, with the content that follows from the tables."""
    benchmarks, synthetic = root / "docs" / "benchmarks", root / "docs" / "contamination"
    written = yeast.protocol_pages(benchmarks) | contamination.whole_pages(synthetic)
    of_benchmarks = yeast.blocks(benchmarks) | probabilities.blocks(benchmarks)
    for folder, blocks in ((benchmarks, of_benchmarks), (synthetic, contamination.blocks(synthetic))):
        for path in sorted(folder.glob("*.md")):
            if path not in written:
                written[path] = fill(path.read_text(encoding="utf-8"), blocks)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only tell which pages differ")
    check, n_changed = parser.parse_args(arguments).check, 0
    for path, text in pages().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            n_changed += 1
            print(path.relative_to(ROOT))
            if not check:
                path.write_text(text, encoding="utf-8")
    return int(check and n_changed > 0)


if __name__ == "__main__":
    sys.exit(main())
