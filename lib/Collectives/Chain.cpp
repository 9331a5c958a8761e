// chain: every PE adds its term to what comes from its farther neighbor and passes the sum on, word by word: pipelined,
// words + 6 cycles a PE. The channel's color alternates with parity, since a router cannot take and give the same color
// on one link pair. Groups of neighbors are chained each toward its own head, all at once.
#include "wafer/Collectives/Reduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Chain : public ReduceCollective {
public:
  ReduceAlgorithm algorithm() const override { return ReduceAlgorithm::Chain; }
  bool legal(const ReduceTask &task) const override { return task.group > 0; }
  ChannelSet channels() const override { return only(Channel::Toward); }

  double cycles(const ReduceTask &task, const ResourceModel &model) const override {
    return model.reduceChainCycles(task.words, static_cast<int>(task.group));
  }

  void build(const ReduceTask &task, ReduceCode &code) const override {
    PeBuilder &b = code.b;
    const std::array<int, 2> &into = code.colors.toward;
    Value words = b.constant(task.words), term = b.desc(b.address(code.term), {1}), position = b.position(task.side);
    Value member = task.whole() ? position : b.coordinate(minorAxis(task.side));
    Value isHead = b.equal(member, b.constant(0)), isLast = b.equal(member, b.constant(task.group - 1));
    /// Builds `body` with the colors into this PE and into the next one toward the head.
    auto withLinks = [&](llvm::function_ref<void(Value, Value)> body) {
      b.when(
          b.scalar(pe::ScalarKind::And, position, b.constant(1)), [&] { body(b.fabric(into[1]), b.fabric(into[0])); },
          [&] { body(b.fabric(into[0]), b.fabric(into[1])); });
    };
    auto atHead = [&](Value from, Value) { b.vec(code.kind, code.type, words, term, term, from); };
    auto atLast = [&](Value, Value to) { b.vec(pe::VectorKind::Mov, code.type, words, to, term); };
    auto between = [&](Value from, Value to) { b.vec(code.kind, code.type, words, to, term, from); };
    // Where groups begin at even positions, which link a head or a last PE has is known.
    bool known = task.whole() || task.group % 2 == 0;
    auto end = [&](int64_t at, llvm::function_ref<void(Value, Value)> body) {
      if (known)
        body(b.fabric(into[at % 2]), b.fabric(into[1 - at % 2]));
      else
        withLinks(body);
    };
    b.when(
        isHead, [&] { end(0, atHead); },
        [&] {
          b.when(task.group > 2 ? isLast : Value(), [&] { end(task.group - 1, atLast); }, [&] { withLinks(between); });
        });
  }
};

} // namespace

const ReduceCollective &wafer::wfr::chainReduce() {
  static const Chain collective;
  return collective;
}
