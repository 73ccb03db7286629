r"""A lean service for comparison: FastAPI and Granian resize a picture, read it and store it.

It stores as durably as this project, but finds no digits in a picture, and has no limits, metrics
or logs. Its packages are in no lock file. To use it:

    python -m venv /tmp/peer
    /tmp/peer/bin/pip install fastapi granian python-multipart 'psycopg[binary]' \
        ai-edge-litert pillow
    .venv/bin/python -m benchmarks.serving --peer /tmp/peer
    .venv/bin/python -m benchmarks.production --peer /tmp/peer
"""

import hashlib
import io
import os
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI, Request, UploadFile  # type: ignore[import-not-found]
from PIL import Image
from psycopg.types.json import Jsonb

MEDIA = Path(os.environ["MEDIA_ROOT"])
CREATE = """
CREATE TABLE IF NOT EXISTS peer_uploads (id uuid PRIMARY KEY, name text, sha256 text);
CREATE TABLE IF NOT EXISTS peer_images (id uuid PRIMARY KEY, upload uuid, pixels bytea);
CREATE TABLE IF NOT EXISTS peer_predictions (image uuid, label text, scores jsonb);
CREATE TABLE IF NOT EXISTS peer_queue (image uuid PRIMARY KEY, doubt float);
"""
INSERT = """
WITH a AS (INSERT INTO peer_uploads VALUES (%(upload)s, %(name)s, %(sha256)s)),
     b AS (INSERT INTO peer_images VALUES (%(image)s, %(upload)s, %(pixels)s)),
     c AS (INSERT INTO peer_predictions VALUES (%(image)s, %(label)s, %(scores)s))
INSERT INTO peer_queue VALUES (%(image)s, %(doubt)s)
"""

app = FastAPI()
graph = Path(__file__).resolve().parent.parent / "models" / "baseline" / "model.tflite"
interpreter = Interpreter(model_path=str(graph), num_threads=1)
interpreter.allocate_tensors()
index, outputs = (
    details[0]["index"]
    for details in (interpreter.get_input_details(), interpreter.get_output_details())
)
database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
with database.transaction():
    database.execute("SELECT pg_advisory_xact_lock(1)")
    database.execute(CREATE)
MEDIA.mkdir(parents=True, exist_ok=True)


@app.post("/predict")  # type: ignore[untyped-decorator]
async def predict_field(image: UploadFile) -> dict[str, Any]:
    return classify_picture(await image.read())


@app.post("/api/predict")  # type: ignore[untyped-decorator]
async def predict_body(request: Request) -> dict[str, Any]:
    return classify_picture(await request.body())


def classify_picture(data: bytes) -> dict[str, Any]:
    picture = Image.open(io.BytesIO(data)).convert("L").resize((28, 28))
    pixels = 255 - np.asarray(picture)
    interpreter.set_tensor(index, pixels.reshape(1, 28, 28, 1).astype(np.float32) / 255)
    interpreter.invoke()
    logits = interpreter.get_tensor(outputs)[0, :, :10].mean(axis=0)
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    upload, label = uuid.uuid4(), str(probabilities.argmax())
    write_file(MEDIA / str(upload), data)
    row = {"upload": upload, "name": str(upload), "sha256": hashlib.sha256(data).hexdigest()}
    row |= {"image": uuid.uuid4(), "pixels": pixels.tobytes(), "label": label}
    row |= {"scores": Jsonb(probabilities.tolist()), "doubt": float(1 - probabilities.max())}
    database.execute(INSERT, row, prepare=True)
    return {"id": str(upload), "label": label, "probabilities": probabilities.tolist()}


def write_file(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
