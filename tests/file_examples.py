"""One small valid file of every text format that genessl reads, by kind and by the format's name."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "data" / "formats" / "examples"

TEXTS: dict[str, dict[str, str]] = {
    kind.name: {path.stem: path.read_text(encoding="utf-8") for path in sorted(kind.iterdir())}
    for kind in sorted(_FOLDER.iterdir())
}
