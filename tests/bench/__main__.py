"""Measure everything and print it: `make bench`."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console

from tests.bench.document import document, print_table
from tests.bench.figures import Figure, Target
from tests.bench.settings import Settings

#: The modules of the parts, in the order in which they are run and shown.
PARTS = {
    "imports": "imports",
    "artifacts": "artifacts",
    "burst": "burst",
    "waits": "waits",
    "segment": "segment",
    "real": "real.measure",
}
#: What takes long but hardly any of the machine is run beside another part.
BESIDE = {"segment": "waits"}


def main() -> int:
    """Run the command; 1 when a target is missed or a part breaks off."""
    options = _options()
    console = Console(width=options.width)
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s {text}", highlight=False)

    parts = [part for part in PARTS if re.search(options.only, part)]
    kept = Path(options.figures) if options.figures else None
    figures = [figure for figure in _read(kept) if figure.part not in parts]

    broken: list[str] = []

    def measured(part: str) -> list[Figure]:
        say(f"{part} …")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            images = Path(options.images if options.write else folder)
            settings = Settings(Path(folder), images, options.quick, say)
            try:
                return list(import_module(f"tests.bench.{PARTS[part]}").measure(settings))
            except Exception:
                # What the other parts took half an hour to measure is not lost with this one.
                console.print_exception()
                broken.append(part)
                return []

    with ThreadPoolExecutor() as pool:
        beside: dict[str, Future[list[Figure]]] = {}
        for part in parts:
            for other in parts:
                if BESIDE.get(other) == part:
                    beside[other] = pool.submit(measured, other)
            figures += beside[part].result() if part in beside else measured(part)
            if kept is not None:
                _keep(kept, figures)
    figures.sort(key=lambda figure: list(PARTS).index(figure.part))
    print_table(console, figures)
    if options.write:
        _write(Path(options.write), Path(options.images), figures)
    missed = [figure for figure in figures if figure.met is False]
    console.print(f"{len(missed)} targets are missed.", style="red" if missed else "green")
    if broken:
        console.print(f"Not measured: {', '.join(broken)}.", style="red")
    return 1 if missed or broken else 0


def _write(page: Path, images: Path, figures: Sequence[Figure]) -> None:
    from tests.bench.pictures import draw_waits

    of_waits = [figure for figure in figures if figure.part == "waits"]
    pictures = draw_waits(images, of_waits, of_waits[0].case) if of_waits else []
    pictures += [file.name for file in images.glob("bench-burst.png")]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(document(figures, pictures))


def _keep(file: Path, figures: Sequence[Figure]) -> None:
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=1))


def _read(file: Path | None) -> list[Figure]:
    """Return the figures that an earlier run has kept."""
    if file is None or not file.exists():
        return []
    rows = json.loads(file.read_text())
    targets = [None if row["target"] is None else Target(**row["target"]) for row in rows]
    return [Figure(**{**row, "target": target}) for row, target in zip(rows, targets, strict=True)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help="parts whose name matches, such as waits")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, to see that it works")
    parser.add_argument("--write", help="write the page there, such as docs/bench.md")
    parser.add_argument("--images", default="docs/images", help="where pictures go")
    parser.add_argument("--figures", help="keep the figures there, and take parts not run from it")
    parser.add_argument("--width", type=int, default=180)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
