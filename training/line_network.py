"""The line reader's network: one row of outputs for each step along a line of writing."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import layers

from classifier.recognition.ctc import BLANK
from classifier.recognition.line_image import HEIGHT

MOMENTUM = 0.95  # as in the network of single digits
STRIDE = 2  # pixels a step
SIDES = 4  # left, top, right and bottom of a digit
WIDTH = 128  # channels of the steps
REACHES = (1, 2, 4)  # steps between the taps of the last convolutions, which see the neighbours
PLACE_WEIGHT, BOX_WEIGHT = 0.3, 2.0


def build() -> keras.Model:
    """(N, HEIGHT, w, 1) ink → (N, 1, w / STRIDE, BLANK + 1 + SIDES).

    At each step: the logits of ten digits and of none, and the box of the digit there, its sides
    in units of HEIGHT, left and right from the step, top and bottom from the line's top. Fully
    convolutional, so that w is free; 400,000 parameters.
    """
    line = keras.Input((HEIGHT, None, 1))
    x = _convolve(line, 16, (5, 5), strides=(2, STRIDE))
    x = _convolve(x, 24, (3, 3))
    x = _convolve(x, 32, (3, 3), strides=(2, 1))
    x = _convolve(x, 40, (3, 3))
    x = _convolve(x, 64, (3, 3), strides=(2, 1))
    x = _convolve(x, 96, (3, 3))
    x = _convolve(x, WIDTH, (4, 1), padding="valid")
    for reach in REACHES:
        x = layers.Add()([x, _convolve(x, WIDTH, (1, 5), dilation=(1, reach))])
    x = layers.Dropout(0.2)(x)
    return keras.Model(line, layers.Conv2D(BLANK + 1 + SIDES, 1)(x))


def _convolve(
    x: keras.KerasTensor,
    filters: int,
    size: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    padding: str = "same",
    dilation: tuple[int, int] = (1, 1),
) -> keras.KerasTensor:
    x = layers.Conv2D(
        filters, size, strides=strides, padding=padding, dilation_rate=dilation, use_bias=False
    )(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))


@dataclass(frozen=True)
class Targets:
    """Digits of N lines, (N, d) with -1 after the last; their boxes, (N, d, SIDES) in pixels."""

    digits: tf.Tensor
    boxes: tf.Tensor


def loss(targets: Targets, outputs: tf.Tensor) -> tf.Tensor:
    """CTC (Graves et al. 2006) of the whole text, and two terms of places that the generator knows:
    the digit at the middle of its box, and the box."""
    logits = outputs[:, 0, :, : BLANK + 1]
    places = _steps_of(targets, tf.shape(logits)[1])
    return (
        tf.reduce_mean(ctc_loss(targets.digits, logits))
        + PLACE_WEIGHT * _place_loss(targets, places, logits)
        + BOX_WEIGHT * _box_loss(targets, places, outputs[:, 0, :, BLANK + 1 :])
    )


def ctc_loss(digits: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """(N,) negative log likelihoods of the texts."""
    empty = digits[:, :1] < 0
    # TensorFlow's kernel refuses empty texts, which one path of blanks spells.
    stand_in = tf.concat([tf.where(empty, 0, digits[:, :1]), digits[:, 1:]], 1)
    written = stand_in >= 0
    labels = tf.SparseTensor(
        tf.where(written),
        tf.boolean_mask(stand_in, written),
        tf.shape(digits, out_type=tf.int64),
    )
    steps = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    spelt = tf.compat.v1.nn.ctc_loss(
        labels, logits, steps, time_major=False, ignore_longer_outputs_than_inputs=True
    )
    blank = -tf.reduce_sum(tf.nn.log_softmax(logits)[..., BLANK], 1)
    return tf.where(empty[:, 0], blank, spelt)


def _steps_of(targets: Targets, steps: tf.Tensor) -> tf.Tensor:
    """(N, d) the step at the middle of each digit."""
    middles = (targets.boxes[..., 0] + targets.boxes[..., 2]) / 2
    return tf.clip_by_value(tf.cast(middles / STRIDE, tf.int32), 0, steps - 1)


def _place_loss(targets: Targets, places: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross entropy at the middle steps and, as blanks, at those further than a step from any."""
    steps = tf.shape(logits)[1]
    written = targets.digits >= 0
    at = tf.where(written, places, -10)
    near = tf.abs(tf.range(steps)[None, :, None] - at[:, None, :])
    here, beside = tf.reduce_any(near == 0, 2), tf.reduce_any(near == 1, 2)
    digit = tf.reduce_max(tf.where(near == 0, targets.digits[:, None, :], -1), 2)
    wanted = tf.where(here, digit, BLANK)
    weights = tf.where(here, 1.0, tf.where(beside, 0.0, 0.3))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(wanted, logits)
    return tf.reduce_mean(tf.reduce_sum(each * weights, 1))


def _box_loss(targets: Targets, places: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Huber's loss of the sides at the middle steps."""
    written = tf.cast(targets.digits >= 0, tf.float32)
    found = tf.gather(sides, places, batch_dims=1)
    middle = (tf.cast(places, tf.float32) + 0.5) * STRIDE
    nothing = tf.zeros_like(middle)
    origin = tf.stack([middle, nothing, middle, nothing], 2)
    error = tf.abs(found - (targets.boxes - origin) / HEIGHT)
    huber = tf.where(error < 0.1, 5 * error * error, error - 0.05)
    return tf.reduce_sum(huber * written[..., None]) / tf.cast(tf.shape(places)[0], tf.float32)
