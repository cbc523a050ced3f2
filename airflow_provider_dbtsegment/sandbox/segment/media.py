"""Segment chooses the version of its API by media type."""

from __future__ import annotations

from .errors import ApiError

ALPHA = "application/vnd.segment.v1alpha+json"
BETA = "application/vnd.segment.v1beta+json"
_VERSIONS = (ALPHA, BETA)
_GENERAL = ("*/*", "application/*", "application/json")


def answer_type(accept: str, standard: str) -> str:
    """Return the media type to answer with: the first version that is accepted.

    :param standard: the endpoint's own, for callers who accept JSON in general.
    :raises ApiError: 406 when none is accepted.
    """
    accepted = [_bare(entry) for entry in accept.split(",") if entry.strip()] or ["*/*"]
    for entry in accepted:
        if entry in _VERSIONS:
            return entry
    if any(entry in _GENERAL for entry in accepted):
        return standard
    raise ApiError(
        406, "not-acceptable", f"Accept {accept!r} admits no answer; send Accept: {standard}."
    )


def check_content_type(content_type: str, standard: str) -> None:
    """Refuse a body that does not say which version it is written for.

    :raises ApiError: 415.
    """
    if _bare(content_type) not in _VERSIONS:
        said = repr(content_type) if content_type else "missing"
        raise ApiError(
            415,
            "unsupported-media-type",
            f"The Content-Type is {said}; send Content-Type: {standard}.",
        )


def _bare(entry: str) -> str:
    return entry.split(";")[0].strip().lower()
