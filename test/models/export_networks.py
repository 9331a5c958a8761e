"""Writes the small networks of test/models/networks: what real models are made of, in a few hundred kilobytes each.

The files are checked in, so the tests need no torch. To make them again:

    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch==2.13.0 onnxscript==0.7.2 onnxruntime==1.32.0
    /tmp/torch/bin/python test/models/export_networks.py

Weights are random, from fixed seeds, of the size that trained weights have.

unet          x f32[1,3,32,32] -> mask f32[1,1,32,32]; two levels, MaxPool down, ConvTranspose up, skips
lstm_tagger   ids int64[1,24] -> scores f32[1,24,9]; embedding, two bidirectional LSTM layers
gru_tagger    the same with GRU, one direction, and its last state as a second output
yolo_head     x f32[1,3,64,64] -> boxes f32[1,80,4+5]; SiLU blocks, SPP, Resize up, anchors' decoding
llama_f16     ids int64[1,12], past keys and values f16[1,2,4,16] a layer -> logits, present; RMSNorm, rotary
llama_bf16    embedding, grouped-query attention, SwiGLU
cnn_qdq       x f32[1,3,24,24] -> f32[1,10]; QuantizeLinear and DequantizeLinear around each layer, per channel
cnn_dynamic   the same with DynamicQuantizeLinear, ConvInteger and MatMulInteger
bert_qdq      encoder.onnx, quantised both ways
bert_dynamic
"""

import pathlib
import tempfile

import numpy as np
import onnx
import torch
from export_transformers import export, initialise, write
from onnxruntime import quantization
from torch import nn
from torch.nn import functional

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "networks"


def with_weights(model: nn.Module, seed: int) -> nn.Module:
    """Random weights; those of convolutions such that an image neither fades nor grows."""
    initialise(model, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 4:
                parameter.normal_(0.0, (2 / parameter[0].numel()) ** 0.5, generator=generator)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.normal_(1.0, 0.2, generator=generator)
    return model


def block(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, padding=1),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
        nn.Conv2d(outer, outer, 3, padding=1),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.bottom = block(3, 8), block(8, 16), block(16, 24)
        self.rise2, self.rise1 = (
            nn.ConvTranspose2d(24, 16, 2, stride=2),
            nn.ConvTranspose2d(16, 8, 2, stride=2),
        )
        self.up2, self.up1 = block(32, 16), block(16, 8)
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        fine = self.down1(x)
        coarse = self.down2(functional.max_pool2d(fine, 2))
        y = self.rise2(self.bottom(functional.max_pool2d(coarse, 2)))
        y = self.rise1(self.up2(torch.cat([coarse, y], 1)))
        return torch.sigmoid(self.head(self.up1(torch.cat([fine, y], 1))))


class Tagger(nn.Module):
    def __init__(self, kind: str):
        super().__init__()
        self.embed = nn.Embedding(64, 20)
        self.both = kind == "lstm"
        self.cells = (
            nn.LSTM(20, 24, num_layers=2, bidirectional=True, batch_first=True)
            if self.both
            else nn.GRU(20, 24, batch_first=True)
        )
        self.head = nn.Linear(48 if self.both else 24, 9)

    def forward(self, ids):
        y, last = self.cells(self.embed(ids))
        scores = torch.log_softmax(self.head(y), -1)
        return scores if self.both else (scores, last)


class YoloHead(nn.Module):
    """Two scales, decoded into boxes and class scores as the YOLO family does."""

    def __init__(self):
        super().__init__()

        def step(inner, outer, stride):
            return nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1), nn.BatchNorm2d(outer), nn.SiLU())

        self.stem = nn.Sequential(step(3, 8, 2), step(8, 16, 2), step(16, 16, 2))
        self.deep = step(16, 24, 2)
        self.merge = nn.Conv2d(24 * 4, 24, 1)
        self.lateral = nn.Conv2d(24 + 16, 16, 1)
        self.heads = nn.ModuleList([nn.Conv2d(16, 9, 1), nn.Conv2d(24, 9, 1)])

    def forward(self, x):
        fine = self.stem(x)
        y = self.deep(fine)
        pools = [y]
        for _ in range(3):
            pools.append(functional.max_pool2d(pools[-1], 3, 1, 1))
        y = self.merge(torch.cat(pools, 1))
        up = functional.interpolate(y, scale_factor=2, mode="nearest")
        fine = self.lateral(torch.cat([up, fine], 1))
        rows = []
        for stride, head, feature in zip((8, 16), self.heads, (fine, y)):
            out = head(feature)
            height, width = out.shape[-2:]
            grid = torch.stack(
                torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), 0
            ).to(torch.float32)
            out = out.flatten(2)
            centre = (torch.sigmoid(out[:, :2]) * 2 - 0.5 + grid.flatten(1)) * stride
            size = torch.exp(out[:, 2:4].clamp(max=4.0)) * stride
            rows.append(torch.cat([centre, size, torch.sigmoid(out[:, 4:])], 1))
        return torch.cat(rows, 2).transpose(1, 2)


