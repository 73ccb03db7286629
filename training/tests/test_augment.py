"""Augmentation."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.tests.pictures import Digits

if TYPE_CHECKING:
    from tensorflow import Tensor

pytestmark = pytest.mark.slow


@pytest.fixture
def images(digits: Digits) -> "Tensor":
    import tensorflow as tf

    return tf.constant(digits[0][::50, :, :, np.newaxis] / 255, tf.float32)


def test_augmented_images_keep_shape_and_range_and_differ_each_time(images: "Tensor") -> None:
    import tensorflow as tf

    from training.data import augmentation

    tf.random.set_seed(1)
    once, again = (augmentation.augment(images, augmentation.STRONG).numpy() for _ in range(2))
    assert once.shape == images.shape
    assert 0 <= once.min() < once.max() <= 1
    assert not np.array_equal(once, again)


def test_resampling_at_the_pixels_changes_nothing(images: "Tensor") -> None:
    import tensorflow as tf

    from training.data import augmentation

    points = tf.repeat(augmentation.make_grid()[tf.newaxis], len(images), axis=0)
    assert np.allclose(augmentation.resample(images, points), images, atol=1e-6)
    shifted = augmentation.resample(images, points + tf.constant([2.0, 1.0])).numpy()
    assert np.allclose(shifted[:, :-1, :-2], images[:, 1:, 2:], atol=1e-6)
    assert shifted[:, :, -2:].max() < 0.01


def test_change_applies_to_its_share_and_keeps_the_order(images: "Tensor") -> None:
    import tensorflow as tf

    from training.data import augmentation

    tf.random.set_seed(2)
    changed = augmentation.change_share(0.25, tf.zeros_like, images).numpy()
    gone = ~changed.any(axis=(1, 2, 3))
    assert gone.sum() == 25
    assert np.array_equal(changed[~gone], images.numpy()[~gone])


@pytest.mark.parametrize("change", ["change_stroke_width", "coarsen", "blur", "change_contrast"])
def test_change_leaves_the_ink_in_place(change: str, images: "Tensor") -> None:
    import tensorflow as tf

    from training.data import augmentation

    tf.random.set_seed(3)
    changed = getattr(augmentation, change)(images).numpy()
    assert changed.min() >= 0
    assert changed.max() <= 1
    for before, after in zip(images.numpy(), changed, strict=True):
        assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.7
