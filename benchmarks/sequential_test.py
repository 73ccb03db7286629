"""Simulate how many labels decide between two models, and how often that decision is wrong.

Draws docs/decision.png.
"""

import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray

from benchmarks import ROOT
from classifier.recognition.intervals import bound_share
from classifier.recognition.sequential_test import ERROR, SHARES

LABELS = 200
RUNS = 10_000
BATCH = 1_000
CANDIDATES = (0.5, 0.7, 0.8, 0.9)  # share of the differing images that the candidate reads right


def main() -> None:
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    print("share right | promoted within 25 labels | within 200 | median | mean")
    for share in CANDIDATES:
        counts = simulate_labels(share)
        promoted = np.array([(counts <= n).mean() for n in range(LABELS + 1)])
        axes.plot(100 * promoted, label=f"right in {share:.0%} of the differing images")
        decided = counts[counts <= LABELS]
        low, high = bound_share(len(decided), RUNS)
        print(
            f"{share:.0%} | {promoted[25]:.1%} | {promoted[-1]:.1%} ({low:.1%} to {high:.1%}) | "
            f"{np.median(decided):.0f} | {decided.mean():.1f}"
        )
    axes.axhline(100 * ERROR, color="grey", linestyle=":", label=f"{ERROR:.0%}")
    axes.set(
        xlabel="labels of differing images", ylabel="promoted, %", xlim=(0, 100), ylim=(0, 100)
    )
    axes.legend(frameon=False)
    figure.savefig(ROOT / "docs" / "decision.png", dpi=120)


def simulate_labels(share: float) -> NDArray[np.int64]:
    """Return the labels until promotion in each run, or LABELS + 1 where it is not reached."""
    rng = np.random.default_rng(0)
    batches = [simulate_batch(rng.random((BATCH, LABELS)) < share) for _ in range(RUNS // BATCH)]
    return np.concatenate(batches)


def simulate_batch(is_better: NDArray[np.bool_]) -> NDArray[np.int64]:
    better = is_better.cumsum(axis=1)
    worse = np.arange(1, LABELS + 1) - better
    growth = better[..., None] * np.log(2 * SHARES) + worse[..., None] * np.log(2 * (1 - SHARES))
    is_decided = np.exp(growth).mean(axis=-1) >= 1 / ERROR
    return np.where(is_decided.any(axis=1), is_decided.argmax(axis=1) + 1, LABELS + 1)


if __name__ == "__main__":
    main()
