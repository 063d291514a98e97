"""Label Studio's own decoder of brush strokes: mask of every result of every task. read_label_studio.py FILE"""
import json
import sys

from label_studio_sdk.converter.brush import decode_rle

answer = []
for task in json.load(open(sys.argv[1])):
    masks = []
    for result in task["predictions"][0]["result"]:
        value = result["value"]
        assert result["type"] == "brushlabels" and value["format"] == "rle"
        height, width = result["original_height"], result["original_width"]
        image = decode_rle(value["rle"]).reshape(height, width, 4)
        assert set(image.flatten().tolist()) <= {0, 255}
        assert (image == image[:, :, :1]).all()
        masks.append({"label": value["brushlabels"][0], "score": result["score"], "mask": (image[:, :, 3] // 255).flatten().tolist()})
    answer.append({"image": task["data"]["image"], "masks": masks})
print("RESULT " + json.dumps(answer))
