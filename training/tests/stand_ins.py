"""Stand-ins for the slow parts of a training run, which copy the bundled model."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from classifier.recognition import model_folder, recognizer
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.ink_finder import InkFinder
from classifier.recognition.lines.reader import LineReader
from classifier.recognition.uncertainty import MahalanobisDetector
from training import calibrate, exemplars, export, trainer
from training.data import split
from training.data.images import Images
from training.evaluation import plots
from training.ink import trainer as ink_trainer
from training.lines import calibration as line_calibration
from training.lines import trainer as line_trainer

BUNDLED = settings.BUNDLED_MODELS_DIR / "baseline"
write_members = export.write_members


def install(set_attribute: Callable[[object, str, Any], None]) -> None:
    """Replace the preparation, training, export, calibration and plots.

    All models share one graph and few exemplars, which take long to compress.
    """
    detector = MahalanobisDetector.load((BUNDLED / model_folder.REJECTOR).read_bytes())
    bundled = Exemplars.load((BUNDLED / model_folder.EXEMPLARS).read_bytes())
    chosen = Exemplars(bundled.pixels[::100], bundled.labels[::100], bundled.embeddings[::100])
    manifest = model_folder.verify(BUNDLED)
    fitted = calibrate.Calibration(1.0, manifest.thresholds, detector)
    lines = line_calibration.LineCalibration(
        manifest.line_confidence, manifest.thresholds["line"], manifest.certificates[-1]
    )
    for module, name, stand_in in (
        (recognizer, "Graph", functools.cache(recognizer.Graph)),
        (recognizer, "LineReader", functools.cache(LineReader)),
        (recognizer, "InkFinder", functools.cache(InkFinder)),
        (split, "prepare_training", _prepare),
        (split, "prepare_fine_tuning", _prepare),
        (trainer, "fit", lambda *_: []),
        (trainer, "fine_tune", lambda *_: []),
        (export, "write_members", _copy_members),
        (line_trainer, "fit_line_reader", _copy_network(model_folder.LINES)),
        (ink_trainer, "fit_ink_finder", _copy_network(model_folder.INK)),
        (calibrate, "fit_calibration", lambda *_: fitted),
        (line_calibration, "calibrate_lines", lambda *_: lines),
        (exemplars, "choose_exemplars", lambda *_: chosen),
        (plots, "plot_classes", lambda *arguments: arguments[-1].touch()),
        (plots, "plot_evaluation", lambda *_: None),
    ):
        set_attribute(module, name, stand_in)


def _prepare(images: Images, *_: Any) -> split.TrainingSplit:
    return split.TrainingSplit(train=images[:10], calibration=images[:10])


def _copy_members(folder: Path, _: Any) -> None:
    for name in (model_folder.GRAPH, model_folder.WEIGHTS):
        (folder / name).write_bytes((BUNDLED / name).read_bytes())


def _copy_network(name: str) -> Callable[..., None]:
    content = (BUNDLED / name).read_bytes()
    return lambda _images, _configuration, folder, _: (folder / name).write_bytes(content)
