#!/bin/sh
# The test of wafer-reduce.mlir. It ends with 1 where the version of the module in file $1 still fails as the whole did.
wafer-opt "$1" -convert-onnx-to-tensor 2>&1 | grep -q "WF2001.*(Multinomial)" && exit 1
exit 0
