"""The network of the line reader, with one row of outputs for each step along a line."""

from dataclasses import dataclass

import keras
import tensorflow as tf
from keras import layers

from classifier.recognition.lines.ctc import BLANK
from classifier.recognition.lines.preparation import HEIGHT
from training.network import convolve

STRIDE = 2  # pixels per step
SIDES = 4  # of a digit: left, top, right and bottom
WIDTH = 128  # channels of the steps
DILATIONS = (1, 2, 4)  # of the last convolutions, which include the neighbours
POSITION_WEIGHT, BOX_WEIGHT = 0.3, 2.0


def build_network() -> keras.Model:
    """Build a network from ink (N, HEIGHT, w, 1) to outputs (N, 1, w / STRIDE, BLANK + 1 + SIDES).

    The outputs of a step are the logits of ten digits and of none, and the sides of the digit's
    box in units of HEIGHT: left and right from the step, top and bottom from the line's top. The
    network is fully convolutional, so it accepts any w. It has 400,000 parameters.
    """
    line = keras.Input((HEIGHT, None, 1))
    x = convolve(line, 16, (5, 5), strides=(2, STRIDE))
    x = convolve(x, 24, (3, 3))
    x = convolve(x, 32, (3, 3), strides=(2, 1))
    x = convolve(x, 40, (3, 3))
    x = convolve(x, 64, (3, 3), strides=(2, 1))
    x = convolve(x, 96, (3, 3))
    x = convolve(x, WIDTH, (4, 1), padding="valid")
    for dilation in DILATIONS:
        x = layers.Add()([x, convolve(x, WIDTH, (1, 5), dilation_rate=(1, dilation))])
    x = layers.Dropout(0.2)(x)
    return keras.Model(line, layers.Conv2D(BLANK + 1 + SIDES, 1)(x))


@dataclass(frozen=True)
class Targets:
    """Digits (N, d) of N lines, with -1 after the last, and their boxes (N, d, SIDES) in pixels."""

    digits: tf.Tensor
    boxes: tf.Tensor


def compute_loss(targets: Targets, outputs: tf.Tensor) -> tf.Tensor:
    """Return the sum of the losses of the texts (CTC: Graves et al. 2006), positions and boxes."""
    logits = outputs[:, 0, :, : BLANK + 1]
    middles = _find_middles(targets, tf.shape(logits)[1])
    return (
        tf.reduce_mean(compute_ctc_loss(targets.digits, logits))
        + POSITION_WEIGHT * _compute_position_loss(targets, middles, logits)
        + BOX_WEIGHT * _compute_box_loss(targets, middles, outputs[:, 0, :, BLANK + 1 :])
    )


def compute_ctc_loss(digits: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the negative log likelihoods (N,) of the texts."""
    empty = digits[:, :1] < 0
    # TensorFlow's kernel rejects empty texts, so their loss is that of the path of blanks.
    stand_in = tf.concat([tf.where(empty, 0, digits[:, :1]), digits[:, 1:]], 1)
    written = stand_in >= 0
    labels = tf.SparseTensor(
        tf.where(written), tf.boolean_mask(stand_in, written), tf.shape(digits, out_type=tf.int64)
    )
    steps = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    losses = tf.compat.v1.nn.ctc_loss(
        labels, logits, steps, time_major=False, ignore_longer_outputs_than_inputs=True
    )
    blank = -tf.reduce_sum(tf.nn.log_softmax(logits)[..., BLANK], 1)
    return tf.where(empty[:, 0], blank, losses)


def _find_middles(targets: Targets, steps: tf.Tensor) -> tf.Tensor:
    """Return the step (N, d) at the middle of each digit."""
    middles = (targets.boxes[..., 0] + targets.boxes[..., 2]) / 2
    return tf.clip_by_value(tf.cast(middles / STRIDE, tf.int32), 0, steps - 1)


def _compute_position_loss(targets: Targets, middles: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the cross entropy of digits at the middle steps, and of blanks away from them."""
    steps = tf.shape(logits)[1]
    written = targets.digits >= 0
    middles = tf.where(written, middles, -10)  # away from all steps
    distances = tf.abs(tf.range(steps)[None, :, None] - middles[:, None, :])
    is_middle, is_beside = tf.reduce_any(distances == 0, 2), tf.reduce_any(distances == 1, 2)
    digit = tf.reduce_max(tf.where(distances == 0, targets.digits[:, None, :], -1), 2)
    labels = tf.where(is_middle, digit, BLANK)
    weights = tf.where(is_middle, 1.0, tf.where(is_beside, 0.0, 0.3))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(tf.reduce_sum(losses * weights, 1))


def _compute_box_loss(targets: Targets, middles: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Return Huber's loss of the sides at the middle steps."""
    written = tf.cast(targets.digits >= 0, tf.float32)
    predicted = tf.gather(sides, middles, batch_dims=1)
    x = (tf.cast(middles, tf.float32) + 0.5) * STRIDE
    zero = tf.zeros_like(x)
    origin = tf.stack([x, zero, x, zero], 2)
    error = tf.abs(predicted - (targets.boxes - origin) / HEIGHT)
    huber = tf.where(error < 0.1, 5 * error * error, error - 0.05)
    return tf.reduce_sum(huber * written[..., None]) / tf.cast(tf.shape(middles)[0], tf.float32)
