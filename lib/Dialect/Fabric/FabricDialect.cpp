#include "wafer/Dialect/Fabric/FabricDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer::fabric;

#include "wafer/Dialect/Fabric/FabricDialect.cpp.inc"
#include "wafer/Dialect/Fabric/FabricEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "wafer/Dialect/Fabric/FabricAttrs.cpp.inc"

void FabricDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "wafer/Dialect/Fabric/FabricAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "wafer/Dialect/Fabric/FabricOps.cpp.inc"
      >();
}

void AreaAttr::print(AsmPrinter &printer) const {
  printer << '<' << getX() << ", " << getY() << ", " << getW() << ", " << getH();
  if (getStepX() != 1 || getStepY() != 1)
    printer << ", step " << getStepX() << ", " << getStepY();
  printer << '>';
}

Attribute AreaAttr::parse(AsmParser &parser, Type) {
  int64_t x, y, w, h, stepX = 1, stepY = 1;
  if (parser.parseLess() || parser.parseInteger(x) || parser.parseComma() || parser.parseInteger(y) ||
      parser.parseComma() || parser.parseInteger(w) || parser.parseComma() || parser.parseInteger(h))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("step") || parser.parseInteger(stepX) || parser.parseComma() || parser.parseInteger(stepY)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<AreaAttr>(parser.getContext(), x, y, w, h, stepX, stepY);
}

LogicalResult AreaAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t x, int64_t y, int64_t w,
                               int64_t h, int64_t stepX, int64_t stepY) {
  if (x < 0 || y < 0 || w < 1 || h < 1)
    return emitError() << "an area needs x, y >= 0 and w, h >= 1";
  if (stepX < 1 || stepY < 1)
    return emitError() << "steps of an area must be at least 1";
  return success();
}

LogicalResult RunAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t x, int64_t y, int64_t dx,
                              int64_t dy, int64_t count, Port port) {
  if (x < 0 || y < 0 || count < 1)
    return emitError() << "a run needs x, y >= 0 and a count >= 1";
  if (count > 1 && dx == 0 && dy == 0)
    return emitError() << "terminals of a run must differ";
  return success();
}

//===- PositionAttr: <west to [east, ramp]> ---------------------------------------------------------------===//

static constexpr Port kPorts[] = {Port::North, Port::East, Port::South, Port::West, Port::Ramp};

void PositionAttr::print(AsmPrinter &printer) const {
  printer << '<' << stringifyPort(getInput()) << " to [";
  bool first = true;
  for (Port port : kPorts)
    if (getOutputs() & static_cast<unsigned>(port)) {
      printer << (first ? "" : ", ") << stringifyPort(port);
      first = false;
    }
  printer << "]>";
}

static ParseResult parsePort(AsmParser &parser, Port &port) {
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  std::optional<Port> known = symbolizePort(name);
  if (!known)
    return parser.emitError(loc, "unknown port '") << name << "'; ports are north, east, south, west, ramp";
  port = *known;
  return success();
}

Attribute PositionAttr::parse(AsmParser &parser, Type) {
  Port input;
  unsigned outputs = 0;
  if (parser.parseLess() || parsePort(parser, input) || parser.parseKeyword("to") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&] {
                                       Port port;
                                       if (parsePort(parser, port))
                                         return failure();
                                       outputs |= static_cast<unsigned>(port);
                                       return success();
                                     }) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<PositionAttr>(parser.getContext(), input, outputs);
}

LogicalResult PositionAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, Port input, unsigned outputs) {
  if (outputs == 0 || outputs > 31)
    return emitError() << "a position needs at least one output";
  if (input != Port::Ramp && (outputs & static_cast<unsigned>(input)))
    return emitError() << "a position cannot send back to where it receives from";
  return success();
}
