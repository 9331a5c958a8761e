// One function for kernels of one shape.
//
// Compilers emit a kernel per node, and most nodes of a model are alike: same instructions, other sizes and addresses.
// Code is what fills SRAM first, so this is where a program gets small. Two functions are alike if they are equal when
// every operand that is a constant is replaced by a hole. Holes are operands, not constants: whether CSE has merged two
// equal constants in one of the functions must not matter.
//
// For a group of m alike functions the values of a hole form a vector of m numbers. Holes with one vector share an
// entry of the table; a hole whose vector is constant stays a constant. So a kernel whose sizes all follow from one
// number costs one entry per kernel, however often the number is used.
#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Program/Isa.h"

#include "llvm/ADT/MapVector.h"
#include <map>

using namespace mlir;

namespace wafer::pe {
#define GEN_PASS_DEF_PESHAREFUNCTIONS
#include "wafer/Dialect/Pe/Passes.h.inc"
} // namespace wafer::pe

using namespace wafer;
using namespace wafer::pe;

namespace {
/// A function as its structure and its constants.
struct Shape {
  std::string key;
  std::vector<int32_t> holes;
};

class ShapeBuilder {
public:
  explicit ShapeBuilder(FuncOp function) { add(function.getBody()); }
  Shape shape;

private:
  void put(const void *pointer) { shape.key.append(reinterpret_cast<const char *>(&pointer), sizeof pointer); }
  void put(unsigned number) { shape.key.append(reinterpret_cast<const char *>(&number), sizeof number); }
  void define(Value value) { numbers.try_emplace(value, numbers.size()); }

  void add(Region &region) {
    put(region.getBlocks().size());
    for (Block &block : region) {
      put(block.getNumArguments());
      for (Value argument : block.getArguments())
        define(argument);
      for (Operation &op : block)
        if (!llvm::isa<ConstOp>(op))
          add(op);
      put(nullptr); // the block's end; no op has this name
    }
  }

  void add(Operation &op) {
    put(op.getName().getAsOpaquePointer());
    put(op.getAttrDictionary().getAsOpaquePointer());
    put(op.getNumOperands());
    for (Value operand : op.getOperands()) {
      if (std::optional<int32_t> constant = constantOf(operand)) {
        put(~0u);
        shape.holes.push_back(*constant);
      } else {
        put(numbers.lookup(operand));
      }
    }
    for (Value result : op.getResults())
      define(result);
    for (Region &region : op.getRegions())
      add(region);
  }

  llvm::DenseMap<Value, unsigned> numbers;
};

struct Member {
  FuncOp function;
  std::vector<int32_t> holes;
};

struct ShareFunctions : wafer::pe::impl::PeShareFunctionsBase<ShareFunctions> {
  using PeShareFunctionsBase::PeShareFunctionsBase;

  void runOnOperation() override;

private:
  void share(std::vector<Member> members);
  void merge(FuncOp kept, FuncOp gone);
  StringAttr tableOf(ArrayRef<int32_t> values);

  llvm::DenseMap<StringAttr, SmallVector<CallOp>> calls;  // by callee
  llvm::DenseMap<StringAttr, TableOp> tables;             // by name
  std::map<std::vector<int32_t>, StringAttr> tableValues; // every table's contents
  unsigned nextTable = 0;
};
} // namespace

/// Calls of `gone` go to `kept`. Code of several kernels has no location of its own, so the calls must.
void ShareFunctions::merge(FuncOp kept, FuncOp gone) {
  SmallVector<CallOp> from = calls[gone.getSymNameAttr()], &to = calls[kept.getSymNameAttr()];
  if (kept.getLoc() != gone.getLoc()) {
    auto name = [&](FuncOp function) {
      for (CallOp call : calls[function.getSymNameAttr()])
        if (nodeNameOf(call.getLoc()).empty())
          call->setLoc(function.getLoc());
    };
    name(kept), name(gone);
    Location unknown = UnknownLoc::get(&getContext());
    kept.walk([&](Operation *op) { op->setLoc(unknown); });
  }
  for (CallOp call : from)
    call.setCalleeAttr(FlatSymbolRefAttr::get(kept.getSymNameAttr()));
  to.append(from.begin(), from.end());
  calls.erase(gone.getSymNameAttr());
  gone.erase();
  ++numMerged;
}

StringAttr ShareFunctions::tableOf(ArrayRef<int32_t> values) {
  StringAttr &name = tableValues[values.vec()];
  if (name)
    return name;
  do
    name = StringAttr::get(&getContext(), "table" + Twine(nextTable++));
  while (tables.contains(name));
  Block &body = getOperation().getBody().front();
  auto builder = OpBuilder::atBlockBegin(&body);
  if (auto functions = body.getOps<FuncOp>(); !functions.empty())
    builder.setInsertionPoint(*functions.begin());
  tables[name] = TableOp::create(builder, getOperation().getLoc(), name, builder.getDenseI32ArrayAttr(values));
  ++numTables;
  return name;
}

