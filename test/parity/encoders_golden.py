"""Small seeded encoders with float64 answers, for the tests that always run. Run by `npm run fixtures`."""
import copy
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from draw import redraw, relative_error, smooth_images, spread
from encoders import build, features, state

VIT = {"kind": "vit", "prefix": "", "imageSize": 32, "patchSize": 8, "width": 64, "layers": 3, "heads": 2, "mlpWidth": 128,
       "layerNormEps": 1e-6, "distilled": False, "registers": 0, "layerScale": False, "partial": "pad",
       "positions": {"offset": 0.1, "antialias": False, "byCount": False}}
EXACT = {"offset": 0, "antialias": False, "byCount": False}
CASES = {
    "deit": VIT | {"distilled": True, "partial": "drop", "positions": EXACT | {"byCount": True}},
    "dino": VIT,
    "dinov2": VIT | {"layerScale": True, "imageSize": 56},
    "dinov2-registers": VIT | {"layerScale": True, "imageSize": 56, "registers": 3, "positions": EXACT | {"antialias": True}},
    "resnet": {"kind": "resnet", "prefix": "module.encoder_q.", "layers": [1, 2, 1, 1], "width": 8},
}
SEED = 31
# Square as the table is; a small grid, an uneven one of partial cells, and one of as many cells as the table's in another shape.
SIZES = {"deit": [(32, 32), (45, 77), (16, 64)], "dino": [(32, 32), (45, 77)], "dinov2": [(56, 56), (40, 30)],
         "dinov2-registers": [(56, 56), (40, 30), (75, 90)], "resnet": [(64, 64), (45, 77), (33, 5)]}


def spoilt(config, model):
    """Wrong formulas a port could contain: name -> (config, model)."""
    def changed(change):
        other = copy.deepcopy(model)
        with torch.no_grad():
            for module in other.modules():
                change(module)
        return other

    def tanh_gelu(module):
        if hasattr(module, "fc1") and hasattr(module, "act"):
            module.act = torch.nn.GELU(approximate="tanh")

    def eps(module):
        if isinstance(module, (torch.nn.LayerNorm, torch.nn.BatchNorm2d)):
            module.eps *= 10

    if config["kind"] == "resnet":
        def stride_first(module):  # the stride on the 1x1, as Caffe's ResNet has it
            if hasattr(module, "conv2") and module.conv2.stride == (2, 2):
                module.conv1.stride, module.conv2.stride = (2, 2), (1, 1)

        def bias(module):
            if hasattr(module, "bn3"):
                module.bn3.bias.zero_()

        average = copy.deepcopy(model)
        average.maxpool = torch.nn.AvgPool2d(3, 2, 1)
        return {"batch-norm-eps": (config, changed(eps)), "stride-on-first-conv": (config, changed(stride_first)),
                "bias-dropped": (config, changed(bias)), "average-pool": (config, average)}

    def drop(module):
        if module is not None and hasattr(module, "fc2"):
            module.fc2.bias.zero_()

    how = config["positions"]
    other = EXACT if how["offset"] or how["antialias"] else EXACT | {"offset": 0.1}
    return {"tanh-gelu": (config, changed(tanh_gelu)), "layer-norm-eps-1e-5": (config, changed(eps)),
            "bias-dropped": (config, changed(drop)), "position-resize": (config | {"positions": other}, model)}


def write_case(name, config, folder):
    torch.manual_seed(0)
    model = build(config).float()
    calibration = smooth_images(16, 64, 64, SEED)
    redraw(model, SEED + 1, images=calibration)
    images = [smooth_images(3, *size, SEED + 2 + i) for i, size in enumerate(SIZES[name])]

    @torch.no_grad()
    def answers(config, model, dtype):
        return [features(model, config, image.to(dtype)).double() for image in images]

    exact_model = copy.deepcopy(model).double()
    exact = answers(config, exact_model, torch.float64)
    pooled = torch.stack([exact[0][i].mean((0, 1)) for i in range(3)])
    assert spread(pooled) < 0.99, f"{name}: all images look alike"
    single = answers(config, model, torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = answers(config, model, torch.float32)
    mutations = {}
    for mutation, (other, wrong) in spoilt(config, exact_model).items():
        mutations[mutation] = [relative_error(a, b) for a, b in zip(answers(other, wrong, torch.float64), exact)]
    weights = {config["prefix"] + key: value for key, value in state(model).items()}
    if name == "resnet":
        weights |= {"module.queue": torch.ones(4, 4), "module.queue_ptr": torch.zeros(1)}
    save_file(weights, folder / f"{name}.weights.safetensors")
    save_file({f"pixels.{i}": image.float() for i, image in enumerate(images)}
              | {f"exact.{i}": value.float().contiguous() for i, value in enumerate(exact)}, folder / f"{name}.io.safetensors")
    ours = config | {"prefix": config["prefix"].removeprefix("module.")}  # our reader takes off what every key begins with
    (folder / f"{name}.json").write_text(json.dumps({
        "version": 1, "made by": "npm run fixtures (test/parity/encoders_golden.py)", "config": ours,
        "float32": [relative_error(a, b) for a, b in zip(single, exact)],
        "bfloat16": [relative_error(a, b) for a, b in zip(half, exact)], "mutations": mutations}, indent=1) + "\n")


def main(folder):
    folder = Path(folder) / "encoders"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name, config in CASES.items():
        write_case(name, config, folder)


if __name__ == "__main__":
    import sys
    main(sys.argv[1])
