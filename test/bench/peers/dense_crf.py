"""pydensecrf2 with the parameters of the ReCo paper's code; it runs on one thread: {width, height, classes}."""
from importlib.metadata import version

import numpy as np
import pydensecrf.densecrf as densecrf
from data import tiles, uniform
from serve import serve


def prepare(args):
    width, height, classes = args["width"], args["height"], args["classes"]
    image = tiles(width, height)
    probabilities = uniform((height, width, classes), 3) + np.float32(0.5)
    unary = np.ascontiguousarray(-np.log(np.clip(probabilities, 1e-5, 1)).reshape(-1, classes).T)

    def run():
        model = densecrf.DenseCRF2D(width, height, classes)
        model.setUnaryEnergy(unary)
        model.addPairwiseGaussian(sxy=1, compat=3)
        model.addPairwiseBilateral(sxy=67, srgb=3, rgbim=image, compat=4)
        return np.array(model.inference(10)).T.reshape(height, width, classes)

    return {"run": run, "versions": {"pydensecrf2": version("pydensecrf2"), "numpy": np.__version__}, "threads": 1}


serve(prepare)
