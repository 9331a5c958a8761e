#include "wafer/Dialect/Wafer/WaferDialect.h"
#include "wafer/Dialect/Wafer/Layout.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer::wfr;

#include "wafer/Dialect/Wafer/WaferDialect.cpp.inc"
#include "wafer/Dialect/Wafer/WaferEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Wafer/WaferAttrs.cpp.inc"

void WaferDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "wafer/Dialect/Wafer/WaferAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "wafer/Dialect/Wafer/WaferOps.cpp.inc"
      >();
}

//===- LayoutAttr ---------------------------------------------------------===//

// <[31 at 31 * x0 - 1, 4 at 0], split = [2 * 4, 1], partial = add[y0, y1], valid_at_0 = [x0]>

static constexpr StringRef axisNames[kLayoutAxes] = {"x0", "xm", "x1", "y0", "ym", "y1", "t"};

static void printStart(AsmPrinter &printer, const Affine &start) {
  bool any = false;
  for (unsigned a = 0; a != kLayoutAxes; ++a) {
    int64_t step = start.step[a];
    if (step == 0)
      continue;
    if (any)
      printer << (step < 0 ? " - " : " + ");
    else if (step < 0)
      printer << "-";
    printer << std::abs(step) << " * " << axisNames[a];
    any = true;
  }
  if (!any)
    printer << start.constant;
  else if (start.constant != 0)
    printer << (start.constant < 0 ? " - " : " + ") << std::abs(start.constant);
}

static void printAxes(AsmPrinter &printer, unsigned mask) {
  printer << '[';
  bool first = true;
  for (unsigned a = 0; a != kLayoutAxes; ++a)
    if (mask & (1u << a)) {
      printer << (first ? "" : ", ") << axisNames[a];
      first = false;
    }
  printer << ']';
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getDims(), printer, [&](const LayoutDim &dim) {
    printer << dim.length << " at ";
    printStart(printer, dim.start);
  });
  printer << ']';
  auto printSplit = [&](Split split) {
    if (split.middle > 1)
      printer << split.middle << " * ";
    printer << split.minor;
  };
  if (getSplitX().divides() || getSplitY().divides()) {
    printer << ", split = [";
    printSplit(getSplitX());
    printer << ", ";
    printSplit(getSplitY());
    printer << ']';
  }
  if (getPartialAxes()) {
    printer << ", partial = " << stringifyPartialKind(getKind());
    printAxes(printer, getPartialAxes());
  }
  if (getAtAxes()) {
    printer << ", valid_at_0 = ";
    printAxes(printer, getAtAxes());
  }
  printer << '>';
}

static ParseResult parseAxis(AsmParser &parser, unsigned &axis) {
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  for (unsigned a = 0; a != kLayoutAxes; ++a)
    if (axisNames[a] == name) {
      axis = a;
      return success();
    }
  return parser.emitError(loc, "unknown axis '") << name << "'; axes are x0, xm, x1, y0, ym, y1, t";
}

static ParseResult parseAxes(AsmParser &parser, unsigned &mask) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    unsigned axis = 0;
    if (parseAxis(parser, axis))
      return failure();
    mask |= 1u << axis;
    return success();
  });
}

/// One term of a start: an integer, optionally times an axis.
static ParseResult parseTerm(AsmParser &parser, int64_t sign, Affine &start) {
  int64_t value;
  if (parser.parseInteger(value))
    return failure();
  if (failed(parser.parseOptionalStar())) {
    start.constant += sign * value;
    return success();
  }
  unsigned axis = 0;
  if (parseAxis(parser, axis))
    return failure();
  start.step[axis] += sign * value;
  return success();
}

static ParseResult parseDim(AsmParser &parser, SmallVectorImpl<LayoutDim> &dims) {
  LayoutDim dim;
  if (parser.parseInteger(dim.length) || parser.parseKeyword("at") || parseTerm(parser, 1, dim.start))
    return failure();
  while (true) {
    if (succeeded(parser.parseOptionalPlus())) {
      if (parseTerm(parser, 1, dim.start))
        return failure();
    } else if (succeeded(parser.parseOptionalMinus())) {
      if (parseTerm(parser, -1, dim.start))
        return failure();
    } else {
      break;
    }
  }
  dims.push_back(dim);
  return success();
}

