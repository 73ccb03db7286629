"""The network that finds handwriting: a small U-Net (Ronneberger et al. 2015)."""

import keras
import tensorflow as tf
from keras import layers

from training.network import convolve

CHANNELS = (12, 20, 32, 48)  # at a half, a quarter, … of the picture's size
INK_WEIGHT = 2.0  # of ink relative to paper, which is most of a picture


def build_network() -> keras.Model:
    """Build a network from grey (N, h, w, 1), 0 to 1, to logits of ink (N, h, w, 1).

    h and w are multiples of 16. It has 118,000 parameters.
    """
    picture = keras.Input((None, None, 1))
    # Shadows multiply the light, so they only shift its logarithm.
    x = layers.Lambda(lambda grey: tf.math.log(grey + 0.04))(picture)
    skipped = []
    for depth, channels in enumerate(CHANNELS):
        x = convolve(x, channels, 5 if depth == 0 else 3, strides=2)
        x = convolve(x, channels, 3)
        skipped.append(x)
    x = layers.Add()([x, convolve(x, CHANNELS[-1], 3, dilation_rate=2)])
    for channels, skip in zip(CHANNELS[-2::-1], skipped[-2::-1], strict=True):
        x = _double_size(convolve(x, 4 * channels, 1))
        x = convolve(layers.Concatenate()([x, skip]), channels, 3)
    return keras.Model(picture, _double_size(layers.Conv2D(4, 3, padding="same")(x)))


def _double_size(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return a quarter of the channels at twice the size."""
    return layers.Lambda(lambda channels: tf.nn.depth_to_space(channels, 2))(x)


def compute_loss(ink: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the cross entropy plus the soft Dice loss (Milletari et al. 2016) of a batch."""
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(ink, logits) * (1 + (INK_WEIGHT - 1) * ink)
    predicted = tf.sigmoid(logits)
    common = tf.reduce_sum(predicted * ink, (1, 2, 3))
    total = tf.reduce_sum(predicted + ink, (1, 2, 3))
    dice = 1 - (2 * common + 20) / (total + 20)
    return tf.reduce_mean(entropy) + 0.3 * tf.reduce_mean(dice)
