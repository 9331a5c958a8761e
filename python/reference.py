"""ONNX Runtime's answers, as what the emulator's are held against.

Two kinds of model need care. bfloat16 has few kernels in ONNX Runtime: such a model is run with float32 in its place, and
once more rounded to bfloat16 after each node, as ONNX says. Rounding differs between the two by as much as it matters in
the model, so ours may be as far from float32 as that. And a quantized model is run node by node, because ONNX Runtime's
fusions round elsewhere than the model says.
"""

import pathlib

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

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


def _rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in float32 with every bfloat16 result rounded to that."""
    model = onnx.shape_inference.infer_shapes(model)
    narrow = {
        value.name
        for value in (*model.graph.value_info, *model.graph.output)
        if value.type.tensor_type.elem_type == TensorProto.BFLOAT16
    }
    _widen(model)
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        for index, name in enumerate(node.output):
            if name in narrow:
                node.output[index] = f"{name}/exact"
                for to, source, result in (
                    (TensorProto.BFLOAT16, f"{name}/exact", f"{name}/rounded"),
                    (TensorProto.FLOAT, f"{name}/rounded", name),
                ):
                    nodes.append(helper.make_node("Cast", [source], [result], to=to))
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    return model


def _resize(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> bool:
    """Gives inputs whose static dimensions are others these shapes, as `--shape` does; whether there were any."""
    resized = False
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        wanted = shapes.get(value.name, ())
        if len(dims) != len(wanted):
            continue
        for dim, extent in zip(dims, wanted, strict=True):
            if dim.HasField("dim_value") and dim.dim_value != extent:
                dim.dim_value = extent
                resized = True
    if resized:  # what follows from the old ones
        del model.graph.value_info[:]
        for value in model.graph.output:
            value.type.tensor_type.ClearField("shape")
    return resized


class Reference:
    def __init__(self, path: pathlib.Path, shapes: dict[str, tuple[int, ...]] | None = None):
        """`shapes` of inputs, where they may be others than the model's."""
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
        providers = ["CPUExecutionProvider"]
        self.rounding = None
        source: bytes | str = str(path)
        if _resize(model, shapes or {}):
            source = model.SerializeToString()
        if _widen(model):
            source = model.SerializeToString()
            as_it_is = onnxruntime.SessionOptions()
            as_it_is.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            rounded = _rounded(onnx.load(path)).SerializeToString()
            self.rounding = onnxruntime.InferenceSession(rounded, as_it_is, providers=providers)
        self.session = onnxruntime.InferenceSession(source, options, providers=providers)
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, feed: Feed) -> Feed:
        return self._run(self.session, feed)

    def distances(self, feed: Feed, exact: Feed) -> dict[str, float]:
        """How far each output of a bfloat16 model is at most from `exact`, of `run`, if every node rounds; 0 for others."""
        if self.rounding is None:
            return dict.fromkeys(self.names, 0.0)
        rounded = self._run(self.rounding, feed)
        return {
            name: float(
                np.abs(rounded[name].astype(np.float64) - exact[name].astype(np.float64)).max(initial=0)
            )
            for name in self.names
        }

    def _run(self, session: onnxruntime.InferenceSession, feed: Feed) -> Feed:
        given = {
            name: value.astype(np.float32) if value.dtype == ml_dtypes.bfloat16 else value
            for name, value in feed.items()
        }
        return {
            name: value.astype(ml_dtypes.bfloat16) if name in self.bfloat16 else value
            for name, value in zip(self.names, session.run(self.names, given), strict=True)
        }
