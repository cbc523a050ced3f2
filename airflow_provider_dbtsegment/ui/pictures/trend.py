"""The trend: a small bar for each of the last syncs of a mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_dbtsegment.ui.reading.history import PastSync
from airflow_provider_dbtsegment.ui.reading.sync import RowCounts, total
from airflow_provider_dbtsegment.ui.words import grouped, many, share

#: Pixels.
WIDTH, HEIGHT, BAR = 6, 24, 4


@dataclass(frozen=True)
class Trend:
    """
    The bars, the oldest first: delivered rows, rejected ones upon them, as data of SVG paths.

    :param sentence: What they say in words.
    :param share: The part of all rows of these syncs that arrived.
    """

    width: int
    delivered: str
    rejected: str
    nothing: str
    sentence: str
    share: str


def draw_trend(past: Sequence[PastSync]) -> Trend | None:
    """Return the trend of a mapping; the bars' common scale is the largest of them."""
    if not past:
        return None
    syncs = [one.sync.rows for one in past]
    highest = max(rows.tried for rows in syncs) or 1
    paths: dict[str, list[str]] = {"delivered": [], "rejected": [], "nothing": []}
    for place, rows in enumerate(syncs):
        for tone, top, height in _heights(rows, highest):
            x = place * WIDTH + 1
            paths[tone].append(f"M{x} {top:g}h{BAR}v{height:g}h-{BAR}z")
    all_rows, rejected = total(syncs), sum(rows.rejected > 0 for rows in syncs)
    sentence = (
        f"{many(len(syncs), 'sync')}: {grouped(syncs[0].delivered)} rows delivered in the first, "
        f"{grouped(syncs[-1].delivered)} in the last, at most {grouped(highest)} in one; "
        f"{many(rejected, 'sync')} with rejected rows"
    )
    return Trend(
        width=len(syncs) * WIDTH,
        delivered="".join(paths["delivered"]),
        rejected="".join(paths["rejected"]),
        nothing="".join(paths["nothing"]),
        sentence=sentence,
        share=share(all_rows.delivered, all_rows.tried),
    )


def _heights(rows: RowCounts, highest: int) -> list[tuple[str, float, float]]:
    """Return the colour, the top and the height of what a sync's bar consists of."""
    if not rows.tried:
        return [("nothing", HEIGHT - 1.0, 1.0)]
    whole = max(3.0, round(HEIGHT * rows.tried / highest, 1))
    rejected = max(2.0, round(HEIGHT * rows.rejected / highest, 1)) if rows.rejected else 0.0
    rejected = min(rejected, whole if not rows.delivered else whole - 1)
    found = [("rejected", HEIGHT - whole, rejected)] if rejected else []
    if rows.delivered:
        found.append(("delivered", round(HEIGHT - whole + rejected, 1), round(whole - rejected, 1)))
    return found
