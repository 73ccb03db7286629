"""Varies digits as hands, pens, cameras and imaging do, differently in each epoch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from classifier.recognition.imaging.normalize import SIDE

WOBBLE_GRID = 5
COARSEST, FINEST = 8, 16


@dataclass(frozen=True)
class Strength:
    """Limits of the changes to each image, and the shares of images that get the other changes.

    Rotation is in radians, shear and scale are relative.
    """

    rotation: float = math.radians(12)
    shear: float = 0.2
    scale: float = 0.15
    shift_px: float = 2.0
    wobble_px: float = 1.2
    stroke_width: float = 0.4
    coarse: float = 0.15
    blurred: float = 0.2
    contrast: float = 0.3
    broken: float = 0.1


STRONG = Strength()
GENTLE = Strength(
    rotation=math.radians(8),
    shear=0.13,
    scale=0.1,
    shift_px=1.3,
    wobble_px=0.5,
    stroke_width=0.15,
    coarse=0.15,
    blurred=0.0,
    contrast=0.0,
    broken=0.0,
)


def augment(images: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Vary a batch (N, 28, 28, 1) of ink, 0 to 1."""
    images = warp(images, strength)
    images = change_share(strength.stroke_width, change_stroke_width, images)
    images = change_share(strength.coarse, coarsen, images)
    images = change_share(strength.blurred, blur, images)
    images = change_share(strength.contrast, change_contrast, images)
    return change_share(strength.broken, break_strokes, images)


def change_share(
    share: float, change: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor
) -> tf.Tensor:
    """Change a random run of the batch, which is cheaper than changing all and choosing."""
    count = tf.shape(images)[0]
    few = tf.cast(tf.math.ceil(share * tf.cast(count, tf.float32)), tf.int32)
    start = tf.random.uniform((), 0, count, tf.int32)
    rolled = tf.roll(images, -start, axis=0)
    changed = tf.concat([change(rolled[:few]), rolled[few:]], axis=0)
    return tf.ensure_shape(tf.roll(changed, start, axis=0), images.shape)


def warp(images: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Apply a random affine map and a smooth wobble (Simard et al. 2003) in one resampling."""
    count = tf.shape(images)[0]
    points = make_grid() - 13.5
    moved = tf.einsum("nij,hwj->nhwi", _draw_matrices(count, strength), points) + 13.5
    shift = tf.random.uniform((count, 1, 1, 2), -strength.shift_px, strength.shift_px)
    return resample(images, moved + shift + _draw_wobble(count, strength.wobble_px))


def make_grid() -> tf.Tensor:
    """Return each pixel's x and y, (28, 28, 2)."""
    line = tf.range(SIDE, dtype=tf.float32)
    return tf.stack(tf.meshgrid(line, line), axis=-1)


def _draw_wobble(count: tf.Tensor, limit_px: float) -> tf.Tensor:
    """Return random displacements (N, 28, 28, 2) in pixels, stronger in some images than others."""
    strength = tf.random.uniform((count, 1, 1, 1), 0, limit_px)
    coarse = tf.random.normal((count, WOBBLE_GRID, WOBBLE_GRID, 2))
    return strength * tf.image.resize(coarse, (SIDE, SIDE), "bicubic")


def _draw_matrices(count: tf.Tensor, strength: Strength) -> tf.Tensor:
    """Return random matrices (N, 2, 2) that scale each axis, shear and rotate."""

    def draw(limit: float) -> tf.Tensor:
        return tf.random.uniform((count,), -limit, limit)

    angle, shear = draw(strength.rotation), draw(strength.shear)
    wide, high = (1 + draw(strength.scale) for _ in range(2))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    first = tf.stack([cosine * wide, (cosine * shear - sine) * high], axis=1)
    second = tf.stack([sine * wide, (sine * shear + cosine) * high], axis=1)
    return tf.stack([first, second], axis=1)


def resample(images: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    """Interpolate the images bilinearly at x and y, (N, 28, 28, 2); there is no ink outside."""
    padded = tf.pad(images[..., 0], [[0, 0], [1, 1], [1, 1]])
    inside = tf.clip_by_value(points + 1, 0, SIDE + 0.999)
    corner = tf.floor(inside)
    right, down = tf.unstack(inside - corner, axis=-1)
    index = tf.cast(corner[..., 1] * (SIDE + 2) + corner[..., 0], tf.int32)
    flat = tf.reshape(padded, (-1, (SIDE + 2) ** 2))

    def at(offset: int) -> tf.Tensor:
        return tf.gather(flat, index + offset, batch_dims=1)

    above = at(0) * (1 - right) + at(1) * right
    below = at(SIDE + 2) * (1 - right) + at(SIDE + 3) * right
    return (above * (1 - down) + below * down)[..., tf.newaxis]


def change_stroke_width(images: tf.Tensor) -> tf.Tensor:
    """Make strokes thicker or thinner by up to a pixel."""
    change = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), -0.6, 0.8)
    thick = tf.nn.max_pool2d(images, 3, 1, "SAME")
    thin = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
    other = tf.where(change > 0, thick, thin)
    return images + tf.abs(change) * (other - images)


def coarsen(images: tf.Tensor) -> tf.Tensor:
    """Reduce the images to thumbnails and enlarge them again."""
    side = tf.random.uniform((), COARSEST, FINEST + 1, tf.int32)
    small = tf.image.resize(images, [side, side], "area")
    return tf.clip_by_value(tf.image.resize(small, (SIDE, SIDE), "lanczos3"), 0, 1)


def blur(images: tf.Tensor) -> tf.Tensor:
    amount = tf.random.uniform((tf.shape(images)[0], 1, 1, 1))
    return images + amount * (tf.nn.avg_pool2d(images, 3, 1, "SAME") - images)


def change_contrast(images: tf.Tensor) -> tf.Tensor:
    """Make the ink paler and its edges softer or harder."""
    count = tf.shape(images)[0]
    gamma = tf.exp(tf.random.uniform((count, 1, 1, 1), -0.6, 0.6))
    peak = tf.random.uniform((count, 1, 1, 1), 0.7, 1.0)
    return peak * tf.maximum(images, 0) ** gamma


def break_strokes(images: tf.Tensor) -> tf.Tensor:
    """Leave out a row, as imaging does when it removes a ruled line."""
    row = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), 4, SIDE - 4)
    distance = tf.abs(tf.range(SIDE, dtype=tf.float32)[tf.newaxis, :, tf.newaxis, tf.newaxis] - row)
    return images * tf.clip_by_value(distance, 0, 1)
