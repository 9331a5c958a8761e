"""What the tests of the execution provider share: small models, and sessions on the wafer and on the CPU."""

import pathlib

import numpy as np
import onnx
import onnxruntime as ort
import onnxruntime_ep_waferc as ep
from onnx import TensorProto, helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph

FLOAT, INT64, BOOL, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING
info = helper.make_tensor_value_info
rng = np.random.default_rng(7)

ort.register_execution_provider_library("waferc", ep.get_library_path())
ort.set_default_logger_severity(3)


def node(op, inputs, outputs, name=None, **attributes):
    return helper.make_node(op, inputs, outputs, name=name or f"{op}-{outputs[0]}", **attributes)


def model(nodes, inputs, outputs, weights=None):
    initializers = [onnx.numpy_helper.from_array(value, name) for name, value in (weights or {}).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def weights(*shape):
    return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)


def source(proto):
    return proto.SerializeToString() if isinstance(proto, onnx.ModelProto) else str(proto)


def session_options(options=None, strict=True, **entries):
    devices = [device for device in ort.get_ep_devices() if device.ep_name == ep.get_ep_name()]
    result = ort.SessionOptions()
    result.add_provider_for_devices(devices, {"mesh": "auto"} if options is None else options)
    result.add_session_config_entry("session.disable_cpu_ep_fallback", "1" if strict else "0")
    result.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    for key, value in entries.items():
        result.add_session_config_entry(key.replace("__", "."), value)
    return result


def wafer(proto, *arguments, **settings):
    return ort.InferenceSession(source(proto), sess_options=session_options(*arguments, **settings))


def assigned(session):
    """Names of the nodes that each part of the wafer's has; and those that are on the CPU."""
    parts = {"wafer": [], "cpu": []}
    for part in session.get_provider_graph_assignment_info():
        names = [assigned_node.name for assigned_node in part.get_nodes()]
        if part.ep_name == ep.get_ep_name():
            parts["wafer"].append(sorted(names))
        else:
            parts["cpu"] += names
    return sorted(parts["wafer"]), sorted(parts["cpu"])


def on_cpu(proto, feeds):
    return ort.InferenceSession(source(proto), providers=["CPUExecutionProvider"]).run(None, feeds)


def same(session, proto, feeds, tolerance=1e-4):
    """The wafer's results are the CPU's."""
    for got, want in zip(session.run(None, feeds), on_cpu(proto, feeds), strict=True):
        assert got.dtype == want.dtype and got.shape == want.shape, (
            got.dtype,
            got.shape,
            want.dtype,
            want.shape,
        )
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def refused(call, *texts):
    """The call fails, and says all of it."""
    try:
        call()
    except (Fail, InvalidArgument, InvalidGraph, RuntimeError) as error:
        # Some versions of ONNX Runtime's Python (1.24) try the CPU then, and fail again.
        said = f"{error} {error.__context__}"
        for text in texts:
            assert text in said, (text, said)
        return
    raise AssertionError(f"{texts} was expected")


def mlp(batch=2):
    """Two layers: matmul, bias, relu, matmul, bias, softmax; with names."""
    return model(
        [
            node("MatMul", ["x", "w1"], ["a"]),
            node("Add", ["a", "b1"], ["b"]),
            node("Relu", ["b"], ["c"]),
            node("MatMul", ["c", "w2"], ["d"]),
            node("Add", ["d", "b2"], ["e"]),
            node("Softmax", ["e"], ["y"], axis=-1),
        ],
        [info("x", FLOAT, [batch, 16])],
        [info("y", FLOAT, [batch, 5])],
        {"w1": weights(16, 32), "b1": weights(32), "w2": weights(32, 5), "b2": weights(5)},
    )


ROOT = pathlib.Path(__file__).parents[2]
