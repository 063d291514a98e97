"""datumaro's importer of VOC's layout, which is CVAT's for "Segmentation mask 1.1": objects of every image. read_voc.py FOLDER"""
import json
import sys

import numpy as np
from datumaro import AnnotationType, Dataset
from PIL import Image

folder = sys.argv[1]
data = Dataset.import_from(folder, "voc_segmentation")
names = [label.name for label in data.categories()[AnnotationType.label]]
colors = {names[i]: [int(v) for v in color] for i, color in data.categories()[AnnotationType.mask].colormap.items()}
items = {}
for item in data:
    masks = [a for a in item.annotations if a.type == AnnotationType.mask]
    items[item.id] = [{"label": names[m.label], "group": m.group, "mask": np.asarray(m.image).astype(int).flatten().tolist()} for m in masks]
indices = {}
for name in items:
    with Image.open(f"{folder}/SegmentationClass/{name}.png") as image:
        indices[name] = {"mode": image.mode, "values": np.asarray(image).flatten().tolist() if image.mode == "P" else None}
print("RESULT " + json.dumps({"names": names, "colors": colors, "items": items, "indices": indices}))
