"""Pillow and numpy: shorter side by antialiased bicubic, centre crop, mean and std, on two threads: {images, width, height, side}."""
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL
from data import normalized, picture
from PIL import Image
from serve import serve


def prepare(args):
    threads = int(os.environ["OMP_NUM_THREADS"])
    side = args["side"]
    images = [Image.fromarray(picture(args["width"], args["height"], i + 1)) for i in range(args["images"])]
    pool = ThreadPoolExecutor(threads)

    def one(image):
        scale = side / min(image.size)
        width, height = (max(side, int(length * scale)) for length in image.size)
        resized = image.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (round((length - side) / 2) for length in resized.size)
        return normalized(np.asarray(resized.crop((left, top, left + side, top + side))))

    return {"run": lambda: np.stack(list(pool.map(one, images))), "versions": {"pillow": PIL.__version__, "numpy": np.__version__},
            "threads": threads}


serve(prepare)
