"""The figures as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter

from tests.bench.crowd.members import OURS, THEIRS
from tests.bench.figures import Figure

mpl.use("Agg")

LABELS = {OURS: "airflow-provider-dbtsegment", THEIRS: "apache-airflow-providers-dbt-cloud"}
COLORS = {OURS: "#0f766e", THEIRS: "#c2410c"}


@dataclass(frozen=True)
class Picture:
    """
    One quantity by the number of waits.

    :param what: The figures' name of it.
    :param least: What is drawn for less, where the axis is logarithmic.
    """

    file: str
    what: str
    axis: str
    least: float | None


PICTURES = (
    Picture("bench-requests.png", "requests", "requests a second", 0.1),
    Picture("bench-processor.png", "processor", "processor (% of a core)", 0.1),
    Picture("bench-lag.png", "lag, p99", "event loop late, p99 (ms)", 0.1),
    Picture("bench-late.png", "end seen late, p99", "end seen late, p99 (s)", None),
)


def draw_waits(folder: Path, figures: Iterable[Figure], case: str) -> list[str]:
    """Draw all pictures of the waits under one circumstance; return the names of their files."""
    of_case = [figure for figure in figures if figure.case == case and figure.waits]
    files = []
    for picture in PICTURES:
        some = [figure for figure in of_case if figure.what == picture.what]
        if len(some) > 1:
            _draw(folder / picture.file, picture, some, case)
            files.append(picture.file)
    return files


def _draw(file: Path, picture: Picture, figures: Sequence[Figure], case: str) -> None:
    with _axes(file, f"Waits that look {case}") as axes:
        for provider in (THEIRS, OURS):
            points = [
                (figure.waits, value)
                for figure in figures
                if (value := getattr(figure, provider)) is not None
            ]
            waits, values = [n for n, _ in points], [value for _, value in points]
            if picture.least is not None:
                values = [max(value, picture.least) for value in values]
            axes.plot(waits, values, "o-", color=COLORS[provider], label=LABELS[provider])
            for n, value in zip(waits, values, strict=True):
                axes.annotate(
                    f"{value:,.{0 if value >= 10 else 1}f}",
                    (n, value),
                    textcoords="offset points",
                    xytext=(0, 7 if provider == THEIRS else -14),
                    ha="center",
                    fontsize=8,
                    color=COLORS[provider],
                )
        axes.set_xscale("log")
        if picture.least is None:
            axes.set_ylim(bottom=0)
        else:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        all_waits = sorted({figure.waits for figure in figures if figure.waits})
        axes.set_xticks(all_waits, [f"{n:,}" for n in all_waits])
        axes.minorticks_off()
        axes.set_xlabel("waits in one triggerer (logarithmic)")
        axes.set_ylabel(picture.axis)
        axes.margins(y=0.15)


def draw_seconds(file: Path, requests: Mapping[str, Sequence[int]], title: str) -> None:
    """Draw how many requests each second brought."""
    with _axes(file, title) as axes:
        for provider in (THEIRS, OURS):
            axes.plot(requests[provider], color=COLORS[provider], label=LABELS[provider])
        axes.set_xlabel("seconds since the beginning")
        axes.set_ylabel("requests in the second")
        axes.set_ylim(bottom=0)


@contextmanager
def _axes(file: Path, title: str) -> Iterator[Any]:
    """Give axes to draw on, and write them into a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture, axes = pyplot.subplots(figsize=(7, 4.2), dpi=130, layout="constrained")
    yield axes
    axes.set_title(title, fontsize=11)
    axes.grid(visible=True, which="major", color="#e5e7eb")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    picture.savefig(file, metadata={"Software": None})
    pyplot.close(picture)
