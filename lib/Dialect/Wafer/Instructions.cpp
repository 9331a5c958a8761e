#include "wafer/Dialect/Wafer/Instructions.h"

#include "wafer/Dialect/Wafer/WaferDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

static std::optional<isa::VectorOp> compareKind(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
  case arith::CmpFPredicate::UEQ:
    return isa::VectorOp::CmpEq;
  case arith::CmpFPredicate::ONE:
  case arith::CmpFPredicate::UNE:
    return isa::VectorOp::CmpNe;
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::ULT:
    return isa::VectorOp::CmpLt;
  case arith::CmpFPredicate::OLE:
  case arith::CmpFPredicate::ULE:
    return isa::VectorOp::CmpLe;
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::UGT:
    return isa::VectorOp::CmpGt;
  case arith::CmpFPredicate::OGE:
  case arith::CmpFPredicate::UGE:
    return isa::VectorOp::CmpGe;
  default:
    return std::nullopt;
  }
}

static std::optional<isa::VectorOp> compareKind(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return isa::VectorOp::CmpEq;
  case arith::CmpIPredicate::ne:
    return isa::VectorOp::CmpNe;
  case arith::CmpIPredicate::slt:
    return isa::VectorOp::CmpLt;
  case arith::CmpIPredicate::sle:
    return isa::VectorOp::CmpLe;
  case arith::CmpIPredicate::sgt:
    return isa::VectorOp::CmpGt;
  case arith::CmpIPredicate::sge:
    return isa::VectorOp::CmpGe;
  default:
    return std::nullopt;
  }
}

static isa::VectorOp checkedKind(CheckedKind kind) {
  switch (kind) {
  case CheckedKind::Add:
    return isa::VectorOp::AddChecked;
  case CheckedKind::Sub:
    return isa::VectorOp::SubChecked;
  case CheckedKind::Mul:
    return isa::VectorOp::MulChecked;
  case CheckedKind::Shl:
    return isa::VectorOp::ShlChecked;
  case CheckedKind::Div:
    return isa::VectorOp::DivChecked;
  case CheckedKind::NonNegative:
    return isa::VectorOp::CheckNonNegative;
  case CheckedKind::FromFloat:
    return isa::VectorOp::CvtF32I32Checked;
  }
  llvm_unreachable("a kind without an operation");
}

/// Rounding to a narrow float.
static std::optional<isa::VectorOp> roundingKind(Type type) {
  if (type.isF16())
    return isa::VectorOp::RoundF16;
  if (type.isBF16())
    return isa::VectorOp::RoundBf16;
  return std::nullopt;
}

std::optional<isa::VectorOp> wafer::wfr::roundingOf(Operation *op) {
  return llvm::isa<arith::SIToFPOp, arith::UIToFPOp>(op) ? roundingKind(op->getResult(0).getType()) : std::nullopt;
}

std::optional<isa::VectorOp> wafer::wfr::instructionOf(Operation *op) {
  using K = isa::VectorOp;
  // Words are not narrow floats: what computes in one has no instruction.
  if (op->getNumResults() == 1 && roundingKind(op->getResult(0).getType()) &&
      !llvm::isa<arith::TruncFOp, arith::SIToFPOp, arith::UIToFPOp>(op))
    return std::nullopt;
  return TypeSwitch<Operation *, std::optional<K>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return K::Add; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return K::Sub; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return K::Mul; })
      .Case<arith::DivFOp, arith::DivSIOp>([](auto) { return K::Div; })
      .Case<arith::RemFOp, arith::RemSIOp>([](auto) { return K::Rem; })
      .Case<arith::DivUIOp>([](auto) { return K::DivU; })
      .Case<arith::RemUIOp>([](auto) { return K::RemU; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>([](auto) { return K::Max; })
      .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>([](auto) { return K::Min; })
      .Case<arith::NegFOp>([](auto) { return K::Neg; })
      .Case<arith::AndIOp>([](auto) { return K::And; })
      .Case<arith::OrIOp>([](auto) { return K::Or; })
      .Case<arith::XOrIOp>([](auto) { return K::Xor; })
      .Case<arith::ShLIOp>([](auto) { return K::Shl; })
      .Case<arith::ShRSIOp>([](auto) { return K::Shr; })
      .Case<arith::ShRUIOp>([](auto) { return K::ShrU; })
      .Case<CheckedOp>([](CheckedOp op) { return checkedKind(op.getKind()); })
      .Case<arith::SelectOp>([](auto) { return K::Select; })
      .Case<arith::CmpFOp>([](arith::CmpFOp op) { return compareKind(op.getPredicate()); })
      .Case<arith::CmpIOp>([](arith::CmpIOp op) { return compareKind(op.getPredicate()); })
      .Case<arith::SIToFPOp>([](auto) { return K::CvtI32F32; })
      .Case<arith::UIToFPOp>(
          [](arith::UIToFPOp op) { return op.getIn().getType().isInteger(1) ? K::CvtI32F32 : K::CvtU32F32; })
      .Case<arith::FPToSIOp>([](auto) { return K::CvtF32I32; })
      .Case<arith::FPToUIOp>([](auto) { return K::CvtF32U32; })
      .Case<arith::TruncFOp>([](arith::TruncFOp op) { return roundingKind(op.getType()); })
      .Case<math::FmaOp>([](auto) { return K::Fma; })
      .Case<math::SqrtOp>([](auto) { return K::Sqrt; })
      .Case<math::RsqrtOp>([](auto) { return K::Rsqrt; })
      .Case<math::ExpOp>([](auto) { return K::Exp; })
      .Case<math::LogOp>([](auto) { return K::Log; })
      .Case<math::TanhOp>([](auto) { return K::Tanh; })
      .Case<math::ErfOp>([](auto) { return K::Erf; })
      .Case<math::SinOp>([](auto) { return K::Sin; })
      .Case<math::CosOp>([](auto) { return K::Cos; })
      .Case<math::FloorOp>([](auto) { return K::Floor; })
      .Case<math::CeilOp>([](auto) { return K::Ceil; })
      .Case<math::RoundEvenOp>([](auto) { return K::Round; })
      .Case<math::AbsFOp, math::AbsIOp>([](auto) { return K::Abs; })
      .Case<math::PowFOp>([](auto) { return K::Pow; })
      .Default([](Operation *) { return std::nullopt; });
}

bool wafer::wfr::keepsWord(Operation *op) {
  return llvm::isa<arith::IndexCastOp, arith::ExtUIOp, arith::TruncIOp, arith::ExtSIOp, arith::BitcastOp,
                   arith::ExtFOp>(op);
}

Value wafer::wfr::wordOf(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!keepsWord(def))
      break;
    value = def->getOperand(0);
  }
  return value;
}

