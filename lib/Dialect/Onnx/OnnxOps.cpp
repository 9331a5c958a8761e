#include "wafer/Dialect/Onnx/OnnxDialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace wafer::onnx;

#define GET_OP_CLASSES
#include "wafer/Dialect/Onnx/OnnxOps.cpp.inc"

//===- onnx.node ----------------------------------------------------------===//

StringRef NodeOp::getNodeName() {
  if (auto name = getLoc()->findInstanceOf<NameLoc>())
    return name.getName();
  return "";
}

std::string NodeOp::describe() {
  std::string chain = getChain() ? getChain()->str() + " > " : "", domain = getDomain().str();
  return "node '" + getNodeName().str() + "' (" + chain + (domain.empty() ? "" : domain + ".") + getOpType().str() +
         ")";
}

// onnx.node "Op" [of "domain"] since N (%inputs) [{attributes}] (graph "name" region)* [from "A > B"] : functional-type
ParseResult NodeOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr opType, domain;
  IntegerAttr since;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  FunctionType type;
  Builder &b = parser.getBuilder();
  if (parser.parseAttribute(opType))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("of"))) {
    if (parser.parseAttribute(domain))
      return failure();
    result.addAttribute("domain", domain);
  }
  if (parser.parseKeyword("since") || parser.parseAttribute(since, b.getI64Type()) ||
      parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren))
    return failure();
  NamedAttrList attributes;
  if (parser.parseOptionalAttrDict(attributes))
    return failure();
  SmallVector<Attribute> graphs;
  while (succeeded(parser.parseOptionalKeyword("graph"))) {
    StringAttr name;
    SmallVector<OpAsmParser::Argument> arguments;
    Region *region = result.addRegion();
    if (parser.parseAttribute(name) ||
        parser.parseArgumentList(arguments, OpAsmParser::Delimiter::OptionalParen, /*allowType=*/true) ||
        parser.parseRegion(*region, arguments))
      return failure();
    graphs.push_back(name);
  }
  if (std::string chain; succeeded(parser.parseOptionalKeyword("from"))) {
    if (parser.parseString(&chain))
      return failure();
    result.addAttribute("chain", b.getStringAttr(chain));
  }
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonType(type) || parser.resolveOperands(operands, type.getInputs(), loc, result.operands))
    return failure();
  result.addAttribute("op_type", opType);
  result.addAttribute("since", since);
  result.addAttribute("node_attrs", attributes.getDictionary(parser.getContext()));
  if (!graphs.empty())
    result.addAttribute("graphs", b.getArrayAttr(graphs));
  result.addTypes(type.getResults());
  return success();
}

void NodeOp::print(OpAsmPrinter &p) {
  p << ' ' << getOpTypeAttr();
  if (!getDomain().empty()) {
    p << " of ";
    p.printString(getDomain());
  }
  p << " since " << getSince() << " (" << getInputs() << ")";
  if (!getNodeAttrs().empty()) {
    p << ' ';
    p.printAttributeWithoutType(getNodeAttrs());
  }
  for (auto [index, body] : llvm::enumerate(getBodies())) {
    p << " graph ";
    p.printAttributeWithoutType((*getGraphs())[index]);
    if (!body.empty() && body.getNumArguments()) {
      p << '(';
      llvm::interleaveComma(body.getArguments(), p, [&](BlockArgument a) { p.printRegionArgument(a); });
      p << ')';
    }
    p << ' ';
    p.printRegion(body, /*printEntryBlockArgs=*/false);
  }
  if (getChain())
    p << " from " << getChainAttr();
  p << " : ";
  p.printFunctionalType(getOperation());
}

static bool hasKind(Attribute attr, AttributeKind kind) {
  switch (kind) {
  case AttributeKind::Float:
    return isa<FloatAttr>(attr);
  case AttributeKind::Int:
    return isa<IntegerAttr>(attr);
  case AttributeKind::String:
    return isa<StringAttr>(attr);
  case AttributeKind::Tensor:
    return isa<ElementsAttr>(attr) || isa<FlatSymbolRefAttr>(attr);
  case AttributeKind::Floats:
    return isa<DenseF32ArrayAttr>(attr);
  case AttributeKind::Ints:
    return isa<DenseI64ArrayAttr>(attr);
  case AttributeKind::Strings:
    return isa<ArrayAttr>(attr) && llvm::all_of(cast<ArrayAttr>(attr), llvm::IsaPred<StringAttr>);
  case AttributeKind::Tensors:
    return isa<ArrayAttr>(attr) && llvm::all_of(cast<ArrayAttr>(attr), llvm::IsaPred<ElementsAttr>);
  case AttributeKind::Graph:
  case AttributeKind::Graphs:
    return false; // a region, never an attribute
  case AttributeKind::Other:
    return true;
  }
  return false;
}

