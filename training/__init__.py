"""Trains, evaluates and registers models."""

import os

from classifier.recognition.native_stderr import filter_stderr

# TensorFlow reads this when it is imported: log errors, but neither information nor warnings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
BEFORE_ITS_LOG_LEVEL = "^WARNING: All log messages before absl::InitializeLog|^[IW][0-9]{4} "


def import_tensorflow() -> None:
    """Import TensorFlow without the lines that it writes before its log level takes effect."""
    with filter_stderr(BEFORE_ITS_LOG_LEVEL):
        import tensorflow  # noqa: F401
