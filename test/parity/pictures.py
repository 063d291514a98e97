"""Small image files of every kind, and the pixels that Pillow + the reference transform make of them."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

SIDE = 96  # the tower of the golden: keeps the files small, exercises the same code as 224


def scene(width, height, seed):
    """Smooth colours with some hard edges and fine texture, RGB uint8."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
    pixels = np.asarray(coarse).astype(np.int32)
    ys, xs = np.mgrid[0:height, 0:width]
    pixels[(xs // 7 + ys // 9) % 5 == 0] //= 2
    pixels += ((xs * 3 + ys * 5) % 11)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def files(folder):
    base = scene(203, 151, 1)
    base.save(folder / "rgb.jpg", quality=90)
    base.save(folder / "rgb-444-progressive.jpg", quality=85, subsampling=0, progressive=True)
    base.convert("L").save(folder / "grey.jpg", quality=90)
    base.convert("CMYK").save(folder / "cmyk.jpg", quality=90)
    alpha = base.convert("RGBA")
    alpha.putalpha(Image.fromarray(np.linspace(0, 255, 203 * 151).reshape(151, 203).astype(np.uint8)))
    alpha.save(folder / "alpha.png")
    base.quantize(37).save(folder / "palette.png")
    base.convert("L").save(folder / "grey.png")
    scene(64, 48, 2).convert("1").save(folder / "bilevel.png")
    base.save(folder / "lossy.webp", quality=80)
    base.save(folder / "lossless.webp", lossless=True)
    Image.new("RGB", (1, 1), (200, 30, 90)).save(folder / "one-pixel.png")
    scene(1500, 112, 3).save(folder / "wide.jpg", quality=80)
    oriented = scene(120, 80, 4)
    exif = Image.Exif()
    exif[0x0112] = 6
    oriented.save(folder / "exif-6.jpg", quality=90, exif=exif)
    wide = np.asarray(scene(90, 70, 5)).astype(np.uint16) * 257
    write_rgb16(folder / "rgb16.png", wide)


def write_rgb16(path, pixels):
    """16-bit RGB PNG: Pillow cannot write one, so three chunks by hand."""
    import struct
    import zlib

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def main(folder):
    folder = Path(folder) / "images"
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    files(folder)
    transform = Compose([Resize(SIDE, InterpolationMode.BICUBIC), CenterCrop(SIDE)])
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        transform(Image.open(path).convert("RGB")).save(folder / "expected" / f"{path.name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