static bool isChecked(Operation *op, CheckedKind kind) {
  auto checked = llvm::dyn_cast<CheckedOp>(op);
  return checked && checked.getKind() == kind;
}

/// What becomes of a product and a sum of one kind when they are one instruction.
static std::optional<isa::VectorOp> fusedKind(Operation *product, Operation *sum) {
  if ((llvm::isa<arith::MulFOp>(product) && llvm::isa<arith::AddFOp>(sum)) ||
      (llvm::isa<arith::MulIOp>(product) && llvm::isa<arith::AddIOp>(sum)))
    return isa::VectorOp::Fma;
  if (isChecked(product, CheckedKind::Mul) && isChecked(sum, CheckedKind::Add))
    return isa::VectorOp::FmaChecked;
  return std::nullopt;
}

bool wafer::wfr::isFusedProduct(Operation *op, Block &body) {
  if (op->getNumResults() != 1 || !op->getResult(0).hasOneUse())
    return false;
  Operation *user = *op->getResult(0).getUsers().begin();
  if (!fusedKind(op, user))
    return false;
  Value other = user->getOperand(user->getOperand(0) == op->getResult(0) ? 1 : 0);
  return wordOf(other) == body.getArguments().back();
}

std::optional<FusedSum> wafer::wfr::fusedSum(Operation *op, Block &body) {
  if (op->getNumOperands() == 2)
    for (unsigned i = 0; i != 2; ++i)
      if (Operation *product = op->getOperand(i).getDefiningOp(); product && isFusedProduct(product, body))
        return FusedSum{*fusedKind(product, op), product->getOperand(0), product->getOperand(1), op->getOperand(1 - i)};
  return std::nullopt;
}

SmallVector<isa::VectorOp> wafer::wfr::instructionsOf(Block &body) {
  SmallVector<isa::VectorOp> instructions;
  for (Operation &op : body.without_terminator()) {
    if (keepsWord(&op) || op.hasTrait<OpTrait::ConstantLike>() || isFusedProduct(&op, body) ||
        llvm::isa<IndexOp, linalg::IndexOp>(op))
      continue;
    std::optional<FusedSum> fused = fusedSum(&op, body);
    instructions.push_back(fused ? fused->op : instructionOf(&op).value_or(isa::VectorOp::Add));
    if (std::optional<isa::VectorOp> rounding = roundingOf(&op))
      instructions.push_back(*rounding);
  }
  if (instructions.empty())
    instructions.push_back(isa::VectorOp::Mov);
  return instructions;
}

int64_t wafer::wfr::lanesOfSum(int64_t terms) {
  constexpr int64_t kLongSum = 512, kMostLanes = 128;
  if (terms < kLongSum)
    return 0;
  int64_t lanes = 16;
  while (lanes < kMostLanes && 4 * lanes * lanes <= terms)
    lanes *= 2;
  return lanes;
}
