// What one element of a vector operation computes: the table "Operations" of docs/isa.md, and "Arithmetic to the bit".
#ifndef WAFER_LIB_REFERENCE_ARITHMETIC_H
#define WAFER_LIB_REFERENCE_ARITHMETIC_H

#include "wafer/Program/Isa.h"

#include <cstdint>

namespace wafer::reference {

enum class Fault : uint8_t { None, DivideByZero, Overflow };

/// The result's bits; operands that the operation does not have are ignored. Iota is an address, not a value: not here.
uint32_t compute(isa::VectorOp op, isa::ElementType type, uint32_t a, uint32_t b, uint32_t c, Fault &fault);

} // namespace wafer::reference

#endif // WAFER_LIB_REFERENCE_ARITHMETIC_H
