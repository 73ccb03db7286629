"""What people's hands do to a digit: turned, slanted, stretched, shifted, anew each epoch."""

import math

import tensorflow as tf

ROTATION = math.radians(12)
SHEAR = 0.2
SCALE = 0.15
SHIFT_PX = 2.0


def affine(images: tf.Tensor) -> tf.Tensor:
    """(N, 28, 28, 1) → the same shape, each image with a random affine map of its own."""
    count = tf.shape(images)[0]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_around_centre(_random_matrices(count), _uniform(count, SHIFT_PX, 2)),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _uniform(count: tf.Tensor, limit: float, columns: int) -> tf.Tensor:
    return tf.random.uniform((count, columns), -limit, limit)


def _random_matrices(count: tf.Tensor) -> tf.Tensor:
    """(N, 2, 2): rotation after shear after scaling of each axis."""
    angle = _uniform(count, ROTATION, 1)[:, 0]
    shear = _uniform(count, SHEAR, 1)[:, 0]
    scale = 1 + _uniform(count, SCALE, 2)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    first = tf.stack([cosine * scale[:, 0], (cosine * shear - sine) * scale[:, 1]], axis=1)
    second = tf.stack([sine * scale[:, 0], (sine * shear + cosine) * scale[:, 1]], axis=1)
    return tf.stack([first, second], axis=1)


def _around_centre(matrices: tf.Tensor, shifts: tf.Tensor) -> tf.Tensor:
    """(N, 8) coefficients of output → input coordinates that leave the image's centre in place."""
    centre = tf.constant([13.5, 13.5])
    offsets = centre - tf.linalg.matvec(matrices, centre) + shifts
    zeros = tf.zeros_like(shifts)
    rows = tf.concat([matrices, offsets[:, :, tf.newaxis]], axis=2)
    return tf.concat([rows[:, 0], rows[:, 1], zeros], axis=1)
