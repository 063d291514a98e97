"""The image tower of a saved model as ONNX, in the folder transformers.js reads: weights file, folder."""
import json
import sys
from pathlib import Path

import onnx
import torch
from open_clip_model import load


class Embeds(torch.nn.Module):
    def __init__(self, visual):
        super().__init__()
        self.visual = visual

    def forward(self, pixel_values):
        return self.visual(pixel_values)


def main(weights, folder):
    model, config = load(weights)
    side = config["vision"]["imageSize"]
    folder = Path(folder)
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(
        Embeds(model.visual).eval(), (torch.zeros(2, 3, side, side),), dynamo=True, verbose=False,
        input_names=["pixel_values"], output_names=["image_embeds"],
        dynamic_shapes={"pixel_values": {0: torch.export.Dim("batch", min=1, max=64)}})
    file = folder / "onnx" / "vision_model.onnx"
    program.save(str(file), external_data=False)
    onnx.checker.check_model(str(file))
    (folder / "config.json").write_text(json.dumps({
        "model_type": "clip_vision_model", "architectures": ["CLIPVisionModelWithProjection"],
        "image_size": side, "projection_dim": config["embedDim"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
