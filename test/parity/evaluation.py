"""Golden figures of test/eval: python test/parity/evaluation.py test/fixtures/golden

200 seeded pairs of label maps, scored by the rules of MMSegmentation's IoUMetric and of detectron2's SemSegEvaluator. Neither
package is run: the rules are written down here once more in numpy, class by class with sets of pixels, without a confusion
matrix. And what Pillow makes of scaled pictures and label maps, as sums of their bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

IGNORE = 255


def mixed(k: int) -> int:
    """The same integers as mixed() in test/eval/golden.ts."""
    k = (k * 2654435761) & 0xFFFFFFFF
    k ^= k >> 15
    return (k * 2246822519) & 0xFFFFFFFF


def pair(p: int):
    n = 2 + p % 29
    width, height = 1 + (p * 7) % 37, 1 + (p * 5) % 23
    shown = 1 + p % n
    truth, prediction = [], []
    for j in range(width * height):
        a, b = mixed(p * 100003 + 2 * j + 1), mixed(p * 100003 + 2 * j + 2)
        t = IGNORE if (a >> 20) % 7 == 0 else (a >> 9) % shown
        truth.append(t)
        prediction.append(t if (b >> 20) % 3 and t != IGNORE else (b >> 7) % n)
    return n, np.array(truth), np.array(prediction)


def areas(n: int, truth: np.ndarray, prediction: np.ndarray):
    counts = truth != IGNORE
    rows = []
    for c in range(n):
        is_true, is_said = counts & (truth == c), counts & (prediction == c)
        rows.append([int((is_true & is_said).sum()), int((is_true | is_said).sum()), int(is_true.sum()), int(is_said.sum())])
    return np.array(rows)


def mmseg(rows: np.ndarray):
    """Mean over what is not 0 / 0."""
    both, union, true, _ = rows.T.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        iou, acc = both / union, both / true
    mean = lambda values: None if np.isnan(values).all() else float(np.nanmean(values))
    return {"mIoU": mean(iou), "mAcc": mean(acc), "aAcc": float(both.sum() / true.sum()) if true.sum() else None}


def detectron2(rows: np.ndarray):
    """Mean over the classes that are true somewhere; IoU weighted by their share of the true pixels."""
    rows = rows[rows[:, 2] > 0].astype(float)
    if len(rows) == 0:
        return {"mIoU": None, "mAcc": None, "aAcc": None, "fwIoU": None}
    both, union, true, _ = rows.T
    share = true / true.sum()
    return {
        "mIoU": float((both / union).mean()),
        "mAcc": float((both / true).mean()),
        "aAcc": float(both.sum() / true.sum()),
        "fwIoU": float((share * both / union).sum()),
    }


def picture(width: int, height: int, channels: int) -> np.ndarray:
    data = [(mixed(i) >> 13) % 256 if (i // 97) % 2 else (i * 3) % 256 for i in range(width * height * channels)]
    return np.array(data, dtype=np.uint8).reshape((height, width, channels) if channels > 1 else (height, width))


def scaled(width: int, height: int, side: int, name: str):
    """Shorter side, then centre crop, as torchvision does both on Pillow images."""
    channels = 1 if name == "labels" else 3
    image = Image.fromarray(picture(width, height, channels))
    if width <= height:
        size = (side, int(side * height / width))
    else:
        size = (int(side * width / height), side)
    image = image.resize(size, Image.BILINEAR if name == "bilinear" else Image.NEAREST)
    left, top = int(round((size[0] - side) / 2.0)), int(round((size[1] - side) / 2.0))
    image = image.crop((left, top, left + side, top + side))
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return {"from": [width, height], "side": side, "filter": name, "sha256": digest}


SIZES = [(512, 256, 80), (640, 480, 320), (500, 375, 320), (333, 500, 320), (97, 61, 61), (75, 74, 37), (40, 40, 80), (31, 100, 64)]


def main() -> None:
    pairs, total = [], None
    for p in range(200):
        n, truth, prediction = pair(p)
        rows = areas(n, truth, prediction)
        pairs.append({"n": n, "areas": rows.tolist(), "mmseg": mmseg(rows), "detectron2": detectron2(rows)})
        if n == 30:
            total = rows if total is None else total + rows
    together = {"n": 30, "mmseg": mmseg(total), "detectron2": detectron2(total)}
    scales = [scaled(*size, name) for size in SIZES for name in ("nearest", "bilinear", "labels")]
    content = {"version": 1, "numpy": np.__version__, "pillow": PIL.__version__, "together": together, "scales": scales, "pairs": pairs}
    text = json.dumps(content, separators=(",", ":"))
    (Path(sys.argv[1]) / "evaluation.json").write_text(text.replace('{"n"', '\n{"n"').replace('{"from"', '\n{"from"') + "\n")


if __name__ == "__main__":
    main()
