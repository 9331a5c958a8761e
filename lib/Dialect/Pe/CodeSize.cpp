#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Program/Assembler.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::pe;

int64_t wafer::pe::tableEntryBytes(ArrayRef<int32_t> values) {
  return llvm::all_of(values, [](int32_t v) { return llvm::isInt<16>(v); }) ||
                 llvm::all_of(values, [](int32_t v) { return v >= 0 && llvm::isUInt<16>(v); })
             ? 2
             : 4;
}

bool wafer::pe::isFusedCompare(ScalarOp op) {
  return (op.getKind() == ScalarKind::Slt || op.getKind() == ScalarKind::Seq) &&
         llvm::all_of(op->getUsers(), llvm::IsaPred<IfOp>);
}

Field wafer::pe::fieldOf(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto scalar = dyn_cast<ScalarOp>(op)) {
    if (isFusedCompare(scalar))
      return Field::Register;
    if (operand.getOperandNumber() == 1)
      return Field::Immediate14;
    // On the left: where the other side is no constant, and the operation has a mirror image.
    if (constantOf(scalar.getB()))
      return Field::Register;
    switch (scalar.getKind()) {
    case ScalarKind::Shl:
    case ScalarKind::Shr:
    case ScalarKind::Div:
    case ScalarKind::Rem:
      return Field::Register;
    default:
      return Field::Immediate14;
    }
  }
  if (llvm::isa<DescOp>(op))
    return operand.getOperandNumber() == 0 ? Field::Base : Field::Size;
  if (auto vec = dyn_cast<VecOp>(op))
    return operand.getOperandNumber() < vec.getNest().size() ? Field::Size : Field::Register;
  if (llvm::isa<RecvWindowOp>(op))
    return Field::Size;
  if (llvm::isa<ForOp>(op) && operand.getOperandNumber() == 2)
    return Field::Immediate14;
  return Field::Register;
}

bool wafer::pe::fitsField(Field field, int32_t value) {
  switch (field) {
  case Field::Register:
    return value == 0;
  case Field::Immediate14: // and its negation, for sub
    return isa::Assembler::fitsImmediate(value) && isa::Assembler::fitsImmediate(-int64_t(value));
  case Field::Size:
    return isa::Operand::fits(value);
  case Field::Base:
    return value >= 0 && value <= 0xffff;
  }
  return false;
}

namespace {
/// Counts words as the assembler would emit them, but forgets descriptors at every branch and label.
class Counter {
public:
  int64_t words = 1; // the return or halt

  explicit Counter(Block &code) {
    unsigned values = code.getNumArguments();
    code.walk([&](Operation *op) {
      for (Value result : op->getResults())
        values += result.getType().isInteger(32);
      values += llvm::isa<ForOp>(op);
    });
    isCrowded = values > kFewValues;
    add(code);
  }

private:
  // Beyond this many values, constants and the like may have to be made again at every use.
  static constexpr unsigned kFewValues = 18;

  void add(Block &block) {
    forget();
    for (Operation &op : block)
      add(op);
    forget();
  }

  void forget() { nest = {}, descriptors.clear(); }

  static int64_t loadWords(int32_t value) { return llvm::isInt<19>(value) ? 1 : 2; }

  /// A value moved to a given register.
  static int64_t moveWords(Value value) {
    std::optional<int32_t> constant = constantOf(value);
    return constant ? loadWords(*constant) : 1;
  }

  static int64_t originWords(OpOperand &use) {
    if (std::optional<int32_t> constant = constantOf(use.get()))
      return fitsField(fieldOf(use), *constant) ? 0 : loadWords(*constant);
    return llvm::isa_and_nonnull<ParamOp, CoordOp>(use.get().getDefiningOp()) ? 1 : 0;
  }

  /// What an instruction reads, each time that it is emitted.
  void use(MutableArrayRef<OpOperand> operands) {
    if (isCrowded)
      for (OpOperand &operand : operands)
        words += originWords(operand);
  }

  void setNest(Operation *op, OperandRange extents) {
    if (nest && *nest == extents)
      return;
    nest = extents;
    words += 1 + (extents.size() + 1) / 2;
    use(op->getOpOperands().slice(extents.getBeginOperandIndex(), extents.size()));
  }

  void useDescriptor(Value value) {
    if (!descriptors.insert(value).second && descriptors.size() <= isa::kDescriptorRegisters)
      return;
    auto desc = value.getDefiningOp<DescOp>();
    words += 1 + (desc.getStrides().size() + 1) / 2;
    use(desc->getOpOperands());
  }

  void add(Operation &op) {
    TypeSwitch<Operation *>(&op)
        .Case([&](ConstOp constant) {
          bool inRegister = llvm::any_of(constant->getUses(), [&](OpOperand &use) {
            bool isMoved =
                llvm::isa<CallOp>(use.getOwner()) || (llvm::isa<ForOp>(use.getOwner()) && use.getOperandNumber() == 0);
            return !isMoved && !fitsField(fieldOf(use), constant.getValue());
          });
          words += inRegister && !isCrowded ? loadWords(constant.getValue()) : 0;
        })
        .Case<ParamOp, CoordOp>([&](auto) { words += !isCrowded; })
        .Case([&](ScalarOp scalar) {
          if (isFusedCompare(scalar))
            return;
          words += 1;
          use(op.getOpOperands());
        })
        .Case<AddrOp, TrapOp, WaitOp>([&](auto) {
          words += 1;
          use(op.getOpOperands());
        })
        .Case<LoadOp, StoreOp>([&](auto access) {
          words += isa::Assembler::fitsImmediate(static_cast<int64_t>(access.getOffset())) ? 1 : 4;
          use(op.getOpOperands());
        })
        .Case([&](VecOp vec) {
          setNest(vec, vec.getNest());
          for (OpOperand &operand : op.getOpOperands().drop_front(vec.getNest().size()))
            if (llvm::isa<DescType>(operand.get().getType()))
              useDescriptor(operand.get());
            else
              use(operand);
          words += 2;
        })
        .Case([&](RecvWindowOp receive) {
          size_t rank = receive.getNest().size();
          setNest(receive, receive.getNest());
          useDescriptor(receive.getDst());
          words += 1 + rank;
          use(op.getOpOperands().slice(rank, 2 * rank));
        })
        .Case([&](CallOp call) {
          words += 1 + (call.getTable() ? 1 : 0);
          for (Value operand : call.getOperands())
            words += moveWords(operand);
          forget();
        })
        .Case([&](ForOp loop) {
          words += moveWords(loop.getLower()) + 3; // guard, increment, branch back
          use(op.getOpOperands().slice(1, 2));
          use(op.getOpOperands()[1]);
          add(loop.getBody().front());
        })
        .Case([&](IfOp branch) {
          words += 1;
          auto compare = branch.getCondition().getDefiningOp<ScalarOp>();
          use(compare && isFusedCompare(compare) ? compare->getOpOperands() : op.getOpOperands());
          if (!branch.getThenRegion().empty())
            add(branch.getThenRegion().front());
          if (!branch.getElseRegion().empty()) {
            words += 1;
            add(branch.getElseRegion().front());
          }
        });
  }

  bool isCrowded = false;
  std::optional<OperandRange> nest;
  DenseSet<Value> descriptors;
};
} // namespace

int64_t wafer::pe::estimateCodeBytes(FuncOp function) {
  return Counter(function.getBody().front()).words * isa::kWordBytes;
}

int64_t wafer::pe::estimateCodeBytes(MainOp main) { return Counter(main.getBody().front()).words * isa::kWordBytes; }
