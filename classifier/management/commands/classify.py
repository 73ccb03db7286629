import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandError
from numpy.typing import NDArray
from PIL import Image

from classifier.management.base import ProductCommand
from classifier.recognition import imaging
from classifier.recognition.reader import read_picture
from classifier.recognition.recognizer import Recognizer
from classifier.registry.serving import BUNDLED, find_model_folder
from classifier.uploads import answers, request_files


class Command(ProductCommand):
    help = (
        "Recognise the digits in picture files, and print one JSON line per file. Folders are "
        "searched in the order of the files' names, without hidden files. Nothing is stored."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
        parser.add_argument(
            "--debug",
            type=Path,
            metavar="DIR",
            help="write a PNG of each step of imaging to this folder",
        )
        parser.add_argument("--model", default=BUNDLED, help="name of a folder in MODELS_DIR")

    def handle(self, *, paths: list[Path], model: str, debug: Path | None, **_: Any) -> None:
        recognizer = Recognizer(find_model_folder(model))
        total = failed = 0
        for path, subfolder in find_files(paths):
            write_stage = build_stage_writer(debug / subfolder, path.stem) if debug else None
            answer = classify(path, recognizer, write_stage)
            total += 1
            failed += "code" in answer
            self.stdout.write(json.dumps({"file": str(path)} | answer))
        if failed:
            raise CommandError(f"{failed} of {total} files could not be read.")
        if not total:
            raise CommandError("There are no files in the given folders.")


def find_files(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield each file, and its folder relative to the path that it was found under."""
    for path in paths:
        if not path.is_dir():
            yield path, Path()
            continue
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path)
            if file.is_file() and not any(part.startswith(".") for part in name.parts):
                yield file, name.parent


def classify(
    path: Path, recognizer: Recognizer, write_stage: imaging.Debug | None
) -> dict[str, Any]:
    """Return the same answer as the API without ids, or an error's code and detail."""
    try:
        reading = read_picture(imaging.decode(path.read_bytes()), recognizer, write_stage)
    except imaging.ImageError as error:
        return {"code": error.code, "detail": request_files.translate_error(error)}
    except OSError as error:
        return {"code": "unreadable", "detail": str(error)}
    answer = asdict(answers.build_answer(reading, recognizer.name))
    for item in (answer, *answer["digits"]):
        del item["id"]
    return answer


def build_stage_writer(folder: Path, stem: str) -> imaging.Debug:
    numbers = count(1)

    def write(name: str, stage: NDArray[Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        pixels = stage if stage.dtype == np.uint8 else (255 * stage).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{stem}-{next(numbers):02}-{name}.png")

    return write
