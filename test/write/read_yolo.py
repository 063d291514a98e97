"""ultralytics' own check of an image and its labels, and its own rasteriser; read_yolo.py FOLDER CLASSES IMAGE LABELS ...

Its package wants torch when it is imported, which these functions do not: they are taken out of its files and run as they are.
"""
import ast
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import yaml
from PIL import Image

package = Path(find_spec("ultralytics").origin).parent


def own(file, *names):
    tree = ast.parse((package / file).read_text())
    body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    assert len(body) == len(names), f"{file} has not all of {names}"
    for node in body:
        node.decorator_list, node.returns = [], None
        for argument in node.args.args:
            argument.annotation = None
    exec(compile(ast.Module(body, []), file, "exec"), tools)


def empty_like(x):
    return np.empty_like(x, dtype=np.float32)


def check_image(file):
    with Image.open(file) as image:
        return "", (image.height, image.width)


tools = {"np": np, "os": os, "cv2": cv2, "empty_like": empty_like, "check_image": check_image}
own("utils/ops.py", "segments2boxes", "xyxy2xywh")
own("data/utils.py", "verify_image_label", "polygon2mask")

classes = int(sys.argv[2])
answer = []
for image_file, label_file in zip(sys.argv[3::2], sys.argv[4::2]):
    found = tools["verify_image_label"]((image_file, label_file, "", False, classes, 0, 0, False))
    _, boxes, shape, segments, _, missing, _, _, corrupt, message = found
    assert missing == 0 and corrupt == 0 and message == "", message
    rows = []
    for (label, *_), segment in zip(boxes.tolist(), segments):
        pixels = (segment * [shape[1], shape[0]]).reshape(1, -1)
        rows.append({"class": int(label), "mask": tools["polygon2mask"](shape, pixels).flatten().tolist()})
    answer.append(rows)
data = yaml.safe_load(open(Path(sys.argv[1]) / "data.yaml"))
print("RESULT " + json.dumps({"names": data["names"], "train": data["train"], "images": answer}))
