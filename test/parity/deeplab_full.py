"""One full-size DeepLabv3+ at seeded random weights: weights, inputs and float64 answers into a folder. Called by
`npm run parity` with a config as JSON on standard input and the folder as argument."""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from deeplab_model import DeepLab
from draw import redraw, relative_error, smooth_images, spread


@torch.no_grad()
def main(folder):
    request = json.load(sys.stdin)
    config, seed = request["config"], request["seed"]
    pixels = [smooth_images(2, *size, seed + 1 + i) for i, size in enumerate(request["sizes"])]
    model = DeepLab(config).float()
    model.encode_image = model.forward
    redraw(model, seed, images=smooth_images(4, 192, 256, seed + 9))
    folder = Path(folder)
    save_file({key: value.contiguous() for key, value in model.state_dict().items() if "num_batches" not in key},
              folder / "weights.safetensors")
    # The order in memory that ours computes in.
    model.to(memory_format=torch.channels_last)
    single = [model(images.float().contiguous(memory_format=torch.channels_last)).double() for images in pixels]
    model.double()
    exact = [model(images) for images in pixels]
    save_file({f"pixels.{i}": images.float() for i, images in enumerate(pixels)}
              | {f"exact.{i}": value.float().contiguous() for i, value in enumerate(exact)}, folder / "io.safetensors")
    (folder / "answers.json").write_text(json.dumps({
        "spread": max(spread(value.flatten(1)) for value in exact),
        "float32": [relative_error(a, b) for a, b in zip(single, exact)]}))


if __name__ == "__main__":
    main(sys.argv[1])
