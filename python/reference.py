"""ONNX Runtime's answers, as what the emulator's are held against.

Two kinds of model need care. bfloat16 has few kernels in ONNX Runtime: such a model is run with float32 in its place. And
a quantized model is run node by node, because ONNX Runtime's fusions round elsewhere than the model says.
"""

import pathlib

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper

Feed = dict[str, np.ndarray]


def _widen_type(type_proto: onnx.TypeProto) -> None:
    if type_proto.tensor_type.elem_type == TensorProto.BFLOAT16:
        type_proto.tensor_type.elem_type = TensorProto.FLOAT


def _widened_tensor(tensor: TensorProto) -> TensorProto:
    if tensor.data_type != TensorProto.BFLOAT16:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name)


def _widen(model: onnx.ModelProto) -> bool:
    """Replaces bfloat16 by float32 everywhere; whether there was any."""
    before = model.SerializeToString(deterministic=True)
    graph = model.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        _widen_type(value.type)
    for tensor in graph.initializer:
        tensor.CopyFrom(_widened_tensor(tensor))
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                attribute.t.CopyFrom(_widened_tensor(attribute.t))
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.BFLOAT16:
                attribute.i = TensorProto.FLOAT
    return model.SerializeToString(deterministic=True) != before


class Reference:
    def __init__(self, path: pathlib.Path):
        model = onnx.load(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if any("Quantize" in node.op_type for node in model.graph.node):
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.bfloat16 = {
            value.name
            for value in model.graph.output
            if value.type.tensor_type.elem_type == TensorProto.BFLOAT16
        }
        source = model.SerializeToString() if _widen(model) else str(path)
        self.session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, feed: Feed) -> Feed:
        given = {
            name: value.astype(np.float32) if value.dtype == ml_dtypes.bfloat16 else value
            for name, value in feed.items()
        }
        return {
            name: value.astype(ml_dtypes.bfloat16) if name in self.bfloat16 else value
            for name, value in zip(self.names, self.session.run(self.names, given), strict=True)
        }
