"""What a run says of itself, in lines for a person."""

from collections.abc import Mapping
from typing import Any

from classifier.recognition.certificate import Certificate

SAMPLE_WARNING = "SAMPLE: this model learns from the 5,000-image sample, not from all of MNIST."


def describe(snapshot: dict[str, Any], sources: Mapping[str, str]) -> str:
    """Describe what is learned from; `sources` names each source of images for a reader."""
    counts = ", ".join(f"{n:,} {sources[name]}" for name, n in snapshot["by_source"].items())
    left = snapshot["left_out"]
    since = snapshot["since"]
    lines = [
        f"Training on {snapshot['images']:,} images: {counts}.",
        f"Left out: {left['unknown']:,} unknown, "
        f"{left['held_out']:,} labelled uploads held out for evaluation.",
    ]
    if since["model"]:
        lines.append(f"New labels since model {since['model']}: {len(since['images']):,}.")
    if "mnist_sample" in snapshot["by_source"]:
        lines.append(SAMPLE_WARNING)
    return "\n".join(lines)


def epoch_line(values: dict[str, Any], configuration: dict[str, Any]) -> str:
    return (
        f"Member {values['member']} of {configuration['members']}, "
        f"epoch {values['epoch']} of {configuration['epochs']}: "
        f"loss {values['loss']:.4f}, accuracy {values['accuracy']:.2%}"
    )


def line_epoch(epoch: int, epochs: int, loss: float) -> str:
    return f"Line reader, epoch {epoch} of {epochs}: loss {loss:.4f}"


def summary(metrics: dict[str, Any]) -> str:
    lines = []
    for title, key in (("Test split", "test"), ("Held-out uploads", "held_out_uploads")):
        if figures := metrics.get(key):
            lines.append(
                f"{title}: {figures['accuracy']:.2%} of {figures['digits']:,} right; "
                f"{figures['coverage']:.2%} kept as digit, "
                f"{percent(figures['accuracy_at_digit'])} of these right."
            )
    return "\n".join(lines)


def certificate(found: Certificate) -> str:
    """Return the claim and its evidence, or why it is not proved."""
    claim = f"at most {found.level:.1%} of {found.claim} wrong at {found.confidence:.0%} confidence"
    counts = f"{found.errors:,} of {found.n:,} wrong, upper bound {found.upper_bound:.2%}"
    if found.threshold is None:
        return f"NOT proved: {claim}. {counts}."
    return f"Proved: {claim}, from {found.threshold:.4%} on. {counts}."


def verdict(comparison: dict[str, Any]) -> str:
    outcome = "Passed the gate" if comparison["passed"] else "REJECTED"
    return f"{outcome}, against {comparison['against']}: {comparison['reason']}"


def percent(share: float | None) -> str:
    """Of nothing there is no share."""
    return "–" if share is None else f"{share:.2%}"
