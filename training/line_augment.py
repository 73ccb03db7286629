"""Another size, slant, contrast and grain for each composed line and epoch."""

import tensorflow as tf

from classifier.recognition.line_image import HEIGHT, HIGHEST, LOWEST
from training.data.line_pool import SHIFTED, WIDENED

MIDDLE = HEIGHT / 2


def augment(ink: tf.Tensor, boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(N, HEIGHT, w, 1) ink and (N, d, 4) boxes → the same, changed together."""
    count = tf.shape(ink)[0]

    def choose(low: float, high: float) -> tf.Tensor:
        return tf.random.uniform((count,), low, high)

    wide, high, lean = choose(0.82, WIDENED), choose(0.85, 1.08), choose(-0.2, 0.2)
    right, down = choose(-SHIFTED, SHIFTED), choose(-1.5, 1.5)
    # The output's (x, y) shows the input's (x / wide + lean (y - MIDDLE) + right, y / high + top).
    none, top = tf.zeros_like(wide), MIDDLE - MIDDLE / high + down
    rows = [1 / wide, lean, right - lean * MIDDLE, none, 1 / high, top, none, none]
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
    return grained(moved), (boxes - shift) * scale


def grained(ink: tf.Tensor) -> tf.Tensor:
    """Paler or darker, with noise."""
    each = (tf.shape(ink)[0], 1, 1, 1)
    noise = tf.random.normal(tf.shape(ink)) * tf.random.uniform(each, 0, 0.12)
    return tf.clip_by_value(ink * tf.random.uniform(each, 0.75, 1.2) + noise, LOWEST, HIGHEST)
