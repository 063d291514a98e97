"""The same network and schedule in PyTorch: pytorch.py RECIPE.json (run.mjs writes it); JSON lines as our metrics.jsonl on standard output.

Pictures by Pillow and torchvision's transforms as ReCo+'s code has them; channels-last and fused Adam, PyTorch's fastest here.
"""
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional
from torchvision import transforms
from torchvision.transforms.functional import to_tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "parity"))
from deeplab_model import DeepLab, norms  # noqa: E402

IGNORED = 255


def load(folder, split, size, classes):
    """(picture, label map) a file, both at `size`, whose ratio the files have."""
    pairs = []
    for file in sorted((folder / "images" / split).iterdir()):
        labels = Image.open(folder / "labels" / split / f"{file.stem}.png").resize(size, Image.NEAREST)
        labels = np.array(labels)
        labels[labels >= classes] = IGNORED
        pairs.append((Image.open(file).convert("RGB").resize(size, Image.BILINEAR), Image.fromarray(labels)))
    return pairs


class Augment:
    """Scaled, cut or padded, mirrored, recoloured: (picture, label map) -> float [3, H, W], int64 [H, W]"""

    def __init__(self, size, augment, normalise):
        self.size, self.augment, self.normalise = size, augment, normalise
        strengths = [augment[kind] for kind in ("brightness", "contrast", "saturation", "hue")]
        self.jitter = transforms.ColorJitter(*strengths)

    def __call__(self, picture, labels):
        width, height = self.size
        scale = random.uniform(self.augment["scaleLow"], self.augment["scaleHigh"])
        scaled = (max(1, int(width * scale)), max(1, int(height * scale)))
        picture, labels = picture.resize(scaled, Image.BILINEAR), labels.resize(scaled, Image.NEAREST)
        left, top = (random.randint(0, max(0, now - wanted)) for now, wanted in zip(scaled, self.size))
        if scaled[0] < width or scaled[1] < height:
            mean = tuple(int(value) for value in np.array(picture).mean((0, 1)))
            wide, map_ = Image.new("RGB", self.size, mean), Image.new("L", self.size, IGNORED)
            wide.paste(picture, (0, 0)), map_.paste(labels, (0, 0))
            picture, labels = wide, map_
        else:
            box = (left, top, left + width, top + height)
            picture, labels = picture.crop(box), labels.crop(box)
        if random.random() < self.augment["flip"]:
            picture, labels = picture.transpose(Image.FLIP_LEFT_RIGHT), labels.transpose(Image.FLIP_LEFT_RIGHT)
        if random.random() < self.augment["jitter"]:
            picture = self.jitter(picture)
        return self.normalise(to_tensor(picture)), torch.from_numpy(np.array(labels, dtype=np.int64))


def batches(count, size):
    """Indices without end, every picture once an epoch."""
    order = []
    while True:
        while len(order) < size:
            order += random.sample(range(count), count)
        yield order[:size]
        order = order[size:]


@torch.no_grad()
def initialise(model):
    """Kaiming's normal rule as ReCo+ has it: fan-out in the backbone as torchvision's, fan-in in the head."""
    for part, mode in ((model.backbone, "fan_out"), (model.classifier, "fan_in")):
        for module in part.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")


@torch.inference_mode()
def validate(model, pairs, normalise, classes):
    model.eval()
    matrix = np.zeros((classes, classes), dtype=np.int64)
    for picture, labels in pairs:
        truth = np.array(labels)
        logits = model(normalise(to_tensor(picture))[None].contiguous(memory_format=torch.channels_last))
        wide = functional.interpolate(logits, truth.shape, mode="bilinear", align_corners=False)
        predicted = wide.argmax(1)[0].numpy()
        counted = truth != IGNORED
        matrix += np.bincount(truth[counted] * classes + predicted[counted], minlength=classes**2).reshape(classes, classes)
    model.train()
    right, either = matrix.diagonal(), matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    iou = [r / e if e else None for r, e in zip(right.tolist(), either.tolist())]
    known = [value for value in iou if value is not None]
    return {"miou": sum(known) / len(known), "accuracy": right.sum() / matrix.sum(), "iou": iou}


def main(recipe):
    torch.set_num_threads(recipe["workers"])
    torch.manual_seed(recipe["seed"]), random.seed(recipe["seed"])
    size, classes, root = (recipe["size"]["width"], recipe["size"]["height"]), len(recipe["classes"]), Path(recipe["root"])
    train, val = (load(root, split, size, classes) for split in ("train", "val"))
    normalise = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    augment = Augment(size, recipe["augment"], normalise)
    config = {"backbone": recipe["backbone"], "classes": classes, "outputStride": recipe["outputStride"], "width": recipe["width"]}
    model = DeepLab(config, recipe["dropout"]).train().to(memory_format=torch.channels_last)
    initialise(model)
    for norm in norms(model.backbone):
        norm.momentum = recipe["backboneNormMomentum"]
    peaks = (recipe["backboneLearningRate"], recipe["learningRate"])
    groups = [{"params": part.parameters(), "lr": peak} for part, peak in zip((model.backbone, model.classifier), peaks)]
    betas = (recipe["beta1"], recipe["beta2"])
    optimiser = torch.optim.Adam(groups, betas=betas, weight_decay=recipe["weightDecay"], fused=True)
    drawn, started, cpu = batches(len(train), recipe["batchSize"]), time.time(), time.process_time()
    total = 0

    def say(step, **facts):
        clock = {"step": step, "seconds": time.time() - started, "cpuSeconds": time.process_time() - cpu}
        print(json.dumps({**facts, **clock}), flush=True)

    for step in range(recipe["steps"]):
        if step % recipe["validateEvery"] == 0:
            say(step, **validate(model, val, normalise, classes))
        pixels, labels = (torch.stack(part) for part in zip(*(augment(*train[i]) for i in next(drawn))))
        decay = (1 - step / recipe["steps"]) ** recipe["power"]
        for group, peak in zip(optimiser.param_groups, peaks):
            group["lr"] = max(recipe["learningRateFloor"], peak * decay)
        logits = model(pixels.contiguous(memory_format=torch.channels_last))
        wide = functional.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
        loss = functional.cross_entropy(wide, labels, ignore_index=IGNORED)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
        if (step + 1) % recipe["logEvery"] == 0:
            say(step + 1, loss=total / recipe["logEvery"], learningRate=peaks[1] * decay)
            total = 0
    say(recipe["steps"], **validate(model, val, normalise, classes))
    print(json.dumps({"processCpuSeconds": time.process_time()}), flush=True)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
