#include "EmitMovement.h"

using namespace mlir;
using namespace wafer::wfr;

static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

Value wafer::wfr::emitTerms(const MoveStep &step, Value value, ArrayRef<int64_t> shape, PartialKind kind,
                            OpBuilder &builder, Location where) {
  Layout terms = step.result;
  terms.kind = kind;
  terms.partialAxes =
      step.line->grouped ? axisBit(minorAxis(*step.along)) : axesOf(*step.along, terms.split(*step.along));
  return TermsOp::create(builder, where, typeOf(shape, elementOf(value), terms), value);
}

/// By a sum that picks.
static Value gathered(const MoveStep &step, Value value, ArrayRef<int64_t> shape, OpBuilder &builder, Location where) {
  value = emitTerms(step, value, shape, PartialKind::Pick, builder, where);
  return AllReduceOp::create(builder, where, TypeRange{typeOf(shape, elementOf(value), step.result)}, value,
                             *step.along, step.line->attr(builder.getContext()))
      .getResult(0);
}

Value wafer::wfr::emitMovement(const Movement &movement, Value value, ArrayRef<int64_t> shape, const MoveEnd &end,
                               OpBuilder &builder, Location where, OpBuilder *outside) {
  const bool shifts = llvm::any_of(end.shift, [](int64_t s) { return s != 0; });
  for (auto [i, step] : llvm::enumerate(movement.steps)) {
    const bool last = i + 1 == movement.steps.size();
    if ((last && end.into) || step.result.dependsOn(T))
      outside = nullptr;
    OpBuilder &here = outside ? *outside : builder;
    ArrayRef<int64_t> made = last ? end.shape : shape;
    value = step.line
                ? gathered(step, value, made, here, where)
                : RedistributeOp::create(here, where, typeOf(made, elementOf(value), step.result), value,
                                         last ? end.into : Value(), step.along,
                                         last && shifts ? end.shift : ArrayRef<int64_t>(), step.algorithm, step.regroup)
                      .getResult();
  }
  return value;
}
