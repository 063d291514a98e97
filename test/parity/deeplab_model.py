"""DeepLabv3+ as methods/reco.md 3 describes it, on torchvision's backbones, with ReCo+'s keys."""
import numpy as np
import torch
import torchvision
from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import Bottleneck, ResNet


def scaled(channels, width):
    if width == 1:
        return channels
    new = max(8, int(channels * width + 4) // 8 * 8)
    return new + 8 if new < 0.9 * channels * width else new


class ResNetBackbone(ResNet):
    """torchvision's blocks and dilation rule at any width."""

    def __init__(self, config):
        nn.Module.__init__(self)
        layers = config.get("layers") or {"resnet50": [3, 4, 6, 3], "resnet101": [3, 4, 23, 3]}[config["backbone"]]
        width = scaled(64, config["width"])
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, width, 1, 1, 64
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        dilate = {8: [False, True, True], 16: [False, False, True]}[config["outputStride"]]
        self.layer1 = self._make_layer(Bottleneck, width, layers[0])
        for i in range(3):
            setattr(self, f"layer{i + 2}", self._make_layer(Bottleneck, width << (i + 1), layers[i + 1], 2, dilate[i]))
        self.low, self.high = 4 * width, 32 * width

    def forward(self, x):
        low = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(x)))))
        return low, self.layer4(self.layer3(self.layer2(low)))


class MobileNetBackbone(nn.Module):
    """torchvision's features 0 .. 17; strides beyond the output stride become dilations as in its ResNet."""

    def __init__(self, config):
        super().__init__()
        features = torchvision.models.mobilenet_v2(width_mult=config["width"]).features[:18]
        stride, dilation = 2, 1
        for block in features[1:]:
            conv = next(m for m in block.modules() if isinstance(m, nn.Conv2d) and m.groups > 1)
            used = dilation
            if conv.stride == (2, 2):
                if stride == config["outputStride"]:
                    conv.stride, dilation = (1, 1), dilation * 2
                else:
                    stride *= 2
            assert isinstance(block, InvertedResidual)
            conv.dilation = conv.padding = (used, used)
        self.features = features
        self.low, self.high = scaled(24, config["width"]), scaled(320, config["width"])

    def forward(self, x):
        for i, block in enumerate(self.features):
            x = block(x)
            if i == 3:
                low = x
        return low, x


class Separable(nn.Module):
    def __init__(self, cin, cout, dilation):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(cin, cin, 3, 1, dilation, dilation, cin, bias=False),
                                  nn.Conv2d(cin, cout, 1, bias=False))

    def forward(self, x):
        return self.body(x)


def normed(conv, channels):
    return [conv, nn.BatchNorm2d(channels), nn.ReLU()]


class Aspp(nn.Module):
    def __init__(self, cin, cout, rates, dropout):
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Sequential(*normed(nn.Conv2d(cin, cout, 1, bias=False), cout))]
            + [nn.Sequential(*normed(Separable(cin, cout, rate), cout)) for rate in rates]
            + [nn.Sequential(nn.AdaptiveAvgPool2d(1), *normed(nn.Conv2d(cin, cout, 1, bias=False), cout))])
        self.project = nn.Sequential(*normed(nn.Conv2d(5 * cout, cout, 1, bias=False), cout), nn.Dropout(dropout))

    def forward(self, x):
        branches = [conv(x) for conv in self.convs]
        branches[-1] = nn.functional.interpolate(branches[-1], x.shape[2:], mode="bilinear", align_corners=False)
        return self.project(torch.cat(branches, 1))


class Head(nn.Module):
    def __init__(self, low, high, config, dropout):
        super().__init__()
        width, narrow = scaled(256, config["width"]), scaled(48, config["width"])
        rates = {8: (12, 24, 36), 16: (6, 12, 18)}[config["outputStride"]]
        self.project = nn.Sequential(*normed(nn.Conv2d(low, narrow, 1, bias=False), narrow))
        self.aspp = Aspp(high, width, rates, dropout)
        self.classifier = nn.Sequential(*normed(Separable(narrow + width, width, 1), width),
                                        nn.Conv2d(width, config["classes"], 1))
        self.align_corners = False

    def forward(self, low, high):
        low = self.project(low)
        high = nn.functional.interpolate(self.aspp(high), low.shape[2:], mode="bilinear",
                                         align_corners=self.align_corners)
        return self.classifier(torch.cat([low, high], 1))


class DeepLab(nn.Module):
    def __init__(self, config, dropout=0.0):
        super().__init__()
        self.backbone = (MobileNetBackbone if config["backbone"] == "mobilenet_v2" else ResNetBackbone)(config)
        self.classifier = Head(self.backbone.low, self.backbone.high, config, dropout)

    def forward(self, x):
        return self.classifier(*self.backbone(x))


def formula_weights(model):
    """The weights of test/native/formula_weights.h, bit for bit."""
    def mix(x):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    with torch.no_grad(), np.errstate(over="ignore"):
        for key, weight in model.named_parameters():
            hashed = 0xCBF29CE484222325
            for byte in key.encode():
                hashed = ((hashed ^ byte) * 0x100000001B3) % 2**64
            index = np.arange(1, weight.numel() + 1, dtype=np.uint64)
            bits = mix(np.uint64(hashed) + index * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
            matrix = weight.ndim == 4
            width = (3 / (weight.numel() / weight.shape[0])) ** 0.5 if matrix else 0.2
            mean = 1.0 if not matrix and key.endswith(".weight") else 0.0
            value = mean + width * (2 * (bits.astype(np.float64) * 2.0**-24) - 1)
            weight.copy_(torch.from_numpy(value.astype(np.float32).reshape(weight.shape)).to(weight.dtype))
    return model


def norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
