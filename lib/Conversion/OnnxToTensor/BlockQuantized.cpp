// MatMulNBits (domain com.microsoft): a weight of 2, 4 or 8 bits a number, with a scale for each block of a row.
// Numbers are unpacked and scaled where the product reads them.
#include "MatMul.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace wafer;

namespace {

using S = ScalarBuilder;
using Ints = SmallVector<int64_t>;

/// Bytes of [rows, bytes] as the numbers of `bits` bits in them, the lowest bits first: f32 [rows, numbers].
Value unpack(NodeLowering &n, Value bytes, int64_t bits) {
  Type f32 = n.t.b.getF32Type(), i32 = n.t.b.getI32Type();
  int64_t rows = shapeOf(bytes)[0], count = shapeOf(bytes)[1], perByte = 8 / bits;
  Value words = n.t.cast(bytes, i32);
  SmallVector<Value> parts;
  for (int64_t part = 0; part != perByte; ++part) {
    Value number = n.t.map({words}, f32, [&](S &s, ValueRange v) {
      Value shifted = s.op<arith::ShRSIOp>(v[0], s.constant(i32, static_cast<double>(part * bits)));
      Value mask = s.constant(i32, static_cast<double>((1 << bits) - 1));
      return s.cast(s.op<arith::AndIOp>(shifted, mask), f32);
    });
    parts.push_back(n.t.reshape(number, {rows, count, 1}));
  }
  return n.t.reshape(n.t.concat(parts, 2), {rows, count * perByte});
}

LogicalResult lowerMatMulNBits(NodeLowering &n) {
  int64_t k = n.intAttr("K", 0), columns = n.intAttr("N", 0), bits = n.intAttr("bits", 4),
          block = n.intAttr("block_size", 0);
  if ((bits != 2 && bits != 4 && bits != 8) || block < 8 || block % 8 != 0 || block > INT32_MAX || k < 1 ||
      columns < 1 || n.rank(0) < 1 || n.shape(0).back() != k || !n.element(0).isF32())
    return n.unsupported("needs an operand of f32 that ends in K, bits of 2, 4 or 8 and blocks of whole bytes");
  if (n.operand(4) || n.intAttr("weight_prepacked", 0))
    return n.unsupported("g_idx or a prepacked weight", "quantize the model without reordering its columns");
  int64_t blocks = (k + block - 1) / block, bytes = block * bits / 8, perByte = 8 / bits;
  auto holds = [&](size_t i, int64_t elements) { return tensorTypeOf(n.operand(i)).getNumElements() == elements; };
  if (!isCountable({columns, blocks, block})) // before these are multiplied
    return n.invalid("N and K are larger than any weight");
  if (!holds(1, columns * blocks * bytes) || !holds(2, columns * blocks) || (n.operand(5) && !holds(5, columns)))
    return n.invalid("weight, scales or bias do not fit N, K, bits and block_size");
  Type f32 = n.t.b.getF32Type();
  Value numbers = unpack(n, n.t.reshape(n.operand(1), {columns, blocks * bytes}), bits);
  numbers = n.t.reshape(numbers, {columns, blocks, block});
  Value zero = n.t.splat({}, f32, static_cast<double>(int64_t(1) << (bits - 1)));
  if (n.operand(3)) {
    int64_t packed = (blocks + perByte - 1) / perByte;
    if (isa<FloatType>(n.element(3)) && holds(3, columns * blocks))
      zero = n.t.reshape(n.t.cast(n.operand(3), f32), {columns, blocks, 1});
    else if (isa<IntegerType>(n.element(3)) && holds(3, columns * packed))
      zero = n.t.reshape(
          n.t.slice(unpack(n, n.t.reshape(n.operand(3), {columns, packed}), bits), {0, 0}, {columns, blocks}, {1, 1}),
          {columns, blocks, 1});
    else
      return n.invalid("zero_points do not fit N, K, bits and block_size");
  }
  Value scales = n.t.reshape(n.t.cast(n.operand(2), f32), {columns, blocks, 1});
  Value weight =
      n.t.map({numbers, zero, scales}, f32, [](S &s, ValueRange v) { return s.mul(s.sub(v[0], v[1]), v[2]); });
  weight = n.t.slice(n.t.reshape(weight, {columns, blocks * block}), {0, 0}, {columns, k}, {1, 1});
  auto product = matrixProduct(n, n.operand(0), n.t.transpose(weight, {1, 0}));
  if (failed(product))
    return failure();
  n.setOutput(0, n.operand(5) ? n.t.add(*product, n.t.reshape(n.operand(5), {columns})) : *product);
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::blockQuantizedLowerings() {
  static constexpr LoweringEntry table[] = {
      {"MatMulNBits", 1, lowerMatMulNBits, "com.microsoft", "FIFaif"},
  };
  return table;
}
