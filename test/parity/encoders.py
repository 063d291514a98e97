"""Encoders by timm and torchvision from a config of ours (the camelCase fields of binding.d.ts), their features, and their
weights under official keys."""
import math

import torch
import torch.nn.functional as F
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer
from torchvision.models.resnet import Bottleneck, ResNet


class NarrowResNet(ResNet):
    """torchvision's, of any width: its own constructor fixes 64."""

    def __init__(self, layers, width):
        torch.nn.Module.__init__(self)
        self._norm_layer, self.groups, self.base_width, self.dilation, self.inplanes = torch.nn.BatchNorm2d, 1, 64, 1, width
        self.conv1 = torch.nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.relu = torch.nn.ReLU(inplace=True)
        self.maxpool = torch.nn.MaxPool2d(3, 2, 1)
        for stage, blocks in enumerate(layers):
            layer = self._make_layer(Bottleneck, width * 2**stage, blocks, stride=1 if stage == 0 else 2)
            setattr(self, f"layer{stage + 1}", layer)


def build(config):
    if config["kind"] == "resnet":
        model = NarrowResNet(config["layers"], config["width"])
    else:
        common = {
            "img_size": config["imageSize"], "patch_size": config["patchSize"], "embed_dim": config["width"],
            "depth": config["layers"], "num_heads": config["heads"], "mlp_ratio": config["mlpWidth"] / config["width"],
        }
        if config["distilled"]:
            model = VisionTransformerDistilled(**common, num_classes=10)
        else:
            model = VisionTransformer(**common, num_classes=0, init_values=1.0 if config["layerScale"] else None)
        if config["registers"]:
            model.register_tokens = torch.nn.Parameter(torch.zeros(1, config["registers"], config["width"]))
        if config["layerScale"]:
            model.mask_token = torch.nn.Parameter(torch.zeros(1, config["width"]))
    model.encode_image = lambda images: features(model, config, images)  # for draw.redraw
    return model


def positions(table, special, height, width, how):
    """[1, special + g*g, d] -> [1, special + height*width, d] as the official code of each family calls interpolate."""
    side = math.isqrt(table.shape[1] - special)
    if (height, width) == (side, side) or (how["byCount"] and height * width == side * side):
        return table
    grid = table[:, special:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    target = {"size": (height, width)}
    if how["offset"]:
        target = {"scale_factor": ((height + how["offset"]) / side, (width + how["offset"]) / side)}
    grid = F.interpolate(grid, mode="bicubic", align_corners=False, antialias=how["antialias"], **target)
    assert grid.shape[2:] == (height, width)
    return torch.cat([table[:, :special], grid.flatten(2).transpose(1, 2)], 1)


def features(model, config, images):
    """[n, 3, H, W] -> [n, h, w, d], the last layer's cells."""
    if config["kind"] == "resnet":
        x = model.maxpool(model.relu(model.bn1(model.conv1(images))))
        return model.layer4(model.layer3(model.layer2(model.layer1(x)))).permute(0, 2, 3, 1)
    patch = config["patchSize"]
    height, width = images.shape[2:]
    if config["partial"] == "pad":
        images = F.pad(images, (0, -width % patch, 0, -height % patch))
    x = model.patch_embed.proj(images)
    n, _, h, w = x.shape
    special = 2 if config["distilled"] else 1
    table = positions(model.pos_embed, special, h, w, config["positions"])
    x = x.flatten(2).transpose(1, 2) + table[:, special:]
    leading = model.cls_token + table[:, :1]
    if config["distilled"]:
        leading = torch.cat([leading, model.dist_token + table[:, 1:2]], 1)
    if config["registers"]:
        leading = torch.cat([leading, model.register_tokens], 1)
    x = torch.cat([leading.expand(n, -1, -1), x], 1)
    x = model.norm(model.blocks(x))
    return x[:, leading.shape[1] :].reshape(n, h, w, -1)


def state(model):
    """Everything an official file holds, heads and counters included."""
    return {key: value.contiguous() for key, value in model.state_dict().items()}
