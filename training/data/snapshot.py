"""The record of the images that a model was trained on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """Counts of the images that were not trained on."""

    unknown: int
    held_out: int
    disputed: int = 0


@dataclass(frozen=True)
class NewLabels:
    """The ids of the images whose labels `model`, the champion, was not trained on."""

    model: str | None
    images: list[str]


@dataclass(frozen=True)
class Snapshot:
    """The images that a model was trained on. `asdict` returns the JSON form.

    `sha256` is that of their ids, labels and pixels; `corrected` maps the ids of uploaded images
    to their labels.
    """

    read_at: str
    images: int
    by_source: dict[str, int]
    by_label: dict[str, int]
    sha256: str
    left_out: LeftOut
    corrected: dict[str, str]
    since: NewLabels
