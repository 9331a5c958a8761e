// Element types of operands against the operator's schema. Import compares those that inference knows, and lowerings
// rely on it; what inference did not know is known once it has been lowered.
#include "Walk.h"

#include "wafer/Dialect/Onnx/ElementTypes.h"

using namespace mlir;
using namespace wafer;

std::string wafer::operandTypeFault(onnx::NodeOp node, ArrayRef<Type> declared) {
  const onnx::SchemaSource *schemas = cast<onnx::OnnxDialect>(node->getDialect())->getSchemaSource();
  auto isNews = [](auto operand) {
    auto [value, type] = operand;
    return type && getElementTypeOrSelf(value.getType()) != type;
  };
  if (!schemas || llvm::none_of(llvm::zip_equal(node.getInputs(), declared), isNews))
    return "";
  const onnx::OpSchema *schema = schemas->find(node.getDomain().str(), node.getOpType().str(), node.getSince());
  if (!schema || schema->inputs.empty())
    return "";
  std::string fault;
  llvm::raw_string_ostream os(fault);
  std::map<std::string, size_t> first; // of each type variable
  for (auto [i, type] : llvm::enumerate(declared)) {
    if (!type)
      continue;
    const size_t input = std::min(i, schema->inputs.size() - 1);
    if (const std::string &variable = schema->inputTypes[input]; !variable.empty())
      if (size_t other = first.try_emplace(variable, i).first->second; declared[other] != type) {
        os << "operands " << other << " and " << i << " are of " << declared[other] << " and " << type
           << ", and must be of one type";
        return fault;
      }
    ArrayRef<int> taken = schema->inputs[input].elementTypes;
    if (!taken.empty() &&
        llvm::none_of(taken, [&](int each) { return onnx::elementTypeFor(node.getContext(), each) == type; })) {
      os << "operand " << i << " is of " << type << ", which the operator does not take";
      return fault;
    }
  }
  return fault;
}
