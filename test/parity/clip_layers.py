"""What open_clip's image tower makes of images up to a layer, for the tower and weights of golden.py. Run by `npm run fixtures`."""
import copy
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from draw import relative_error, smooth_images, spread
from golden import CASES, config_of
from reference import vit_features
from towers import build

NAME = "vit-gelu"
# Of three layers: one that is left out, and the whole tower.
READS = [("cells", 2), ("value", 2), ("residual", 2), ("cells", 3)]
SIZES = [(32, 32), (45, 77)]
SEED = 51


@torch.no_grad()
def hooked(model, images, layer):
    """The same as cells by open_clip's own forward pass: what the block gives on the way to the embedding."""
    seen = []
    handle = model.visual.transformer.resblocks[layer - 1].register_forward_hook(lambda _, __, tokens: seen.append(tokens))
    model.encode_image(images)
    handle.remove()
    return model.visual.ln_post(seen[0][:, 1:])


def main(folder):
    folder = Path(folder)
    torch.set_num_threads(1)
    config = config_of(CASES[NAME])
    model = build(config).float().eval()
    missing, unexpected = model.load_state_dict(load_file(folder / f"{NAME}.weights.safetensors"), strict=False)
    assert not unexpected and all(key.endswith("attn_mask") for key in missing), (missing, unexpected)
    exact_model = copy.deepcopy(model).double()
    images = [smooth_images(2, *size, SEED + i) for i, size in enumerate(SIZES)]

    @torch.no_grad()
    def answers(model, read, layer, dtype):
        return [vit_features(model.visual, image.to(dtype), read, layer).double() for image in images]

    tensors, reads = {f"pixels.{i}": image.float() for i, image in enumerate(images)}, {}
    for read, layer in READS:
        exact = answers(exact_model, read, layer, torch.float64)
        assert spread(exact[0].mean((1, 2))) < 0.99, f"{read} of layer {layer}: both images look alike"
        if read == "cells":
            assert relative_error(hooked(exact_model, images[0], layer).reshape(exact[0].shape), exact[0]) < 1e-12
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = answers(model, read, layer, torch.float32)
        name = f"{read}-{layer}"
        tensors |= {f"{name}.{i}": value.float().contiguous() for i, value in enumerate(exact)}
        reads[name] = {"read": read, "layer": layer,
                       "float32": [relative_error(a, b) for a, b in zip(answers(model, read, layer, torch.float32), exact)],
                       "bfloat16": [relative_error(a, b) for a, b in zip(half, exact)]}
    save_file(tensors, folder / f"{NAME}.layers.io.safetensors")
    (folder / f"{NAME}.layers.json").write_text(json.dumps({
        "version": 1, "made by": "npm run fixtures (test/parity/clip_layers.py)", "config": config, "reads": reads}, indent=1) + "\n")


if __name__ == "__main__":
    import sys
    main(sys.argv[1])
