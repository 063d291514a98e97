"""One full-size architecture at seeded random weights: weights, inputs and float64 answers into a folder.
Called by `npm run parity` with a config as JSON on standard input and the folder as argument."""
import json
import resource
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from draw import redraw, relative_error, smooth_images, spread
from reference import answers
from towers import build, random_tokens, state


def main(folder):
    request = json.load(sys.stdin)
    config, seed = request["config"], request["seed"]
    vision = config["vision"]
    size = vision["imageSize"]
    images = smooth_images(2, size, size, seed + 1)
    dense_image = smooth_images(1, *request["dense"], seed + 2)[0]
    tokens = random_tokens(3, config["text"], seed + 3)
    calibration = smooth_images(4, size, size, seed + 4)
    model = redraw(build(config).float(), seed, images=calibration)
    folder = Path(folder)
    save_file(state(model), folder / "weights.safetensors")
    single = answers(model, images.float(), tokens, dense_image.float())
    exact = answers(model.double(), images, tokens, dense_image)
    save_file({"images": images.float(), "dense_image": dense_image.float(), "tokens": tokens.int(),
               **{f"exact.{key}": value.float().contiguous() for key, value in exact.items()}}, folder / "io.safetensors")
    (folder / "answers.json").write_text(json.dumps({
        "spread": spread(exact["image"]),
        "float32": {key: relative_error(single[key], exact[key]) for key in exact},
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main(sys.argv[1])
