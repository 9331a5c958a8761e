// Static addresses for buffers.
//
// Which buffers are live together follows from main alone, because functions do not call functions and wait for all
// that they start, or leave it to what next uses the thread. Time is counted in main's outermost ops. A loop is one
// step: whatever it touches lives over all of it, which is what a buffer that is read before it is written in an
// iteration needs, and costs little, since buffers local to an iteration are reused by the next one anyway.
//
// Packing intervals into the least height is NP-hard; largest first into the tightest gap is within a few percent of
// the sum of what is live in most programs. Where it is not, the buffer that reaches highest goes first in a further
// try, and so on for a few dozen tries: often that ends at the bound itself. `live-bytes` is that bound, beside
// `peak-bytes` in the statistics.
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Program/Isa.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PEALLOCATEBUFFERS
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer;
using namespace wafer::pe;

namespace {
struct Item {
  BufferOp op;
  int64_t bytes;
  int64_t first = INT64_MAX, last = -1; // steps of main
  int64_t offset = -1;                  // bytes from the top of usable SRAM down to the buffer's end

  bool meets(const Item &other) const { return first <= other.last && other.first <= last; }
  void use(int64_t step) {
    first = std::min(first, step);
    last = std::max(last, step);
  }
};

struct AllocateBuffers : wafer::pe::impl::PeAllocateBuffersBase<AllocateBuffers> {
  using PeAllocateBuffersBase::PeAllocateBuffersBase;

  void runOnOperation() override;

private:
  /// What is live where most is.
  struct Load {
    int64_t bytes = 0, step = 0;
  };

  void findLifetimes();
  void keepWhileAtWork(MainOp main, function_ref<int64_t(Operation *)> stepOf);
  void place();
  /// Gives the items of `order` offsets, one after the other, beside those that are placed. Returns the highest end.
  static int64_t placeInOrder(ArrayRef<Item *> order, SmallVector<Item *> placed);
  Load mostLive() const;
  LogicalResult report();

  llvm::MapVector<StringAttr, Item> items;
};
} // namespace

/// The ops that act on what is computed from `value`.
static void findActors(Value value, SetVector<Operation *> &seen, function_ref<void(Operation *)> found) {
  for (Operation *user : value.getUsers()) {
    if (!seen.insert(user))
      continue;
    if (isMemoryEffectFree(user) && user->getNumRegions() == 0)
      for (Value result : user->getResults())
        findActors(result, seen, found);
    else
      found(user);
  }
}

/// The addresses that an op's operands are computed from.
static void findAddresses(Operation *op, SetVector<Operation *> &seen, function_ref<void(AddrOp)> found) {
  for (Value operand : op->getOperands()) {
    Operation *from = operand.getDefiningOp();
    if (!from || !seen.insert(from))
      continue;
    if (auto address = dyn_cast<AddrOp>(from))
      found(address);
    findAddresses(from, seen, found);
  }
}

/// What an instruction on a thread that is left at work touches is in use until all PEs have come to where the thread
/// is used again, or awaited: not where only some do, the heads of other lines for instance.
void AllocateBuffers::keepWhileAtWork(MainOp main, function_ref<int64_t(Operation *)> stepOf) {
  llvm::DenseMap<StringAttr, FuncOp> functions;
  for (FuncOp function : getOperation().getBody().getOps<FuncOp>())
    functions[function.getSymNameAttr()] = function;
  std::array<SetVector<StringAttr>, isa::kThreads> held; // by thread
  auto release = [&](Operation &op, int64_t step) {
    auto wait = dyn_cast<WaitOp>(op);
    auto vec = dyn_cast<VecOp>(op);
    if (!wait && !vec)
      return;
    SetVector<StringAttr> &names = held[wait ? wait.getThread() : vec.getThread()];
    for (StringAttr name : names)
      items[name].use(step);
    names.clear();
  };
  auto hold = [&](FuncOp function) {
    const unsigned open = function.openThreads();
    function.walk([&](VecOp vec) {
      SetVector<Operation *> seen;
      if (open >> vec.getThread() & 1)
        findAddresses(vec, seen,
                      [&](AddrOp address) { held[vec.getThread()].insert(address.getBufferAttr().getAttr()); });
    });
  };
  const int64_t end = main.getBody().front().getOperations().size();
  for (Operation &op : main.getBody().front()) {
    const int64_t step = stepOf(&op);
    release(op, step);
    op.walk([&](CallOp call) {
      FuncOp function = functions.lookup(call.getCalleeAttr().getAttr());
      if (call->getParentOp() == main)
        for (Operation &inner : function.getBody().front())
          release(inner, step);
      hold(function);
    });
  }
  for (const SetVector<StringAttr> &names : held)
    for (StringAttr name : names)
      items[name].use(end);
}

