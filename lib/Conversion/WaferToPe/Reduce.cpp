// Combining partial terms along a line of PEs, toward its head.
//
// chain: every PE adds its term to what comes from its farther neighbor and passes the sum on, word by word: pipelined,
//   words + 6 cycles a PE. The channel's color alternates with parity, since a router cannot take and give the same
//   color on one link pair.
// star: every PE sends its term to the head through the gather channel, the head adds them one after the other:
//   words x PEs cycles, but no relay through cores; best for a few words.
// Terms on the minor axis alone of a divided side are chained in groups of neighbors, each toward its own head.
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
  case PartialKind::AddChecked:
    return pe::VectorKind::AddChecked;
  case PartialKind::MulChecked:
    return pe::VectorKind::MulChecked;
  case PartialKind::Add:
  case PartialKind::None:
    break;
  }
  return pe::VectorKind::Add;
}

LogicalResult wafer::wfr::lowerReduce(ReduceOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource());
  Side side = op.getSide();
  int64_t group = reducedGroup(source.layout, side, code.size);
  const LineColors &colors = code.lineColors(side);
  pe::VectorKind kind = combiner(source.layout.kind);
  pe::ElementType type = source.layout.kind == PartialKind::Pick ? pe::ElementType::I32 : source.elementType();
  // Terms are combined over whole boxes: what lies beyond a ragged edge holds the identity.
  return code.function(op.getLoc(), source.layout, ("reduce_" + stringifySide(side)).str(), [&](PeBuilder &b) {
    Value words = b.constant(source.layout.words());
    Value term = b.desc(b.address(source.buffer), {1});
    Value position = b.position(side);
    bool whole = group == code.size.along(side);
    Value member = whole ? position : b.coordinate(minorAxis(side));
    Value isHead = b.equal(member, b.constant(0)), isLast = b.equal(member, b.constant(group - 1));
    if (op.getAlgorithm() == ReduceAlgorithm::Star) {
      Value from = b.fabric(colors.gather);
      b.when(
          isHead,
          [&] {
            // The head's own turn: an empty block, then the others'.
            b.vec(pe::VectorKind::Mov, type, b.constant(0), from, term, {}, {}, 1, pe::Control::Advance);
            b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, from);
            b.loop(b.constant(group - 1), 1, [&](Value) {
              b.vec(kind, type, words, term, term, from);
              b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, from);
            });
            b.wait(1);
          },
          [&] {
            b.when(
                isLast, [&] { b.vec(pe::VectorKind::Mov, type, words, from, term, {}, {}, 0, pe::Control::Reset); },
                [&] { b.vec(pe::VectorKind::Mov, type, words, from, term, {}, {}, 0, pe::Control::Advance); });
          });
      return success();
    }
    const std::array<int, 2> &chain = colors.toward;
    /// Builds `body` with the colors into this PE and into the next one toward the head.
    auto withLinks = [&](llvm::function_ref<void(Value, Value)> body) {
      b.when(
          b.scalar(pe::ScalarKind::And, position, b.constant(1)), [&] { body(b.fabric(chain[1]), b.fabric(chain[0])); },
          [&] { body(b.fabric(chain[0]), b.fabric(chain[1])); });
    };
    // Where groups begin at even positions, which link a head or a last PE has is known.
    auto atHead = [&](Value from, Value) { b.vec(kind, type, words, term, term, from); };
    auto atLast = [&](Value, Value to) { b.vec(pe::VectorKind::Mov, type, words, to, term); };
    auto between = [&](Value from, Value to) { b.vec(kind, type, words, to, term, from); };
    bool known = whole || group % 2 == 0;
    auto end = [&](int64_t at, llvm::function_ref<void(Value, Value)> body) {
      if (known)
        body(b.fabric(chain[at % 2]), b.fabric(chain[1 - at % 2]));
      else
        withLinks(body);
    };
    b.when(
        isHead, [&] { end(0, atHead); },
        [&] { b.when(group > 2 ? isLast : Value(), [&] { end(group - 1, atLast); }, [&] { withLinks(between); }); });
    return success();
  });
}
