"""One full-size encoder at seeded random weights: weights, inputs and float64 answers into a folder. Called by
`npm run parity` with a config as JSON on standard input and the folder as argument."""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from draw import redraw, relative_error, smooth_images, spread
from encoders import build, features, state


@torch.no_grad()
def main(folder):
    request = json.load(sys.stdin)
    config, seed = request["config"], request["seed"]
    pixels = [smooth_images(2, *size, seed + 1 + i) for i, size in enumerate(request["sizes"])]
    model = build(config).float()
    redraw(model, seed, images=smooth_images(4, 224, 224, seed + 9))
    folder = Path(folder)
    save_file({config["prefix"] + key: value for key, value in state(model).items()}, folder / "weights.safetensors")
    single = [features(model, config, images.float()).double() for images in pixels]
    model.double()
    exact = [features(model, config, images) for images in pixels]
    save_file({f"pixels.{i}": images.float() for i, images in enumerate(pixels)}
              | {f"exact.{i}": value.float().contiguous() for i, value in enumerate(exact)}, folder / "io.safetensors")
    (folder / "answers.json").write_text(json.dumps({
        "spread": max(spread(value.mean((1, 2))) for value in exact),
        "float32": [relative_error(a, b) for a, b in zip(single, exact)]}))


if __name__ == "__main__":
    main(sys.argv[1])
