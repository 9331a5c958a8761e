// star: every PE of a line sends its term to the head through the gather channel, the head adds them one after the
// other: words x PEs cycles, but no relay through cores; best for a few words.
#include "wafer/Collectives/Reduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

/// Of the head, for each term: an addition and the control wavelet behind it.
constexpr ScalarCount kOfTerm{.scalars = 28, .branches = 2};

class Star : public ReduceCollective {
public:
  ReduceAlgorithm algorithm() const override { return ReduceAlgorithm::Star; }
  bool legal(const ReduceTask &task) const override { return task.whole(); }
  ChannelSet channels() const override { return only(Channel::Gather); }

  double cycles(const ReduceTask &task, const ResourceModel &model) const override {
    return model.reduceStarCycles(task.words, static_cast<int>(task.line)) +
           model.scalarCycles(kOfTerm) * static_cast<double>(task.line);
  }

  void build(const ReduceTask &task, ReduceCode &code) const override {
    PeBuilder &b = code.b;
    pe::ElementType type = code.type;
    Value words = b.constant(task.words), term = b.desc(b.address(code.term), {1}), position = b.position(task.side);
    Value isHead = b.equal(position, b.constant(0)), isLast = b.equal(position, b.constant(task.line - 1));
    Value gather = b.fabric(code.colors.gather);
    b.when(
        isHead,
        [&] {
          // The head's own turn: an empty block, then the others'.
          b.vec(pe::VectorKind::Mov, type, b.constant(0), gather, term, {}, {}, 1, pe::Control::Advance);
          b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, gather);
          b.loop(b.constant(task.line - 1), 1, [&](Value) {
            b.vec(code.kind, type, words, term, term, gather);
            b.vec(pe::VectorKind::Mov, type, b.constant(1), {}, gather);
          });
          b.wait(1);
        },
        [&] {
          b.when(
              isLast, [&] { b.vec(pe::VectorKind::Mov, type, words, gather, term, {}, {}, 0, pe::Control::Reset); },
              [&] { b.vec(pe::VectorKind::Mov, type, words, gather, term, {}, {}, 0, pe::Control::Advance); });
        });
  }
};

} // namespace

const ReduceCollective &wafer::wfr::starReduce() {
  static const Star collective;
  return collective;
}
