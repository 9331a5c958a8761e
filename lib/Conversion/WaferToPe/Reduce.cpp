// Combining partial terms along a line of PEs, toward its head.
//
// chain: every PE adds its term to what comes from its farther neighbor and passes the sum on, word by word: pipelined,
//   words + 6 cycles a PE. The channel's color alternates with parity, since a router cannot take and give the same
//   color on one link pair.
// star: every PE sends its term to the head through the gather channel, the head adds them one after the other:
//   words x PEs cycles, but no relay through cores; best for a few words.
// The order of the additions is part of the algorithm, so results depend on the choice but never on timing.
#include "RegionCode.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

static pe::VectorKind combiner(PartialKind kind) {
  switch (kind) {
  case PartialKind::Mul:
    return pe::VectorKind::Mul;
  case PartialKind::Min:
    return pe::VectorKind::Min;
  case PartialKind::Max:
    return pe::VectorKind::Max;
  case PartialKind::Pick:
    return pe::VectorKind::Or; // one contributor, others hold zero bits
  case PartialKind::Add:
  case PartialKind::None:
    break;
  }
  return pe::VectorKind::Add;
}

LogicalResult wafer::wfr::lowerReduce(ReduceOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  bool y = op.getAxis() == "y";
  int64_t line = y ? code.height : code.width;
  AxisSizes sizes = axisSizes(code.width, code.height, 1, 1, code.chunks);
  pe::VectorKind kind = combiner(source.layout.kind);
  pe::ElementType type = source.layout.kind == PartialKind::Pick ? pe::ElementType::I32 : source.elementType();
  // Terms are combined over whole boxes: what lies beyond a ragged edge holds the identity.
  return code.function(op.getLoc(), sizes, 1, 1, y ? "reduce_y" : "reduce_x", [&](PeBuilder &b) {
    Value words = b.constant(source.layout.words());
    Value term = b.desc(b.address(source.buffer), {1});
    Value position = b.position(y);
    Value isHead = b.equal(position, b.constant(0));
    if (op.getAlgorithm() == "star") {
      int gather = y ? code.colors.gatherY : code.colors.gatherX;
      Value from = b.fabric(gather);
      b.when(
          isHead,
          [&] {
            // The head's own turn: an empty block, then the others'.
            b.vec(pe::VectorKind::Mov, type, b.constant(0), from, term, {}, {}, 1, pe::Control::Advance);
            b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, from);
            b.loop(b.constant(line - 1), 1, [&](Value) {
              b.vec(kind, type, words, term, term, from);
              b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, from);
            });
            b.wait(1);
          },
          [&] {
            b.when(
                b.equal(position, b.constant(line - 1)),
                [&] { b.vec(pe::VectorKind::Mov, type, words, from, term, {}, {}, 0, pe::Control::Reset); },
                [&] { b.vec(pe::VectorKind::Mov, type, words, from, term, {}, {}, 0, pe::Control::Advance); });
          });
      return success();
    }
    const std::array<int, 2> &chain = y ? code.colors.chainY : code.colors.chainX;
    auto link = [&](int64_t into) { return b.fabric(chain[into % 2]); };
    auto relay = [&](int parity) {
      b.vec(kind, type, words, b.fabric(chain[1 - parity]), term, b.fabric(chain[parity]));
    };
    b.when(
        isHead, [&] { b.vec(kind, type, words, term, term, link(0)); },
        [&] {
          b.when(
              b.equal(position, b.constant(line - 1)),
              [&] { b.vec(pe::VectorKind::Mov, type, words, link(line - 2), term); },
              [&] {
                b.when(b.scalar(pe::ScalarKind::And, position, b.constant(1)), [&] { relay(1); }, [&] { relay(0); });
              });
        });
    return success();
  });
}
