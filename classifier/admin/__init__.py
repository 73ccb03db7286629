"""What staff see."""

from classifier.admin import images, runs, uploads, versions

__all__ = ["images", "runs", "uploads", "versions"]
