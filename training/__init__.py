"""Trains, evaluates and registers models."""

import gc
import os
import sys

from classifier.recognition.native_stderr import filter_stderr

# TensorFlow reads this when it is imported: log errors, but neither information nor warnings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
BEFORE_ITS_LOG_LEVEL = "^WARNING: All log messages before absl::InitializeLog|^[IW][0-9]{4} "


def import_tensorflow() -> None:
    """Import TensorFlow without the lines that it writes before its log level takes effect."""
    if "tensorflow" in sys.modules:
        return
    gc.disable()  # collections would take a third of the time, and find nothing
    try:
        with filter_stderr(BEFORE_ITS_LOG_LEVEL):
            import tensorflow  # noqa: F401
        gc.freeze()
    finally:
        gc.enable()