static StringRef kindName(AttributeKind kind) {
  static constexpr StringLiteral names[] = {"a float", "an int",  "a string", "a tensor", "a graph", "floats",
                                            "ints",    "strings", "tensors",  "graphs",   "another"};
  return names[static_cast<int>(kind)];
}

LogicalResult NodeOp::verify() {
  size_t graphCount = getGraphs() ? getGraphs()->size() : 0;
  if (graphCount != getBodies().size())
    return emitOpError() << "has " << getBodies().size() << " regions and " << graphCount << " graph names";

  const SchemaSource *schemas = cast<OnnxDialect>((*this)->getDialect())->getSchemaSource();
  if (!schemas)
    return success();
  const OpSchema *schema = schemas->find(getDomain(), getOpType(), getSince());
  if (!schema) {
    if (schemas->knowsDomain(getDomain()))
      return emitOpError() << "ONNX has no op '" << getOpType() << "' at version " << getSince();
    return success(); // a custom domain: whoever lowers it knows
  }
  if (schema->sinceVersion != static_cast<int>(getSince()))
    return emitOpError() << "'" << getOpType() << "' of version " << getSince() << " is the one since version "
                         << schema->sinceVersion;
  auto checkCount = [&](StringRef what, int count, int min, int max) -> LogicalResult {
    if (count >= min && count <= max)
      return success();
    auto diag = emitOpError() << "'" << getOpType() << "' takes ";
    if (min == max)
      diag << min;
    else if (max == std::numeric_limits<int>::max())
      diag << "at least " << min;
    else
      diag << min << " to " << max;
    return diag << " " << what << ", got " << count;
  };
  if (failed(checkCount("inputs", getInputs().size(), schema->minInputs, schema->maxInputs)) ||
      failed(checkCount("outputs", getOutputs().size(), schema->minOutputs, schema->maxOutputs)))
    return failure();
  for (NamedAttribute attr : getNodeAttrs()) {
    auto found = schema->attributes.find(std::string_view(attr.getName().strref()));
    if (found == schema->attributes.end())
      return emitOpError() << "'" << getOpType() << "' has no attribute '" << attr.getName().strref() << "'";
    if (!hasKind(attr.getValue(), found->second.kind))
      return emitOpError() << "attribute '" << attr.getName().strref() << "' of '" << getOpType() << "' must be "
                           << kindName(found->second.kind) << ", got " << attr.getValue();
  }
  for (const auto &[name, attribute] : schema->attributes) {
    if (!attribute.required || getNodeAttrs().contains(name))
      continue;
    bool isGraph = getGraphs() && llvm::any_of(*getGraphs(), [&, &name = name](Attribute graph) {
                     return cast<StringAttr>(graph).strref() == name;
                   });
    if (!isGraph)
      return emitOpError() << "'" << getOpType() << "' needs the attribute '" << name << "'";
  }
  return success();
}

LogicalResult NodeOp::verifyRegions() {
  for (auto [index, body] : llvm::enumerate(getBodies()))
    if (!body.hasOneBlock() || !body.front().mightHaveTerminator() || !isa<YieldOp>(body.front().back()))
      return emitOpError() << "graph " << (*getGraphs())[index] << " must be one block that ends in onnx.yield";
  return success();
}

//===- onnx.constant ------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

//===- Weights ------------------------------------------------------------===//

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError() << "must have a static shape";
  if (!type.getElementType().isIntOrFloat())
    return emitOpError() << "must hold integers or floats";
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError() << "offset must not be negative";
  int64_t width = (type.getElementTypeBitWidth() + 7) / 8;
  if (static_cast<int64_t>(getLength()) != type.getNumElements() * width)
    return emitOpError() << "takes " << type.getNumElements() * width << " bytes, got " << getLength();
  return success();
}

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "refers to " << getWeightAttr() << ", which is not an onnx.weight";
  auto stored = cast<RankedTensorType>(weight.getType()), type = cast<RankedTensorType>(getType());
  bool isFloat = isa<FloatType>(stored.getElementType());
  if (stored.getShape() != type.getShape() || isFloat != isa<FloatType>(type.getElementType()))
    return emitOpError() << "has type " << getType() << ", but the weight has " << weight.getType();
  return success();
}
