"""Formats what a run reports to its log."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from classifier.recognition.certificate import Certificate
from training.data.snapshot import Snapshot
from training.evaluation.evaluate import Metrics
from training.evaluation.gate import Comparison

if TYPE_CHECKING:
    from training.trainer import Configuration, EpochMetrics

SAMPLE_WARNING = "SAMPLE: this model learns from the 5,000-image sample, not from all of MNIST."
TITLES = {"test": "Test split", "held_out_uploads": "Held-out uploads"}


def format_snapshot(snapshot: Snapshot, sources: Mapping[str, str]) -> str:
    """Describe the training data; `sources` maps each source to its title."""
    counts = ", ".join(f"{n:,} {sources[name]}" for name, n in snapshot.by_source.items())
    lines = [
        f"Training on {snapshot.images:,} images: {counts}.",
        f"Left out: {snapshot.left_out.unknown:,} unknown, "
        f"{snapshot.left_out.held_out:,} labelled uploads held out for evaluation, "
        f"{snapshot.left_out.disputed:,} disputed.",
    ]
    if snapshot.since.model:
        count = len(snapshot.since.images)
        lines.append(f"New labels since model {snapshot.since.model}: {count:,}.")
    if "mnist_sample" in snapshot.by_source:
        lines.append(SAMPLE_WARNING)
    return "\n".join(lines)


def format_epoch(epoch: "EpochMetrics", configuration: "Configuration") -> str:
    return (
        f"Member {epoch.member} of {configuration.members}, "
        f"epoch {epoch.epoch} of {configuration.epochs}: "
        f"loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.2%}"
    )


def format_metrics(metrics: Mapping[str, Metrics]) -> str:
    return "\n".join(
        f"{title}: {_format_share(metrics[name].accuracy)} of {metrics[name].digits:,} right; "
        f"{_format_share(metrics[name].coverage)} accepted as a digit, "
        f"{_format_share(metrics[name].accuracy_at_digit)} of these right."
        for name, title in TITLES.items()
        if name in metrics
    )


def format_certificate(certificate: Certificate) -> str:
    """Describe the claim and its evidence, or why it is not proved."""
    claim = (
        f"at most {certificate.level:.1%} of {certificate.claim} wrong "
        f"at {certificate.confidence:.0%} confidence"
    )
    counts = (
        f"{certificate.errors:,} of {certificate.n:,} wrong, "
        f"upper bound {certificate.upper_bound:.2%}"
    )
    if certificate.threshold is None:
        return f"NOT proved: {claim}. {counts}."
    return f"Proved: {claim}, from {certificate.threshold:.4%} on. {counts}."


def format_comparison(comparison: Comparison) -> str:
    outcome = "Passed the gate" if comparison.passed else "REJECTED"
    return f"{outcome}, against {comparison.against}: {comparison.reason}"


def _format_share(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"