class LlamaLayer(nn.Module):
    WIDTH, HEADS, GROUPS, HEAD = 64, 4, 2, 16

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(self.WIDTH, eps=1e-5), nn.RMSNorm(self.WIDTH, eps=1e-5)
        self.q = nn.Linear(self.WIDTH, self.HEADS * self.HEAD, bias=False)
        self.k = nn.Linear(self.WIDTH, self.GROUPS * self.HEAD, bias=False)
        self.v = nn.Linear(self.WIDTH, self.GROUPS * self.HEAD, bias=False)
        self.o = nn.Linear(self.HEADS * self.HEAD, self.WIDTH, bias=False)
        self.gate = nn.Linear(self.WIDTH, 160, bias=False)
        self.up = nn.Linear(self.WIDTH, 160, bias=False)
        self.down = nn.Linear(160, self.WIDTH, bias=False)

    def forward(self, x, past_k, past_v, cos, sin, bias):
        tokens = x.shape[1]

        def split(y, heads):
            return y.reshape(1, tokens, heads, self.HEAD).transpose(1, 2)

        def turn(y):
            half = self.HEAD // 2
            return y * cos + torch.cat([-y[..., half:], y[..., :half]], -1) * sin

        h = self.norm1(x)
        q, k, v = turn(split(self.q(h), 4)), turn(split(self.k(h), 2)), split(self.v(h), 2)
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
        every = self.HEADS // self.GROUPS
        scores = q @ k.repeat_interleave(every, 1).transpose(-1, -2) / self.HEAD**0.5 + bias
        mixed = torch.softmax(scores.float(), -1).to(x.dtype) @ v.repeat_interleave(every, 1)
        x = x + self.o(mixed.transpose(1, 2).reshape(1, tokens, -1))
        h = self.norm2(x)
        return x + self.down(functional.silu(self.gate(h)) * self.up(h)), k, v


class Llama(nn.Module):
    def __init__(self, tokens: int, past: int, dtype: torch.dtype):
        super().__init__()
        self.tokens = nn.Embedding(96, LlamaLayer.WIDTH)
        self.layers = nn.ModuleList([LlamaLayer(), LlamaLayer()])
        self.norm = nn.RMSNorm(LlamaLayer.WIDTH, eps=1e-5)
        angle = torch.outer(torch.arange(past, past + tokens), 10000.0 ** (-torch.arange(8) / 8)).repeat(1, 2)
        self.register_buffer("cos", angle.cos().to(dtype))
        self.register_buffer("sin", angle.sin().to(dtype))
        mask = torch.triu(torch.full((tokens, past + tokens), -30000.0), diagonal=past + 1)
        self.register_buffer("bias", mask.to(dtype))

    def forward(self, ids, k0, v0, k1, v1):
        x = self.tokens(ids)
        present = []
        for layer, k, v in zip(self.layers, (k0, k1), (v0, v1)):
            x, k, v = layer(x, k, v, self.cos, self.sin, self.bias)
            present += [k, v]
        return (functional.linear(self.norm(x), self.tokens.weight), *present)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 12, 3, stride=2, padding=1), nn.Conv2d(12, 24, 3, padding=1)
        self.thin = nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.head = nn.Linear(24, 10)

    def forward(self, x):
        y = functional.relu(self.conv1(x))
        y = functional.relu(self.thin(functional.max_pool2d(functional.relu(self.conv2(y)), 2)))
        return self.head(y.mean((2, 3)))


class Calibration(quantization.CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def quantise(source: pathlib.Path, feeds: list[dict], name: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        path = pathlib.Path(temporary) / "model.onnx"
        quantization.quantize_static(
            source,
            path,
            Calibration(feeds),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        write(onnx.load(path), FOLDER / f"{name}_qdq.onnx")
        quantization.quantize_dynamic(source, path, weight_type=quantization.QuantType.QUInt8)
        write(onnx.load(path), FOLDER / f"{name}_dynamic.onnx")


def main():
    FOLDER.mkdir(exist_ok=True)
    image = torch.zeros(1, 3, 32, 32)
    export(with_weights(UNet(), 3), (image,), ["x"], ["mask"], FOLDER / "unet.onnx")
    ids = torch.arange(24)[None]
    export(with_weights(Tagger("lstm"), 4), (ids,), ["ids"], ["scores"], FOLDER / "lstm_tagger.onnx")
    export(with_weights(Tagger("gru"), 5), (ids,), ["ids"], ["scores", "state"], FOLDER / "gru_tagger.onnx")
    export(
        with_weights(YoloHead(), 6), (torch.zeros(1, 3, 64, 64),), ["x"], ["boxes"], FOLDER / "yolo_head.onnx"
    )
    caches = ["k0", "v0", "k1", "v1"]
    for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16)):
        model = with_weights(Llama(12, 4, dtype), 7).to(dtype)
        past = [torch.zeros(1, 2, 4, 16, dtype=dtype)] * 4
        outputs = ["logits", *(f"present_{cache}" for cache in caches)]
        export(
            model, (torch.arange(12)[None], *past), ["ids", *caches], outputs, FOLDER / f"llama_{name}.onnx"
        )
    random = np.random.default_rng(8)
    with tempfile.TemporaryDirectory() as temporary:
        plain = pathlib.Path(temporary) / "cnn.onnx"
        export(with_weights(Cnn(), 9), (torch.zeros(1, 3, 24, 24),), ["x"], ["scores"], plain)
        quantise(plain, [{"x": random.standard_normal((1, 3, 24, 24), np.float32)} for _ in range(8)], "cnn")
    tokens = [{"ids": random.integers(0, 256, (1, 16)), "mask": np.ones((1, 16), np.int64)} for _ in range(8)]
    quantise(HERE / "encoder.onnx", tokens, "bert")


if __name__ == "__main__":
    main()
