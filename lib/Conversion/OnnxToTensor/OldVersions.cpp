// Operators as older operator sets defined them, brought into the form that their lowering takes.
//
// ONNX's own converter goes through whole models in quadratic time, and has no adapter, or a wrong one, for much of
// what changed: Hardmax that flattened, the coordinates of Resize, a broadcast at an axis in the middle. So each node
// keeps the version it was written for, and what an old version means otherwise is said here, operator by operator;
// docs/onnx-versions.md is the list of all changes. An entry holds up to the first version that has a lowering.
#include "Lowering.h"

using namespace mlir;
using namespace wafer;

namespace {

using Ints = SmallVector<int64_t>;

Attribute intAttribute(NodeLowering &n, int64_t value) { return n.t.b.getI64IntegerAttr(value); }

/// What the versions differ in (consumed_inputs, more element types) says nothing about numbers.
LogicalResult asIs(NodeLowering &n, LoweringFunction lower) { return lower(n); }

// Before version 7 the second operand was stretched only on request, and its dimensions stood from `axis` on.
LogicalResult broadcastAtAxis(NodeLowering &n, LoweringFunction lower) {
  Value second = n.operand(1);
  if (!n.intAttr("broadcast", 0)) {
    if (n.shape(0) != n.shape(1))
      return n.invalid("the operands differ in shape, and broadcast is not set");
    return lower(n);
  }
  int64_t rank = n.rank(0), width = n.rank(1), axis = n.intAttr("axis", rank - width);
  if (axis < 0)
    axis += rank;
  if (axis < 0 || axis + width > rank)
    return n.invalid("axis " + Twine(n.intAttr("axis", 0)) + " leaves no room for the second operand");
  Ints shape(n.shape(1));
  shape.resize(rank - axis, 1);
  for (int64_t d = 0; d != width; ++d)
    if (shape[d] != 1 && shape[d] != n.shape(0)[axis + d])
      return n.invalid("the second operand does not fit the first one at axis " + Twine(axis));
  n.setOperand(1, n.t.reshape(second, shape));
  return lower(n);
}

// Before version 7 a slope of one dimension was one number for each channel.
LogicalResult slopeOfChannels(NodeLowering &n, LoweringFunction lower) {
  Ints shape(n.shape(1));
  if (shape.size() == 1 && shape[0] != 1 && n.rank(0) > 1) {
    if (shape[0] != n.shape(0)[1])
      return n.invalid("the slope must have one element, or one for each channel");
    shape.resize(n.rank(0) - 1, 1);
    n.setOperand(1, n.t.reshape(n.operand(1), shape));
  }
  return lower(n);
}

// Before version 7 a node computed as in training unless told otherwise.
LogicalResult inferenceOnly(NodeLowering &n, LoweringFunction lower) {
  if (!n.intAttr("is_test", 0))
    return n.unsupported("training mode (is_test is 0)", "export the model for inference");
  return lower(n);
}

// Before version 9 statistics could be those of each element.
LogicalResult spatialNormalization(NodeLowering &n, LoweringFunction lower) {
  if (!n.intAttr("spatial", 1))
    return n.unsupported("statistics for each element (spatial is 0)", "export the model with spatial statistics");
  return lower(n);
}

LogicalResult spatialNormalizationOfTest(NodeLowering &n, LoweringFunction lower) {
  return n.intAttr("is_test", 0) ? spatialNormalization(n, lower) : inferenceOnly(n, lower);
}

// Before version 10 the mask was of the data's type, and said nothing in inference.
LogicalResult dropout(NodeLowering &n, LoweringFunction lower) {
  if (n.outputUsed(1))
    return n.unsupported("the mask of a version before 10", "remove the output from the model");
  return lower(n);
}

LogicalResult dropoutOfTest(NodeLowering &n, LoweringFunction lower) {
  return n.intAttr("is_test", 0) ? dropout(n, lower) : inferenceOnly(n, lower);
}

// Before version 11 limits were attributes.
LogicalResult limitsFromAttributes(NodeLowering &n, LoweringFunction lower) {
  if (n.hasAttr("min"))
    n.setOperand(1, n.t.splat({}, n.element(0), n.floatAttr("min", 0)));
  if (n.hasAttr("max"))
    n.setOperand(2, n.t.splat({}, n.element(0), n.floatAttr("max", 0)));
  return lower(n);
}

LogicalResult seluDefaults(NodeLowering &n, LoweringFunction lower) {
  for (auto [name, value] : {std::pair("alpha", 1.6732f), std::pair("gamma", 1.0507f)})
    if (!n.hasAttr(name))
      n.setAttr(name, n.t.b.getF32FloatAttr(value));
  return lower(n);
}

// Version 1 took the type as a string.
LogicalResult castToNamedType(NodeLowering &n, LoweringFunction lower) {
  static constexpr StringLiteral names[] = {"UNDEFINED", "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
                                            "INT64",     "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
  auto *found = llvm::find(names, n.stringAttr("to", ""));
  if (found == std::end(names))
    return n.invalid("'" + n.stringAttr("to", "") + "' is not an element type");
  n.setAttr("to", intAttribute(n, found - names));
  return lower(n);
}

LogicalResult concatAlongChannels(NodeLowering &n, LoweringFunction lower) {
  if (!n.hasAttr("axis"))
    n.setAttr("axis", intAttribute(n, 1));
  return lower(n);
}

LogicalResult shapeFromAttribute(NodeLowering &n, LoweringFunction lower) {
  if (!n.hasAttr("shape"))
    return n.invalid("the attribute 'shape' is missing");
  n.setOperand(1, n.t.ints(n.intsAttr("shape", {})));
  return lower(n);
}

// Version 1 took the sizes as an operand of floats, too, and did not say along which axis it splits by default.
LogicalResult split(NodeLowering &n, LoweringFunction lower) {
  if (n.operand(1))
    return n.unsupported("sizes as an operand of version 1", "export the model for operator set 2 or later");
  if (!n.hasAttr("axis"))
    return n.unsupported("version 1 without an axis", "export the model for operator set 2 or later");
  return lower(n);
}

// Version 1 repeated along one axis.
LogicalResult tileAlongAxis(NodeLowering &n, LoweringFunction lower) {
  auto tiles = n.constantScalar(1), axisValue = n.constantScalar(2);
  if (!tiles || !axisValue)
    return n.notConstant("tiles or axis");
  auto axis = NodeLowering::normalizeAxis(static_cast<int64_t>(*axisValue), n.rank(0));
  if (!axis)
    return n.invalid("axis is out of range");
  Ints repeats(n.rank(0), 1);
  repeats[*axis] = static_cast<int64_t>(*tiles);
  n.setOperand(1, n.t.ints(repeats));
  n.setOperand(2, {});
  return lower(n);
}

LogicalResult padsNamedPaddings(NodeLowering &n, LoweringFunction lower) {
  n.setAttr("pads", n.attr("paddings"));
  return lower(n);
}

LogicalResult wholeNorm(NodeLowering &n, LoweringFunction lower) {
  double p = n.floatAttr("p", 2);
  if (p != std::floor(p) || std::abs(p) > 1000)
    return n.unsupported("a norm of p = " + Twine(std::to_string(p)), "use a whole number");
  n.setAttr("p", intAttribute(n, static_cast<int64_t>(p)));
  return lower(n);
}

// Version 1 took images, and called linear bilinear.
LogicalResult scalesOfImage(NodeLowering &n, LoweringFunction lower) {
  if (n.rank(0) != 4)
    return n.invalid("the operand must have four dimensions");
  float rows = n.floatAttr("height_scale", 1), columns = n.floatAttr("width_scale", 1);
  n.setAttr("scales", n.t.b.getDenseF32ArrayAttr({1, 1, rows, columns}));
  if (n.stringAttr("mode", "nearest") == "bilinear")
    n.setAttr("mode", n.t.b.getStringAttr("linear"));
  return lower(n);
}

} // namespace

ArrayRef<OldVersionEntry> wafer::oldVersions() {
  static constexpr OldVersionEntry table[] = {
      {"Abs", 1, "Abs", 6, asIs},
      {"Add", 1, "Add", 7, broadcastAtAxis},
      {"And", 1, "And", 7, broadcastAtAxis},
      {"AveragePool", 1, "AveragePool", 7, asIs},
      {"BatchNormalization", 1, "BatchNormalization", 9, spatialNormalizationOfTest},
      {"BatchNormalization", 7, "BatchNormalization", 9, spatialNormalization},
      {"Cast", 1, "Cast", 6, castToNamedType},
      {"Ceil", 1, "Ceil", 6, asIs},
      {"Clip", 1, "Clip", 11, limitsFromAttributes},
      {"Concat", 1, "Concat", 4, concatAlongChannels},
      {"Div", 1, "Div", 7, broadcastAtAxis},
      {"Dropout", 1, "Dropout", 10, dropoutOfTest},
      {"Dropout", 7, "Dropout", 10, dropout},
      {"Elu", 1, "Elu", 6, asIs},
      {"Equal", 1, "Equal", 7, broadcastAtAxis},
      {"Exp", 1, "Exp", 6, asIs},
      {"Floor", 1, "Floor", 6, asIs},
      {"GRU", 1, "GRU", 7, asIs},
      {"Gemm", 1, "Gemm", 7, asIs},
      {"GlobalLpPool", 1, "GlobalLpPool", 2, wholeNorm},
      {"Greater", 1, "Greater", 7, broadcastAtAxis},
      {"HardSigmoid", 1, "HardSigmoid", 6, asIs},
      {"InstanceNormalization", 1, "InstanceNormalization", 6, asIs},
      {"LSTM", 1, "LSTM", 7, asIs},
      {"LeakyRelu", 1, "LeakyRelu", 6, asIs},
      {"Less", 1, "Less", 7, broadcastAtAxis},
      {"Log", 1, "Log", 6, asIs},
      {"LpPool", 1, "LpPool", 2, wholeNorm},
      {"Max", 1, "Max", 8, asIs},
      {"Mean", 1, "Mean", 8, asIs},
      {"Min", 1, "Min", 8, asIs},
      {"Mul", 1, "Mul", 7, broadcastAtAxis},
      {"Neg", 1, "Neg", 6, asIs},
      {"Or", 1, "Or", 7, broadcastAtAxis},
      {"PRelu", 1, "PRelu", 9, slopeOfChannels},
      {"PRelu", 7, "PRelu", 9, asIs},
      {"Pad", 1, "Pad", 2, padsNamedPaddings},
      {"Pow", 1, "Pow", 7, broadcastAtAxis},
      {"RNN", 1, "RNN", 7, asIs},
      {"Reciprocal", 1, "Reciprocal", 6, asIs},
      {"Relu", 1, "Relu", 6, asIs},
      {"Reshape", 1, "Reshape", 5, shapeFromAttribute},
      {"Selu", 1, "Selu", 6, seluDefaults},
      {"Sigmoid", 1, "Sigmoid", 6, asIs},
      {"Split", 1, "Split", 2, split},
      {"Sqrt", 1, "Sqrt", 6, asIs},
      {"Sub", 1, "Sub", 7, broadcastAtAxis},
      {"Sum", 1, "Sum", 8, asIs},
      {"Tanh", 1, "Tanh", 6, asIs},
      {"Tile", 1, "Tile", 6, tileAlongAxis},
      {"Upsample", 1, "Upsample", 7, scalesOfImage},
      {"Xor", 1, "Xor", 7, broadcastAtAxis},
  };
  return table;
}