void AllocateBuffers::findLifetimes() {
  ProgramOp program = getOperation();
  llvm::DenseMap<StringAttr, SetVector<StringAttr>> usedBy; // function -> buffers
  MainOp main;
  for (Operation &op : program.getBody().front()) {
    if (auto function = dyn_cast<FuncOp>(op))
      function.walk(
          [&](AddrOp address) { usedBy[function.getSymNameAttr()].insert(address.getBufferAttr().getAttr()); });
    else if (auto found = dyn_cast<MainOp>(op))
      main = found;
  }
  int64_t step = 0, end = main.getBody().front().getOperations().size();
  llvm::DenseMap<Operation *, int64_t> stepOf;
  for (Operation &op : main.getBody().front())
    stepOf[&op] = step++;
  auto outermost = [&](Operation *op) { return stepOf[main.getBody().front().findAncestorOpInBlock(*op)]; };
  main.walk([&](Operation *op) {
    if (auto call = dyn_cast<CallOp>(op)) {
      for (StringAttr name : usedBy[call.getCalleeAttr().getAttr()])
        items[name].use(outermost(op));
    } else if (auto address = dyn_cast<AddrOp>(op)) {
      Item &item = items[address.getBufferAttr().getAttr()];
      SetVector<Operation *> seen;
      findActors(address, seen, [&](Operation *actor) {
        item.use(outermost(actor));
        // An address that is stored may be used by anyone, any time.
        if (llvm::isa<StoreOp>(actor))
          item.use(0), item.use(end);
      });
    }
  });
  keepWhileAtWork(main, outermost);
  for (auto &[name, item] : items)
    if (item.op.getKind() == "weight")
      item.use(0), item.use(end);
}

int64_t AllocateBuffers::placeInOrder(ArrayRef<Item *> order, SmallVector<Item *> placed) {
  auto insert = [&](Item *item) {
    placed.insert(llvm::upper_bound(placed, item, [](Item *a, Item *b) { return a->offset < b->offset; }), item);
  };
  int64_t peak = 0;
  for (Item *item : placed)
    peak = std::max(peak, item->offset + item->bytes);
  for (Item *item : order) {
    int64_t best = -1, bestGap = INT64_MAX, top = 0;
    for (Item *other : placed) {
      if (!other->meets(*item))
        continue;
      int64_t gap = other->offset - top;
      if (gap >= item->bytes && gap < bestGap)
        best = top, bestGap = gap;
      top = std::max(top, other->offset + other->bytes);
    }
    item->offset = best >= 0 ? best : top;
    peak = std::max(peak, item->offset + item->bytes);
    insert(item);
  }
  return peak;
}

