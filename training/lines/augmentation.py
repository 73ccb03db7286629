"""Vary the size, slant, contrast and grain of composed lines."""

import tensorflow as tf

from classifier.recognition.lines.preparation import HEIGHT, MAX_INK, MIN_INK
from training.data.line_pool import SHIFTED, WIDENED

MIDDLE = HEIGHT / 2


def augment(ink: tf.Tensor, boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Vary ink (N, HEIGHT, w, 1) at random, and move its boxes (N, d, 4) with it."""
    count = tf.shape(ink)[0]

    def choose(low: float, high: float) -> tf.Tensor:
        return tf.random.uniform((count,), low, high)

    wide, high, lean = choose(0.82, WIDENED), choose(0.85, 1.08), choose(-0.2, 0.2)
    right, down = choose(-SHIFTED, SHIFTED), choose(-1.5, 1.5)
    # Output (x, y) comes from input (x / wide + lean (y - MIDDLE) + right, y / high + top).
    zero, top = tf.zeros_like(wide), MIDDLE - MIDDLE / high + down
    rows = [1 / wide, lean, right - lean * MIDDLE, zero, 1 / high, top, zero, zero]
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=ink,
        transforms=tf.stack(rows, 1),
        output_shape=tf.shape(ink)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    middles = (boxes[..., 1] + boxes[..., 3]) / 2 - MIDDLE
    across = lean[:, None] * middles + right[:, None]
    shift = tf.stack([across, tf.zeros_like(across) + top[:, None]] * 2, 2)
    scale = tf.stack([wide, high] * 2, 1)[:, None]
    return add_grain(moved), (boxes - shift) * scale


def add_grain(ink: tf.Tensor) -> tf.Tensor:
    """Change the contrast, and add noise."""
    each = (tf.shape(ink)[0], 1, 1, 1)
    noise = tf.random.normal(tf.shape(ink)) * tf.random.uniform(each, 0, 0.12)
    return tf.clip_by_value(ink * tf.random.uniform(each, 0.75, 1.2) + noise, MIN_INK, MAX_INK)
