"""The workshop: what makes models."""

import os

# TensorFlow reads it when it is imported, and is silent about anything short of an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
