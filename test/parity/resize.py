"""Writes test/fixtures/golden/resize.json: sha256 of what Pillow's resize answers for pictures made by a formula.

    python test/parity/resize.py   (needs pillow and numpy, see requirements.txt)
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
SIZES = [
    (500, 375, 298, 224), (375, 500, 224, 298), (1, 1, 7, 5), (2, 3, 96, 64), (33, 70, 33, 70), (640, 480, 640, 224),
    (1000, 17, 31, 200), (960, 540, 398, 224), (64, 64, 64, 65), (3, 500, 3, 17), (255, 257, 224, 224), (100, 100, 1, 1),
    (511, 3, 300, 4), (2400, 9, 5, 3),
]  # width, height, resized width, resized height


def picture(width: int, height: int) -> np.ndarray:
    """Hard edges, ramps and noise; the same integers as picture() in resize-normalize.test.ts."""
    i = np.arange(width * height * 3, dtype=np.uint64)
    noise = (((i * 2654435761) % (1 << 32)) >> 13) % 256
    x, y = (i // 3) % width, i // 3 // width
    value = np.where(
        (x // 7 + y // 5) % 3 == 0,
        255 * ((x // 3 + y) % 2),
        np.where((x // 7 + y // 5) % 3 == 1, noise, (x * 2 + y * 3) % 256),
    )
    return value.astype(np.uint8).reshape(height, width, 3)


def main() -> None:
    cases = []
    for width, height, new_width, new_height in SIZES:
        image = Image.fromarray(picture(width, height))
        for name, filter in FILTERS.items():
            resized = image.resize((new_width, new_height), filter)
            digest = hashlib.sha256(resized.tobytes()).hexdigest()
            cases.append({"from": [width, height], "to": [new_width, new_height], "filter": name, "sha256": digest})
    target = Path(__file__).parent.parent / "fixtures" / "golden" / "resize.json"
    content = {"version": 1, "pillow": PIL.__version__, "cases": cases}
    target.write_text(json.dumps(content, separators=(",", ":")).replace('{"from"', '\n{"from"') + "\n")


if __name__ == "__main__":
    main()
