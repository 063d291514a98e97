"""PyTorch with open_clip: a DataLoader over a folder, open_clip's own transform, the image tower, vectors of length 1 in memory; what
clip-retrieval's inference does: {weights, dtype, folder, batch}. bfloat16 is autocast. The faster of no workers and one a core."""
from pathlib import Path

import torch
import torch.nn.functional as F
from open_clip import image_transform
from open_clip_model import THREADS, load, versions
from PIL import Image
from serve import fastest, serve
from torch.utils.data import DataLoader, Dataset, Subset

# Images that the number of workers is chosen on.
PROBE = 64


class Files(Dataset):
    def __init__(self, folder, transform):
        self.files = sorted(Path(folder).glob("*.jpg"))
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as image:
            return self.transform(image)


def prepare(args):
    model, config = load(args["weights"])
    images = Files(args["folder"], image_transform(config["vision"]["imageSize"], is_train=False))
    narrow = args["dtype"] == "bfloat16"

    @torch.inference_mode()
    def embed(data, workers):
        found = []
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow):
            for batch in DataLoader(data, batch_size=args["batch"], num_workers=workers):
                found.append(F.normalize(model.encode_image(batch).float(), dim=-1))
        return torch.cat(found).numpy()

    probe = Subset(images, range(min(PROBE, len(images))))
    workers, _ = fastest({count: lambda count=count: embed(probe, count) for count in (0, THREADS)})
    note = f"{workers} workers, inference mode{', autocast' if narrow else ''}; vectors stay in memory"
    return {"run": lambda: embed(images, workers), "versions": versions(), "threads": THREADS, "note": note}


serve(prepare)
