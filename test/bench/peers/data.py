"""Inputs that every language draws alike (native/check/bench_support.cc, ../data.mjs): element i of a seed is a number in [-.5, .5)."""
import numpy as np

CLIP_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
CLIP_STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
CHUNK = 1 << 22


def mix(x):
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
    x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
    return x ^ x >> np.uint32(16)


def uniform(shape, seed):
    out = np.empty(shape, np.float32)
    flat = out.reshape(-1)
    offset = mix(np.array([seed], np.uint32))
    for begin in range(0, flat.size, CHUNK):
        index = np.arange(begin, min(begin + CHUNK, flat.size)).astype(np.uint32)
        flat[begin : begin + len(index)] = (mix(index + offset) >> np.uint32(8)).astype(np.float32) * np.float32(2**-24) - np.float32(0.5)
    return out


def picture(width, height, seed):
    """uint8 [height, width, 3]."""
    return np.floor((uniform((height, width, 3), seed) + np.float32(0.5)) * np.float32(256)).astype(np.uint8)


def tiles(width, height):
    """uint8 [height, width, 3]: tiles of one colour each with a little noise."""
    colours = picture(width // 24 + 1, height // 24 + 1, 1).astype(np.int32)
    flat = colours[np.arange(height)[:, None] // 24, np.arange(width)[None, :] // 24]
    return (flat * 7 // 8 + picture(width, height, 2).astype(np.int32) // 32).astype(np.uint8)


def normalized(image):
    """uint8 [h, w, 3] -> float32 [3, h, w] as CLIP sees it."""
    return np.ascontiguousarray(((image.astype(np.float32) / 255 - CLIP_MEAN) / CLIP_STD).transpose(2, 0, 1))