/// The PEs of a minor axis, or of a middle and a minor one.
static ParseResult parseSplit(AsmParser &parser, Split &split) {
  if (parser.parseInteger(split.minor))
    return failure();
  if (failed(parser.parseOptionalStar()))
    return success();
  split.middle = split.minor;
  return parser.parseInteger(split.minor);
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<LayoutDim> dims;
  Split splitX, splitY;
  PartialKind kind = PartialKind::None;
  unsigned partial = 0, at = 0;
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] { return parseDim(parser, dims); }))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return {};
    if (key == "split") {
      if (parser.parseLSquare() || parseSplit(parser, splitX) || parser.parseComma() || parseSplit(parser, splitY) ||
          parser.parseRSquare())
        return {};
    } else if (key == "partial") {
      StringRef name;
      if (parser.parseKeyword(&name))
        return {};
      std::optional<PartialKind> parsed = symbolizePartialKind(name);
      if (!parsed || *parsed == PartialKind::None) {
        parser.emitError(loc, "unknown kind of partial '") << name << "'";
        return {};
      }
      kind = *parsed;
      if (parseAxes(parser, partial))
        return {};
    } else if (key == "valid_at_0") {
      if (parseAxes(parser, at))
        return {};
    } else {
      parser.emitError(loc, "unknown key '") << key << "' in a layout";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<LayoutAttr>(parser.getContext(), splitX, splitY, dims, kind, partial, at);
}

LogicalResult LayoutAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, Split splitX, Split splitY,
                                 ArrayRef<LayoutDim> dims, PartialKind kind, unsigned partialAxes, unsigned atAxes) {
  constexpr int64_t kMost = 1 << 20; // PEs of a side
  for (Split split : {splitX, splitY})
    if (split.middle < 1 || split.minor < 1)
      return emitError() << "splits must be at least 1";
    else if (split.middle > kMost || split.minor > kMost)
      return emitError() << "splits must be at most " << kMost;
  if (partialAxes && kind == PartialKind::None)
    return emitError() << "partial axes need a kind";
  if (partialAxes & atAxes)
    return emitError() << "an axis cannot be both partial and valid_at_0";
  for (auto [d, dim] : llvm::enumerate(dims)) {
    if (dim.length < 0)
      return emitError() << "length of dimension " << d << " must not be negative";
    for (unsigned a = 0; a != kLayoutAxes; ++a)
      if (dim.start.step[a] && ((partialAxes | atAxes) & (1u << a)))
        return emitError() << "axis " << axisNames[a] << " shards dimension " << d
                           << " and cannot be partial or valid_at_0";
  }
  return success();
}

LogicalResult LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                         llvm::function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getRank())
    return emitError() << "a layout of " << getRank() << " dimensions for a tensor of " << shape.size();
  return success();
}

LogicalResult LineAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t root, int64_t group,
                               ArrayRef<int64_t> leaders) {
  if (root < 0)
    return emitError() << "a line's root must not be negative, got " << root;
  if (group != 0 && (group < 2 || root >= group || !leaders.empty()))
    return emitError() << "a group has two PEs or more, its root among them, and no leaders";
  int64_t before = -1;
  for (int64_t leader : leaders) {
    if (leader <= before)
      return emitError() << "leaders must ascend from 0 on";
    if (leader == root || (leader - root) % 2 != 0)
      return emitError() << "leaders stand an even way from the root, and " << leader << " is not so far from " << root;
    before = leader;
  }
  return success();
}

LogicalResult RectAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t x, int64_t y, int64_t w,
                               int64_t h) {
  if (x < 0 || y < 0 || w < 1 || h < 1)
    return emitError() << "a rectangle needs x, y >= 0 and w, h >= 1";
  return success();
}
