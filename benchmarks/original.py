"""A typical course project for comparison: Flask, Keras `predict`, two inserts per picture."""

import io
import os
import uuid

import numpy as np
import psycopg
from flask import Flask, jsonify, request
from flask.wrappers import Response
from PIL import Image

from training import network

app = Flask(__name__)
model = network.build_network()
database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


@app.post("/predict")
def predict() -> Response:
    picture = Image.open(io.BytesIO(request.files["image"].read())).convert("L").resize((28, 28))
    pixels = np.asarray(picture)
    logits = model.predict(pixels.reshape(1, 28, 28, 1) / 255.0, verbose=0)
    label, key = str(logits.argmax()), uuid.uuid4()
    database.execute(
        "INSERT INTO original_input VALUES (%s, 'unknown', %s)", (key, pixels.tobytes())
    )
    database.execute(
        "INSERT INTO original_predictions (input, label) VALUES (%s, %s)", (key, label)
    )
    return jsonify({"label": label})
