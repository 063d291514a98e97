"""pydensecrf2 on a photograph: photo.py IMAGE LABELS KIND INTO writes rgb, probabilities and Q as raw files into the folder INTO.

KIND noisy: a label map of 12 classes, a fifth of its pixels drawn anew, softened; reco: softmax of products of two sigmoids of smooth
noise for 21 names, as flat as ReCo's."""
import json
import sys
from pathlib import Path

import numpy as np
import pydensecrf.densecrf as densecrf
from PIL import Image, ImageFilter


def smooth(random, labels, size, cell):
    small = random.standard_normal((labels, size[1] // cell + 1, size[0] // cell + 1)).astype(np.float32)
    return np.stack([np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)) for plane in small])


def noisy(random, truth):
    flipped = np.where(random.random(truth.shape) < 0.2, random.integers(0, 12, truth.shape), truth)
    planes = [Image.fromarray(np.uint8(255 * (flipped == label))).filter(ImageFilter.GaussianBlur(3)) for label in range(12)]
    shares = np.stack([np.asarray(plane, np.float32) for plane in planes]) / 255 + 0.02
    return shares / shares.sum(0)


def flat(random, size):
    scores = 1 / (1 + np.exp(-0.3 * smooth(random, 21, size, 16))) / (1 + np.exp(-2 * smooth(random, 21, size, 32)))
    powers = np.exp(scores)
    return powers / powers.sum(0)


def main(image, labels, kind, into):
    random = np.random.default_rng(1)
    picture = Image.open(image).convert("RGB")
    width, height = picture.size
    planes = noisy(random, np.asarray(Image.open(labels))) if kind == "noisy" else flat(random, picture.size)
    given = np.ascontiguousarray(planes.reshape(len(planes), -1), np.float32)
    rgb = np.array(picture)
    model = densecrf.DenseCRF2D(width, height, len(given))
    model.setUnaryEnergy(-np.log(np.clip(given, 1e-5, 1)))
    model.addPairwiseGaussian(sxy=1, compat=3)
    model.addPairwiseBilateral(sxy=67, srgb=3, rgbim=rgb, compat=4)
    q = np.array(model.inference(10), np.float32)
    for name, values in (("rgb", rgb), ("probabilities", given.T), ("q", q.T)):
        np.ascontiguousarray(values).tofile(Path(into) / name)
    print("RESULT", json.dumps({"width": width, "height": height, "labels": len(given)}))


main(*sys.argv[1:])
