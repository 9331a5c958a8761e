// All-reduces of several tensors: what Combine.cpp has decided to sum or to gather together.
#ifndef WAFER_LIB_PLAN_EMITSUMS_H
#define WAFER_LIB_PLAN_EMITSUMS_H

#include "EmitState.h"

#include <map>

namespace wafer::wfr {

/// Terms wait here for the node that they are combined with, and what has come with a sum for the node that reads it.
class SumEmitter {
public:
  explicit SumEmitter(EmitState &state);

  /// A kernel's terms, or the parts of an output, wait for the node that its plan names.
  void keepTerms(size_t node, mlir::Value terms);
  void keepParts(size_t output);
  bool hasTermsFor(size_t node) const { return waiting.contains(node); }

  /// Brings what a node has computed to where its result rests: what are terms is combined, as its plan says, with
  /// those that wait for it and with parts that ride with it. `into`: memory that is given.
  mlir::Value finish(size_t node, mlir::Value value, mlir::Value into, mlir::OpBuilder &builder);
  /// An output and, before it, those that waited for it, each with its value: all gathered by one sum.
  llvm::SmallVector<std::pair<size_t, mlir::Value>> gatherOutputs(size_t output);
  /// Gathers operands of a node that come by one sum.
  void gatherOperands(size_t node);
  /// An operand that has come with a sum, or null.
  mlir::Value arrived(size_t node, size_t operand) const;

private:
  using Operand = std::pair<size_t, size_t>; // node, and which of its operands

  mlir::Value termsOf(Operand operand);
  mlir::Value combine(size_t node, mlir::Value terms, const ReduceStep &step, mlir::OpBuilder &builder);

  EmitState &state;
  llvm::DenseMap<size_t, llvm::SmallVector<std::pair<size_t, mlir::Value>>> waiting; // by node: nodes and their terms
  llvm::DenseMap<size_t, llvm::SmallVector<Operand>> riders;                         // by node
  std::map<Operand, mlir::Value> together;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITSUMS_H
