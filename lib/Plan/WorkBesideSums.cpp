// An all-reduce of ten words takes some hundred cycles, most of which a PE waits: for the wave of terms from the ends
// of its line, then for the result from the root. What a PE computes alone between its own part and the result costs
// nothing, if it is short: words that pass share the core's data path with it, and leaders pass them from early on.
//
// A step may stand behind any all-reduce between the last step that it depends on and the first that depends on it. It
// goes where the least stands so far. Its result, or what it reads, may live longer then, so there must be memory.
#include "WorkBesideSums.h"
#include "LinePlanner.h"

#include "wafer/Dialect/Wafer/Steps.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

class Moving {
public:
  Moving(RegionOp region, const ResourceModel &model)
      : block(region.getBody().front()), model(model),
        bytes(region->hasAttr("estimated_bytes") ? region->getAttrOfType<IntegerAttr>("estimated_bytes").getInt() : 0) {
    LinePlanner lines(model);
    for (auto sum : block.getOps<AllReduceOp>()) {
      const int64_t pes = LineShape::of(sum.getLine(), region.size().along(sum.getSide())).pes;
      rooms[sum] = lines.fastest({sum.getSide(), pes, pes, 1}).second / kShare;
    }
  }

  void run() {
    SmallVector<Operation *> all;
    for (Operation &op : block)
      if (hasCode(op) && computesOnEachPe(op))
        all.push_back(&op);
    for (Operation *op : all)
      move(op);
  }

private:
  /// Of a sum of one word, as much as may be filled.
  static constexpr double kShare = 2;
  /// Of the arithmetic of a box that a PE copies.
  static constexpr ScalarCount kOfBox{.scalars = 24};

  static Value storageOf(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      Value under;
      if (auto reshape = dyn_cast<ReshapeOp>(op))
        under = reshape.getSource();
      else if (auto reduce = dyn_cast<ReduceOp>(op))
        under = reduce.getSource();
      else if (auto move = dyn_cast<RedistributeOp>(op))
        under = move.getInto();
      else if (auto kernel = dyn_cast<KernelOp>(op))
        under = kernel.getInto();
      if (!under)
        break;
      value = under;
    }
    return value;
  }

  /// Memory that an op reads or writes, and whether it does write what was there before it.
  static void touches(Operation &op, llvm::SmallDenseMap<Value, bool> &memory) {
    auto visit = [&](Operation *inner) {
      for (Value operand : inner->getOperands())
        memory[storageOf(operand)] |= llvm::isa<AllReduceOp, ReduceOp, ChunksOp>(inner);
      if (Value into = placeOf(*inner))
        memory[storageOf(into)] = true;
    };
    op.walk(visit);
    for (Value result : op.getResults())
      memory[storageOf(result)] |= llvm::isa<AllReduceOp>(op) || storageOf(result) == result || placeOf(op);
  }

  static Value placeOf(Operation &op) {
    if (auto move = dyn_cast<RedistributeOp>(op))
      return move.getInto();
    if (auto kernel = dyn_cast<KernelOp>(op))
      return kernel.getInto();
    return {};
  }

  /// Neither may come before the other: one writes what the other one touches.
  static bool depend(Operation &a, Operation &b) {
    llvm::SmallDenseMap<Value, bool> ofA, ofB;
    touches(a, ofA), touches(b, ofB);
    return llvm::any_of(ofA, [&](const auto &touched) {
      auto other = ofB.find(touched.first);
      return other != ofB.end() && (other->second || touched.second);
    });
  }

  double cyclesOf(Operation &op) const {
    if (auto kernel = dyn_cast<KernelOp>(op)) {
      auto parts = kernel->getAttrOfType<DictionaryAttr>("estimated_cycles");
      auto compute = parts ? parts.getAs<IntegerAttr>("compute") : IntegerAttr();
      return compute ? static_cast<double>(compute.getInt()) : 0;
    }
    const int64_t words = layoutOf(op.getResult(0).getType()).words();
    const int64_t moves = llvm::isa<TermsOp>(op) ? 2 : 1; // and the arithmetic of boxes
    return static_cast<double>(moves) * model.vectorCycles(isa::VectorOp::Mov, words) + model.scalarCycles(kOfBox);
  }

  void move(Operation *op) {
    const double cycles = cyclesOf(*op);
    AllReduceOp best;
    double least = INFINITY;
    auto consider = [&](Operation &at) {
      auto sum = dyn_cast<AllReduceOp>(at);
      if (sum && work[sum] + cycles <= rooms[sum] && work[sum] < least)
        best = sum, least = work[sum];
    };
    auto passes = [&](Operation &at) { return !hasCode(at) || !depend(*op, at); };
    for (auto at = std::next(op->getIterator()); at != block.end() && passes(*at); ++at)
      consider(*at);
    auto at = op->getIterator();
    while (at != block.begin() && passes(*std::prev(at)))
      consider(*--at);
    // What stands beside a sum already may be followed there by what it is for, unless that needs the sum, too.
    if (at != block.begin())
      if (Operation *sum = beside.lookup(&*std::prev(at)); sum && passes(*sum))
        consider(*sum);
    const int64_t more = isa::kWordBytes * wordsOf(*op);
    if (!best || bytes + more > model.usableSramBytes())
      return;
    bytes += more;
    work[best] += cycles;
    Operation *&behind = last.try_emplace(best, best).first->second;
    op->moveAfter(behind);
    behind = op;
    beside[op] = best;
    takeAlong(op);
  }

  /// What names the tensors that it reads comes before it, and other names of its result behind it.
  static void takeAlong(Operation *op) {
    for (Value operand : op->getOperands())
      if (Operation *name = operand.getDefiningOp(); name && op->isBeforeInBlock(name)) {
        name->moveBefore(op);
        takeAlong(name);
      }
    for (Operation *user : op->getUsers())
      if (!hasCode(*user) && user->isBeforeInBlock(op)) {
        user->moveAfter(op);
        takeAlong(user);
      }
  }

  static int64_t wordsOf(ValueRange tensors) {
    int64_t words = 0;
    for (Value tensor : tensors)
      words += layoutOf(tensor.getType()).words();
    return words;
  }

  /// What may live longer at most: what it reads, or its result, with what lies beside that in an all-reduce.
  static int64_t wordsOf(Operation &op) {
    int64_t result = wordsOf(op.getResults());
    for (Operation *user : op.getResult(0).getUsers())
      if (auto sum = dyn_cast<AllReduceOp>(user))
        result = std::max(result, wordsOf(sum.getSources()));
    return std::max(wordsOf(op.getOperands()), result);
  }

  Block &block;
  const ResourceModel &model;
  int64_t bytes;
  llvm::MapVector<Operation *, double> rooms, work; // by all-reduce: cycles that PEs have, and those that are taken
  llvm::DenseMap<Operation *, Operation *> last;    // that stands beside it
  llvm::DenseMap<Operation *, Operation *> beside;  // by what stands there: the sum
};

} // namespace

void wafer::wfr::workBesideSums(RegionOp region, const ResourceModel &model) { Moving(region, model).run(); }
