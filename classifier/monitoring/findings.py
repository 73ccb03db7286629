"""Findings of a verification."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A fault of the stored data: where it is, what is wrong, and what to do about it."""

    place: str
    fault: str
    advice: str
