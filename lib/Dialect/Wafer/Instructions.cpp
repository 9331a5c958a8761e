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

std::optional<isa::VectorOp> wafer::wfr::instructionOf(Operation *op) {
  using K = isa::VectorOp;
  return TypeSwitch<Operation *, std::optional<K>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return K::Add; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return K::Sub; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return K::Mul; })
      .Case<arith::DivFOp, arith::DivSIOp>([](auto) { return K::Div; })
      .Case<arith::RemFOp, arith::RemSIOp>([](auto) { return K::Rem; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp>([](auto) { return K::Max; })
      .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp>([](auto) { return K::Min; })
      .Case<arith::NegFOp>([](auto) { return K::Neg; })
      .Case<arith::AndIOp>([](auto) { return K::And; })
      .Case<arith::OrIOp>([](auto) { return K::Or; })
      .Case<arith::XOrIOp>([](auto) { return K::Xor; })
      .Case<arith::ShLIOp>([](auto) { return K::Shl; })
      .Case<arith::ShRSIOp>([](auto) { return K::Shr; })
      .Case<arith::SelectOp>([](auto) { return K::Select; })
      .Case<arith::CmpFOp>([](arith::CmpFOp op) { return compareKind(op.getPredicate()); })
      .Case<arith::CmpIOp>([](arith::CmpIOp op) { return compareKind(op.getPredicate()); })
      .Case<arith::SIToFPOp, arith::UIToFPOp>([](auto) { return K::CvtI32F32; })
      .Case<arith::FPToSIOp>([](auto) { return K::CvtF32I32; })
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
  return llvm::isa<arith::IndexCastOp, arith::ExtUIOp, arith::TruncIOp, arith::ExtSIOp, arith::BitcastOp>(op);
}

Value wafer::wfr::wordOf(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (!keepsWord(def))
      break;
    value = def->getOperand(0);
  }
  return value;
}

bool wafer::wfr::isFusedProduct(Operation *op, Block &body) {
  if (!llvm::isa<arith::MulFOp>(op) || !op->getResult(0).hasOneUse())
    return false;
  Operation *user = *op->getResult(0).getUsers().begin();
  if (!llvm::isa<arith::AddFOp>(user))
    return false;
  Value other = user->getOperand(user->getOperand(0) == op->getResult(0) ? 1 : 0);
  return wordOf(other) == body.getArguments().back();
}

SmallVector<isa::VectorOp> wafer::wfr::instructionsOf(Block &body) {
  SmallVector<isa::VectorOp> instructions;
  for (Operation &op : body.without_terminator()) {
    if (keepsWord(&op) || op.hasTrait<OpTrait::ConstantLike>() || isFusedProduct(&op, body) ||
        llvm::isa<IndexOp, linalg::IndexOp>(op))
      continue;
    bool fused = llvm::isa<arith::AddFOp>(op) && llvm::any_of(op.getOperands(), [&](Value value) {
                   Operation *product = value.getDefiningOp();
                   return product && isFusedProduct(product, body);
                 });
    instructions.push_back(fused ? isa::VectorOp::Fma : instructionOf(&op).value_or(isa::VectorOp::Add));
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
