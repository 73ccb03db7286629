"""Measure how many letters of typefaces are refused, with exact 95 % intervals."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks import ROOT
from classifier.recognition import imaging
from classifier.recognition.intervals import bound_share
from classifier.recognition.recognizer import Recognizer
from training.evaluation import labelled_files
from training.evaluation.labelled_files import ReferencePicture

LETTERS = "ABEFHKMNPRTUVWXYadefhkmnrtuvwx"  # without those that may look like a digit
SIDE, SIZE = 240, 120  # pixels of the paper, and of a letter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fonts", nargs="+", type=Path, metavar="FONT", help="TrueType or OpenType")
    parser.add_argument("--letters", default=LETTERS, help="default: %(default)s")
    parser.add_argument("--model", type=Path, default=ROOT / "models/baseline", help="its folder")
    options = parser.parse_args()
    drawn = [*draw_letters(options.fonts, options.letters)]
    pictures = (ReferencePicture(picture, "") for _, picture in drawn)
    evaluated = labelled_files.evaluate_pictures(pictures, Recognizer(options.model))
    accepted = Counter(
        letter for (letter, _), kept in zip(drawn, evaluated.accepted, strict=True) if kept
    )
    refused = len(drawn) - accepted.total()
    low, high = bound_share(refused, len(drawn))
    print(f"{refused} of {len(drawn)} refused: {refused / len(drawn):.1%} ({low:.1%}–{high:.1%})")
    print("accepted:", ", ".join(f"{letter} {n}" for letter, n in accepted.most_common()) or "none")


def draw_letters(fonts: list[Path], letters: str) -> Iterator[tuple[str, imaging.Picture]]:
    """Yield each letter that a typeface has, and its picture."""
    for path in fonts:
        font = ImageFont.truetype(path, SIZE)
        for letter in letters:
            paper = Image.new("L", (SIDE, SIDE), 255)
            ImageDraw.Draw(paper).text((SIDE / 2, SIDE / 2), letter, 0, font, anchor="mm")
            pixels = np.asarray(paper)
            if pixels.min() < 255:
                yield letter, imaging.Picture.from_array(pixels)


if __name__ == "__main__":
    main()
