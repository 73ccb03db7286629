"""What hands, pens, cameras and imaging do to a digit, anew for each image and epoch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from classifier.recognition.imaging.normalize import SIDE

WOBBLE_GRID = 5
COARSEST, FINEST = 8, 16


@dataclass(frozen=True)
class Strength:
    """Limits of what is done to each image, and the shares of images that get the rest."""

    rotation: float = math.radians(12)
    shear: float = 0.2
    scale: float = 0.15
    shift_px: float = 2.0
    wobble_px: float = 1.2
    other_pen: float = 0.4
    coarse: float = 0.15
    blurred: float = 0.2
    other_contrast: float = 0.3
    broken: float = 0.1


STRONG = Strength()
GENTLE = Strength(
    rotation=math.radians(8),
    shear=0.13,
    scale=0.1,
    shift_px=1.3,
    wobble_px=0.5,
    other_pen=0.15,
    coarse=0.15,
    blurred=0.0,
    other_contrast=0.0,
    broken=0.0,
)


def augment(images: tf.Tensor, strength: Strength) -> tf.Tensor:
    """(N, 28, 28, 1) in 0…1 → the same shape and range."""
    images = bent(images, strength)
    images = _some(strength.other_pen, of_another_pen, images)
    images = _some(strength.coarse, coarse, images)
    images = _some(strength.blurred, blurred, images)
    images = _some(strength.other_contrast, of_another_contrast, images)
    return _some(strength.broken, broken, images)


def _some(share: float, change: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """Changes a random run of the batch, which is cheaper than choosing from all changed."""
    count = tf.shape(images)[0]
    few = tf.cast(tf.math.ceil(share * tf.cast(count, tf.float32)), tf.int32)
    start = tf.random.uniform((), 0, count, tf.int32)
    turned = tf.roll(images, -start, axis=0)
    changed = tf.concat([change(turned[:few]), turned[few:]], axis=0)
    return tf.ensure_shape(tf.roll(changed, start, axis=0), images.shape)


def bent(images: tf.Tensor, strength: Strength) -> tf.Tensor:
    """A random affine map and a smooth wobble (Simard et al. 2003), by one resampling."""
    count = tf.shape(images)[0]
    moved = tf.einsum("nij,hwj->nhwi", _random_matrices(count, strength), _grid() - 13.5) + 13.5
    shift = tf.random.uniform((count, 1, 1, 2), -strength.shift_px, strength.shift_px)
    return sampled(images, moved + shift + _wobble(count, strength.wobble_px))


def _grid() -> tf.Tensor:
    """(28, 28, 2): each pixel's x and y."""
    line = tf.range(SIDE, dtype=tf.float32)
    return tf.stack(tf.meshgrid(line, line), axis=-1)


def _wobble(count: tf.Tensor, limit_px: float) -> tf.Tensor:
    """(N, 28, 28, 2) in pixels; some hands are steadier than others."""
    strength = tf.random.uniform((count, 1, 1, 1), 0, limit_px)
    coarse = tf.random.normal((count, WOBBLE_GRID, WOBBLE_GRID, 2))
    return strength * tf.image.resize(coarse, (SIDE, SIDE), "bicubic")


def _random_matrices(count: tf.Tensor, strength: Strength) -> tf.Tensor:
    """(N, 2, 2): rotation after shear after scaling of each axis."""
    angle, shear = _uniform(count, strength.rotation), _uniform(count, strength.shear)
    wide, high = (1 + _uniform(count, strength.scale) for _ in range(2))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    first = tf.stack([cosine * wide, (cosine * shear - sine) * high], axis=1)
    second = tf.stack([sine * wide, (sine * shear + cosine) * high], axis=1)
    return tf.stack([first, second], axis=1)


def _uniform(count: tf.Tensor, limit: float) -> tf.Tensor:
    return tf.random.uniform((count,), -limit, limit)


def sampled(images: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
    """The images at (N, 28, 28, 2) x and y, bilinearly; nothing lies outside."""
    padded = tf.pad(images[..., 0], [[0, 0], [1, 1], [1, 1]])
    inside = tf.clip_by_value(points + 1, 0, SIDE + 0.999)
    corner = tf.floor(inside)
    right, down = tf.unstack(inside - corner, axis=-1)
    place = tf.cast(corner[..., 1] * (SIDE + 2) + corner[..., 0], tf.int32)
    flat = tf.reshape(padded, (-1, (SIDE + 2) ** 2))

    def at(offset: int) -> tf.Tensor:
        return tf.gather(flat, place + offset, batch_dims=1)

    above = at(0) * (1 - right) + at(1) * right
    below = at(SIDE + 2) * (1 - right) + at(SIDE + 3) * right
    return (above * (1 - down) + below * down)[..., tf.newaxis]


def of_another_pen(images: tf.Tensor) -> tf.Tensor:
    """Thicker or thinner by up to a pixel."""
    change = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), -0.6, 0.8)
    thick = tf.nn.max_pool2d(images, 3, 1, "SAME")
    thin = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
    other = tf.where(change > 0, thick, thin)
    return images + tf.abs(change) * (other - images)


def coarse(images: tf.Tensor) -> tf.Tensor:
    """As if enlarged from a thumbnail."""
    side = tf.random.uniform((), COARSEST, FINEST + 1, tf.int32)
    small = tf.image.resize(images, [side, side], "area")
    return tf.clip_by_value(tf.image.resize(small, (SIDE, SIDE), "lanczos3"), 0, 1)


def blurred(images: tf.Tensor) -> tf.Tensor:
    amount = tf.random.uniform((tf.shape(images)[0], 1, 1, 1))
    return images + amount * (tf.nn.avg_pool2d(images, 3, 1, "SAME") - images)


def of_another_contrast(images: tf.Tensor) -> tf.Tensor:
    """Paler, and with softer or harder edges."""
    count = tf.shape(images)[0]
    gamma = tf.exp(tf.random.uniform((count, 1, 1, 1), -0.6, 0.6))
    peak = tf.random.uniform((count, 1, 1, 1), 0.7, 1.0)
    return peak * tf.maximum(images, 0) ** gamma


def broken(images: tf.Tensor) -> tf.Tensor:
    """With the gap that a ruled line leaves when imaging takes it out."""
    row = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), 4, SIDE - 4)
    distance = tf.abs(tf.range(SIDE, dtype=tf.float32)[tf.newaxis, :, tf.newaxis, tf.newaxis] - row)
    return images * tf.clip_by_value(distance, 0, 1)
