"""Tests of the measures of arrays, which replace slower ones of NumPy."""

import numpy as np
import pytest

from classifier.recognition.imaging.arrays import compute_median, compute_percentiles

SHARES = (0.5, 5, 25, 98, 100)


@pytest.mark.parametrize("size", [1, 2, 3, 100, 5001])
def test_percentiles_and_median_equal_those_of_numpy(size: int) -> None:
    values = np.random.default_rng(size).normal(0, 100, size).astype(np.float32)
    assert compute_percentiles(values, SHARES) == np.percentile(values, SHARES).tolist()
    assert compute_median(values) == float(np.median(values))
    assert compute_median(values.astype(np.intp)) == float(np.median(values.astype(np.intp)))
