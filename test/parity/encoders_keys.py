"""Keys and shapes of the official encoder files, from the public implementations; a line a key. Run by `npm run fixtures`."""
import sys
from pathlib import Path

import timm
import torchvision

# DINOv2's official files also hold the mask token of its training; MoCo's a queue and an encoder of keys.
MODELS = {
    "deit-s-16-distilled": (lambda: timm.create_model("deit_small_distilled_patch16_224"), {}),
    "dino-vit-s-16": (lambda: timm.create_model("vit_small_patch16_224.dino", num_classes=0), {}),
    "dino-vit-b-16": (lambda: timm.create_model("vit_base_patch16_224.dino", num_classes=0), {}),
    "dinov2-vit-s-14": (lambda: timm.create_model("vit_small_patch14_dinov2", num_classes=0), {"mask_token": [1, 384]}),
    "dinov2-vit-b-14": (lambda: timm.create_model("vit_base_patch14_dinov2", num_classes=0), {"mask_token": [1, 768]}),
    "resnet-50": (torchvision.models.resnet50, {}),
}


def main(folder):
    folder = Path(folder) / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, more) in MODELS.items():
        shapes = {key: list(value.shape) for key, value in make().state_dict().items()} | more
        lines = [f"{key} {shape}".replace(" ", "").replace("[", " [") for key, shape in sorted(shapes.items())]
        (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