/// `members` have one structure.
void ShareFunctions::share(std::vector<Member> all) {
  // Equal in everything: merged, without a table.
  std::vector<Member> members;
  std::map<std::vector<int32_t>, size_t> seen;
  for (Member &member : all) {
    auto [at, isNew] = seen.try_emplace(member.holes, members.size());
    if (isNew) {
      members.push_back(std::move(member));
    } else {
      savedBytes += estimateCodeBytes(member.function);
      merge(members[at->second].function, member.function);
    }
  }
  if (members.size() < 2)
    return;

  // Columns of the table: the distinct vectors of values among the holes that vary.
  constexpr int kConstant = -1;
  std::map<std::vector<int32_t>, int> columnOf;
  std::vector<int> column(members[0].holes.size(), kConstant);
  std::vector<std::vector<int32_t>> columns;
  for (size_t hole = 0; hole != column.size(); ++hole) {
    std::vector<int32_t> values;
    for (Member &member : members)
      values.push_back(member.holes[hole]);
    if (llvm::all_equal(values))
      continue;
    auto [at, isNew] = columnOf.try_emplace(values, columns.size());
    if (isNew)
      columns.push_back(values);
    column[hole] = at->second;
  }

  // Worth it? One function that loads every entry, tables and the calls' table registers, against the functions.
  FuncOp shared = members[0].function;
  int64_t oldEntries = 0, callCount = 0, before = 0, tableBytes = 0;
  shared.walk([&](ParamOp param) { oldEntries = std::max<int64_t>(oldEntries, param.getIndex() + 1); });
  for (Member &member : members) {
    callCount += calls[member.function.getSymNameAttr()].size();
    before += estimateCodeBytes(member.function);
  }
  for (const std::vector<int32_t> &values : columns)
    tableBytes += tableEntryBytes(values) * members.size();
  int64_t after = estimateCodeBytes(shared) + isa::kWordBytes * int64_t(columns.size()) + tableBytes +
                  (oldEntries ? 0 : isa::kWordBytes * callCount);
  if (after >= before)
    return;
  savedBytes += before - after;

  for (size_t m = 0; m != members.size(); ++m) {
    for (CallOp call : calls[members[m].function.getSymNameAttr()]) {
      std::vector<int32_t> values;
      if (oldEntries)
        llvm::append_range(values, tables[call.getTableAttr().getAttr()].getValues().take_front(oldEntries));
      for (const std::vector<int32_t> &perMember : columns)
        values.push_back(perMember[m]);
      call.setTableAttr(FlatSymbolRefAttr::get(tableOf(values)));
    }
  }
  auto builder = OpBuilder::atBlockBegin(&shared.getBody().front());
  std::vector<Value> params;
  for (size_t c = 0; c != columns.size(); ++c)
    params.push_back(ParamOp::create(builder, shared.getLoc(), oldEntries + c));
  size_t hole = 0;
  shared.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands())
      if (constantOf(operand.get())) {
        if (column[hole] != kConstant)
          operand.set(params[column[hole]]);
        ++hole;
      }
  });
  shared.walk([](ConstOp constant) {
    if (constant.use_empty())
      constant.erase();
  });
  for (size_t m = 1; m != members.size(); ++m)
    merge(shared, members[m].function);
}

void ShareFunctions::runOnOperation() {
  calls.clear(), tables.clear(), tableValues.clear(), nextTable = 0;
  ProgramOp program = getOperation();
  llvm::MapVector<StringRef, std::vector<Member>> groups;
  std::vector<std::unique_ptr<ShapeBuilder>> shapes; // own the keys
  llvm::DenseMap<StringAttr, StringAttr> sameTable;
  for (Operation &op : program.getBody().front()) {
    if (auto function = dyn_cast<FuncOp>(op)) {
      shapes.push_back(std::make_unique<ShapeBuilder>(function));
      groups[shapes.back()->shape.key].push_back({function, std::move(shapes.back()->shape.holes)});
    } else if (auto table = dyn_cast<TableOp>(op)) {
      tables[table.getSymNameAttr()] = table;
      sameTable[table.getSymNameAttr()] =
          tableValues.try_emplace(table.getValues().vec(), table.getSymNameAttr()).first->second;
    }
  }
  program.walk([&](CallOp call) {
    calls[call.getCalleeAttr().getAttr()].push_back(call);
    if (call.getTable())
      call.setTableAttr(FlatSymbolRefAttr::get(sameTable[call.getTableAttr().getAttr()]));
  });
  for (auto &[key, members] : groups)
    if (members.size() > 1)
      share(std::move(members));

  // Tables and functions that no call names any more.
  llvm::DenseSet<StringAttr> used;
  program.walk([&](CallOp call) {
    if (call.getTable())
      used.insert(call.getTableAttr().getAttr());
  });
  for (auto table : llvm::make_early_inc_range(program.getBody().front().getOps<TableOp>()))
    if (!used.contains(table.getSymNameAttr()))
      table.erase();
}