void AllocateBuffers::place() {
  SmallVector<Item *> order, fixed;
  for (auto &[name, item] : items) {
    if (item.op.getAddress()) {
      item.offset = usableBytes - *item.op.getAddress() - item.bytes;
      fixed.push_back(&item);
    } else {
      order.push_back(&item);
    }
  }
  llvm::sort(fixed, [](Item *a, Item *b) { return a->offset < b->offset; });
  // Largest first; the longer life, then the earlier, breaks ties.
  llvm::sort(order, [](Item *a, Item *b) {
    return std::make_tuple(-a->bytes, a->first - a->last, a->first, a->op.getSymName()) <
           std::make_tuple(-b->bytes, b->first - b->last, b->first, b->op.getSymName());
  });
  constexpr int kTries = 32;
  int64_t bound = mostLive().bytes, least = INT64_MAX;
  SmallVector<int64_t> best;
  SmallVector<Item *> bestOrder;
  for (int i = 0; i != kTries && least > bound; ++i) {
    int64_t peak = placeInOrder(order, fixed);
    if (peak < least) {
      least = peak;
      best.clear();
      for (Item *item : order)
        best.push_back(item->offset);
      bestOrder = order;
    }
    auto *highest = llvm::find_if(order, [&](Item *item) { return item->offset + item->bytes == peak; });
    if (highest == order.end() || highest == order.begin())
      break;
    std::rotate(order.begin(), highest, highest + 1);
  }
  for (auto [item, offset] : llvm::zip(bestOrder, best))
    item->offset = offset;
}

AllocateBuffers::Load AllocateBuffers::mostLive() const {
  std::map<int64_t, int64_t> change; // step -> bytes
  for (const auto &[name, item] : items)
    if (item.last >= item.first)
      change[item.first] += item.bytes, change[item.last + 1] -= item.bytes;
  Load most;
  int64_t live = 0;
  for (auto [step, bytes] : change)
    if ((live += bytes) > most.bytes)
      most = {live, step};
  return most;
}

LogicalResult AllocateBuffers::report() {
  int64_t peak = 0;
  for (auto &[name, item] : items)
    peak = std::max(peak, item.offset + item.bytes);
  Load most = mostLive();
  numBuffers += items.size();
  peakBytes += peak;
  liveBytes += most.bytes;
  if (peak <= usableBytes)
    return success();
  // Name the largest of those that are live where most is.
  SmallVector<Item *> largest;
  for (auto &[name, item] : items)
    if (item.first <= most.step && most.step <= item.last)
      largest.push_back(&item);
  llvm::sort(largest, [](Item *a, Item *b) {
    return std::make_tuple(-a->bytes, a->op.getSymName()) < std::make_tuple(-b->bytes, b->op.getSymName());
  });
  std::string text = "buffers of region @" + getOperation().getSymName().str() + " take " + std::to_string(peak) +
                     " bytes a PE, " + std::to_string(peak - usableBytes) + " more than its SRAM has; the largest:";
  for (size_t i = 0; i != std::min<size_t>(largest.size(), 4); ++i)
    text += (i ? ", @" : " @") + largest[i]->op.getSymName().str() + " " + largest[i]->op.getKind().str() + " " +
            std::to_string(largest[i]->bytes);
  return emitError(getOperation().getLoc(),
                   {ErrorCode::BuffersTooLarge, text,
                    wholeMesh ? "let regions be larger (--largest-region), or give another --target"
                              : "give the region more PEs, or a larger mesh (--mesh)"},
                   Shortfall{peak - usableBytes, usableBytes});
}

void AllocateBuffers::runOnOperation() {
  items.clear();
  ProgramOp program = getOperation();
  if (usableBytes <= 0) {
    program.emitOpError("pe-allocate-buffers needs usable-bytes");
    return signalPassFailure();
  }
  for (BufferOp buffer : program.getBody().front().getOps<BufferOp>()) {
    Item &item = items[buffer.getSymNameAttr()];
    item.op = buffer;
    // Beyond any memory, but far from overflow.
    item.bytes = std::min<int64_t>(buffer.getWords(), int64_t(1) << 40) * wafer::isa::kWordBytes;
  }
  findLifetimes();
  place();
  if (failed(report()))
    return signalPassFailure();
  Builder builder(program);
  for (auto &[name, item] : items)
    item.op.setAddressAttr(builder.getI64IntegerAttr(usableBytes - item.offset - item.bytes));
  program.walk([&](AddrOp address) {
    int64_t base = *items[address.getBufferAttr().getAttr()].op.getAddress();
    OpBuilder at(address);
    address.replaceAllUsesWith(
        ConstOp::create(at, address.getLoc(), base + address.getOffset() * wafer::isa::kWordBytes).getResult());
    address.erase();
  });
}
