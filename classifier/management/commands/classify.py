"""Recognises the digits in files and folders, without a database."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from numpy.typing import NDArray
from PIL import Image

from classifier.recognition import imaging
from classifier.recognition.model_folder import ArtifactError
from classifier.recognition.reader import read_picture
from classifier.recognition.recognizer import Recognizer
from classifier.registry.serving import BUNDLED, find_model_folder
from classifier.uploads import answers


class Command(BaseCommand):
    help = (
        "Recognises the digits in picture files: one JSON line a file. Of a folder, takes every "
        "file in it and below, in order of their names, except hidden ones. Stores nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument(
            "--debug", type=Path, metavar="DIR", help="write each stage of imaging there, as PNG"
        )
        parser.add_argument("--model", default=BUNDLED, help="a folder of MODELS_DIR")

    def handle(self, *, paths: list[Path], model: str, debug: Path | None, **_: Any) -> None:
        try:
            recognizer = Recognizer(find_model_folder(model))
        except ArtifactError as error:
            raise CommandError(str(error)) from error
        total = failed = 0
        for path, below in find_files(paths):
            stages = stage_writer(debug / below, path.stem) if debug else None
            answer = answer_for(path, recognizer, stages)
            total += 1
            failed += "code" in answer
            self.stdout.write(json.dumps({"file": str(path)} | answer))
        if failed:
            raise CommandError(f"{failed} of {total} files could not be read.")
        if not total:
            raise CommandError("There are no files in the given folders.")


def find_files(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each file, and its folder as seen from the given one."""
    for path in paths:
        if not path.is_dir():
            yield path, Path()
            continue
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path)
            if file.is_file() and not any(part.startswith(".") for part in name.parts):
                yield file, name.parent


def answer_for(path: Path, recognizer: Recognizer, stages: imaging.Debug | None) -> dict[str, Any]:
    """What the API would say, or its error."""
    try:
        reading = read_picture(imaging.decode(path.read_bytes()), recognizer, stages)
    except imaging.ImageError as error:
        return {"code": error.code, "detail": error.detail}
    except OSError as error:
        return {"code": "unreadable", "detail": str(error)}
    return without_ids(asdict(answers.build_answer(reading, recognizer.name)))


def stage_writer(folder: Path, stem: str) -> imaging.Debug:
    numbers = count(1)

    def write(name: str, stage: NDArray[Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pixels = stage if stage.dtype == np.uint8 else (255 * stage).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{stem}-{next(numbers):02}-{name}.png")

    return write


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """Nothing is stored, so nothing has an id."""
    digits = [{key: digit[key] for key in digit if key != "id"} for digit in answer["digits"]]
    return {key: answer[key] for key in answer if key != "id"} | {"digits": digits}
