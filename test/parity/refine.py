"""Answers of pydensecrf2 and of PAMR (its formula in PyTorch, below) on small made-up pictures. Run by `npm run fixtures`.

As a program: refine.py FOLDER writes refine.io.safetensors and refine.json there."""
import json
import sys
from pathlib import Path

import numpy as np
import pydensecrf.densecrf as densecrf
import torch
from safetensors.numpy import save_file

CRF = {"iterations": 10, "smoothness": {"weight": 3, "sxy": 1}, "appearance": {"weight": 4, "sxy": 67, "srgb": 3}}
WIDE = {"iterations": 4, "smoothness": {"weight": 2, "sxy": 3}, "appearance": {"weight": 7, "sxy": 20, "srgb": 8}}
PAMR = {"iterations": 10, "dilations": [1, 2, 4, 8, 12, 24]}
NEAR = {"iterations": 3, "dilations": [1, 3]}
CASES = {
    "sharp": {"size": (40, 56), "labels": 5, "flat": False, "crf": CRF, "pamr": PAMR},
    "reco": {"size": (36, 48), "labels": 21, "flat": True, "crf": CRF, "pamr": PAMR},
    "other": {"size": (30, 41), "labels": 9, "flat": False, "crf": WIDE, "pamr": NEAR},
    "row": {"size": (1, 90), "labels": 3, "flat": False, "crf": CRF, "pamr": PAMR},
    "column": {"size": (70, 1), "labels": 2, "flat": False, "crf": CRF, "pamr": PAMR},
}


def crf(image, probabilities, options):
    """[H, W, 3] uint8, [H, W, T] -> Q [H, W, T]"""
    height, width, labels = probabilities.shape
    unary = -np.log(np.clip(probabilities, 1e-5, 1)).reshape(-1, labels).T.astype(np.float32)
    model = densecrf.DenseCRF2D(width, height, labels)
    model.setUnaryEnergy(np.ascontiguousarray(unary))
    near, alike = options["smoothness"], options["appearance"]
    model.addPairwiseGaussian(sxy=near["sxy"], compat=near["weight"])
    model.addPairwiseBilateral(sxy=alike["sxy"], srgb=alike["srgb"], rgbim=np.ascontiguousarray(image), compat=alike["weight"])
    return np.array(model.inference(options["iterations"])).T.reshape(height, width, labels).astype(np.float32)


def pamr(image, probabilities, options):
    """Each iteration gives a pixel the mean of its neighbours weighted by softmax(-|difference| / (0.1 sd)); float64."""
    height, width, _ = probabilities.shape
    rows, columns = torch.arange(height), torch.arange(width)

    def neighbours(planes):
        around = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
        shifted = [
            planes[:, (rows + y * d).clamp(0, height - 1)][:, :, (columns + x * d).clamp(0, width - 1)]
            for d in options["dilations"]
            for y, x in around
        ]
        return torch.stack(shifted)

    colours = torch.from_numpy(image).permute(2, 0, 1).double() / 255
    others = neighbours(colours)
    deviation = torch.cat([others, colours.expand(len(options["dilations"]), -1, -1, -1)]).std(0)
    weights = torch.softmax(-((others - colours).abs() / (0.1 * deviation + 1e-8)).mean(1), 0)
    planes = torch.from_numpy(probabilities).permute(2, 0, 1).double()
    for _ in range(options["iterations"]):
        planes = (neighbours(planes) * weights[:, None]).sum(0)
    return np.ascontiguousarray(planes.permute(1, 2, 0).float().numpy())


def smooth(random, shape, cell):
    """Noise that changes over `cell` pixels; shape [.., H, W]."""
    height, width = shape[-2:]
    small = torch.from_numpy(random.standard_normal((1, *shape[:-2], height // cell + 2, width // cell + 2)))
    return torch.nn.functional.interpolate(small, size=(height, width), mode="bilinear")[0].numpy()


def picture(random, height, width):
    """Two textured regions with a soft edge, and some noise."""
    edge = 1 / (1 + np.exp(-4 * smooth(random, (1, height, width), 12)))[0, :, :, None]
    colours = random.uniform(30, 220, (2, 3))
    texture = 12 * smooth(random, (3, height, width), 3).transpose(1, 2, 0) + random.normal(0, 4, (height, width, 3))
    return np.clip(edge * colours[0] + (1 - edge) * colours[1] + texture, 0, 255).astype(np.uint8)


def probabilities_of(random, height, width, labels, flat):
    scores = smooth(random, (labels, height, width), 6)
    if flat:  # softmax of products of two sigmoids, as ReCo's: no class has more than e times another
        other = smooth(random, (labels, height, width), 8)
        scores = 1 / (1 + np.exp(-0.3 * scores)) / (1 + np.exp(-2 * other))
    else:
        scores = 3 * scores + random.normal(0, 1, scores.shape)
    powers = np.exp(scores - scores.max(0))
    return np.ascontiguousarray((powers / powers.sum(0)).transpose(1, 2, 0).astype(np.float32))


def main(folder):
    tensors, cases = {}, {}
    for seed, (name, case) in enumerate(CASES.items()):
        random = np.random.default_rng(100 + seed)
        height, width = case["size"]
        image = picture(random, height, width)
        given = probabilities_of(random, height, width, case["labels"], case["flat"])
        tensors |= {f"{name}.image": image, f"{name}.probabilities": given, f"{name}.crf": crf(image, given, case["crf"]),
                    f"{name}.pamr": pamr(image, given, case["pamr"])}
        cases[name] = {"crf": case["crf"], "pamr": case["pamr"]}
    save_file(tensors, Path(folder) / "refine.io.safetensors")
    text = json.dumps({"version": 1, "made": "npm run fixtures", "cases": cases}, indent=1)
    (Path(folder) / "refine.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
