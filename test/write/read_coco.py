"""pycocotools: labels (category id) of every pixel of every image. read_coco.py FILE"""
import json
import sys

import numpy as np
from pycocotools.coco import COCO

coco = COCO(sys.argv[1])
answer = {}
for image in coco.loadImgs(coco.getImgIds()):
    labels = np.zeros((image["height"], image["width"]), int)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
        mask = coco.annToMask(annotation)
        assert mask.sum() == annotation["area"]
        labels[mask == 1] = annotation["category_id"]
    answer[image["file_name"]] = labels.flatten().tolist()
print("RESULT " + json.dumps(answer))
