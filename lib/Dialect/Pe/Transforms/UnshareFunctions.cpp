// A function of its own for each call, where memory is left.
//
// Functions are shared because code is what fills SRAM first. In a program that leaves room they are a loss: an entry
// of a table is a load from memory, seven cycles on WSE-2, where a constant is a field of the instruction that wants
// it, and a call and its return are two branches. A kernel of few words takes sixty cycles, and half of them are these.
//
// What is worth most for its bytes goes first. Bytes are counted before constants fold, so they are counted high; room
// is kept for what is not counted at all. What each call then has to itself becomes part of main (pe-inline-calls).
#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Dialect/Pe/Passes.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PEUNSHAREFUNCTIONS
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer;
using namespace wafer::pe;

namespace {

/// Helper routines and the frame, and what estimates of code leave out.
constexpr int64_t kReserveBytes = 4096;

/// What a call takes beside the loads of a table's entries: it and the return.
constexpr int64_t kBranches = 2;

struct Callee {
  FuncOp function;
  int64_t bytes, entries = 0; // of a table
  int64_t shares = 0;         // calls that have no function of their own
};

struct UnshareFunctions : wafer::pe::impl::PeUnshareFunctionsBase<UnshareFunctions> {
  using PeUnshareFunctionsBase::PeUnshareFunctionsBase;

  void runOnOperation() override {
    callees.clear(), tables.clear();
    ProgramOp program = getOperation();
    int64_t room = takeStock(program);
    SmallVector<std::pair<double, CallOp>> calls; // bytes for each instruction saved
    program.walk([&](CallOp call) {
      Callee &callee = callees[call.getCallee()];
      ++callee.shares;
      const double saved = static_cast<double>(kBranches + callee.entries) * timesRun(call);
      calls.push_back({static_cast<double>(callee.bytes) / saved, call});
    });
    llvm::stable_sort(calls, llvm::less_first());
    SymbolTable symbols(program);
    for (auto &[price, call] : calls) {
      Callee &callee = callees[call.getCallee()];
      if (callee.shares == 1) { // the others have their own by now, or never were
        specialize(callee.function, call);
        continue;
      }
      if (callee.bytes > room)
        continue;
      room -= callee.bytes;
      --callee.shares;
      FuncOp own = callee.function.clone();
      symbols.insert(own, std::next(callee.function->getIterator()));
      call.setCallee(own.getSymName());
      specialize(own, call);
      ++numUnshared;
    }
    dropTables(program);
  }

private:
  /// Finds functions and tables. Returns the bytes that the program leaves.
  int64_t takeStock(ProgramOp program) {
    int64_t used = kReserveBytes, lowest = usableBytes;
    for (Operation &op : program.getBody().front()) {
      if (auto function = dyn_cast<FuncOp>(op)) {
        Callee &callee = callees[function.getSymName()];
        callee = {function, estimateCodeBytes(function)};
        function.walk([&](ParamOp param) { callee.entries = std::max<int64_t>(callee.entries, param.getIndex() + 1); });
        used += callee.bytes;
      } else if (auto table = dyn_cast<TableOp>(op)) {
        tables[table.getSymName()] = table;
        used += tableEntryBytes(table.getValues()) * static_cast<int64_t>(table.getValues().size());
      } else if (auto buffer = dyn_cast<BufferOp>(op)) {
        lowest = std::min<int64_t>(lowest, buffer.getAddress().value_or(0));
      } else if (auto main = dyn_cast<MainOp>(op)) {
        used += estimateCodeBytes(main);
      }
    }
    return lowest - used;
  }

  /// By the loops around it, where their bounds are known.
  static double timesRun(CallOp call) {
    double times = 1;
    for (auto loop = call->getParentOfType<ForOp>(); loop; loop = loop->getParentOfType<ForOp>()) {
      std::optional<int32_t> lower = constantOf(loop.getLower()), upper = constantOf(loop.getUpper()),
                             step = constantOf(loop.getStep());
      if (lower && upper && step && *lower < *upper)
        times *= std::ceil((static_cast<double>(*upper) - *lower) / *step);
    }
    return times;
  }

  /// Makes constants of the entries of the table of the function's only call.
  void specialize(FuncOp function, CallOp call) {
    if (!call.getTable())
      return;
    ArrayRef<int32_t> values = tables[*call.getTable()].getValues();
    function.walk([&](ParamOp param) {
      OpBuilder at(param);
      param.replaceAllUsesWith(ConstOp::create(at, param.getLoc(), values[param.getIndex()]).getResult());
      param.erase();
    });
    call.removeTableAttr();
  }

  void dropTables(ProgramOp program) {
    llvm::StringSet<> named;
    program.walk([&](CallOp call) {
      if (call.getTable())
        named.insert(*call.getTable());
    });
    for (auto &[name, table] : tables)
      if (!named.contains(name))
        table.erase();
  }

  llvm::StringMap<Callee> callees;
  llvm::StringMap<TableOp> tables;
};

} // namespace
