"""pycocotools: the image list, and what it has of the class fox. read_coco.py FILE"""
import json
import sys

from pycocotools.coco import COCO

coco = COCO(sys.argv[1])
fox = coco.getCatIds(catNms=["fox"])[0]
annotations = coco.loadAnns(coco.getAnnIds(catIds=[fox]))
answer = {
    "images": sorted(coco.getImgIds()),
    "boxes": [annotation["bbox"] for annotation in annotations],
    "of": coco.getImgIds(catIds=[fox]),
    "names": [image["file_name"] for image in coco.loadImgs(coco.getImgIds())],
}
print("RESULT " + json.dumps(answer))
