#include "wafer/Tensor/ElementTypes.h"

using namespace mlir;
using namespace wafer;

bool wafer::isDeclarable(Type declared) {
  if (declared.isF16() || declared.isBF16() || declared.isF32() || declared.isF64())
    return true;
  auto integer = dyn_cast<IntegerType>(declared);
  return integer && (integer.getWidth() == 1 || integer.getWidth() == 8 || integer.getWidth() == 16 ||
                     integer.getWidth() == 32 || integer.getWidth() == 64);
}

Type wafer::storedType(Type declared) {
  auto integer = dyn_cast<IntegerType>(declared);
  return integer ? IntegerType::get(declared.getContext(), integer.getWidth()) : declared;
}

Type wafer::carriedType(Type type) {
  if (isa<FloatType>(type))
    return Float32Type::get(type.getContext());
  if (isa<IntegerType>(type) && !type.isInteger(1))
    return IntegerType::get(type.getContext(), 32);
  return type;
}

Type wafer::computedType(Type declared) {
  bool narrow = declared.isF16() || declared.isBF16() || declared.isInteger(8) || declared.isInteger(16);
  return narrow ? carriedType(declared) : declared;
}

std::string wafer::elementTypeName(Type declared) {
  if (declared.isInteger(1))
    return "bool";
  if (declared.isBF16())
    return "bfloat16";
  unsigned width = declared.getIntOrFloatBitWidth();
  const char *kind = isa<FloatType>(declared) ? "float" : declared.isUnsignedInteger() ? "uint" : "int";
  return kind + std::to_string(width);
}
