// Loops: of one node that runs chunk by chunk, and of many nodes with what they carry and gather.
#ifndef WAFER_LIB_PLAN_EMITLOOP_H
#define WAFER_LIB_PLAN_EMITLOOP_H

#include "EmitOperands.h"

namespace wafer::wfr {

class LoopEmitter {
public:
  LoopEmitter(EmitState &state, OperandEmitter &operands, SumEmitter &sums)
      : state(state), operands(operands), sums(sums) {}

  /// All of a node that is cut into chunks; its result.
  mlir::Value emitChunks(size_t node);
  /// The next node of a graph's loop, which opens with the first that is repeated. Says whether it ends with this one:
  /// what it makes is there then.
  bool emitNode(size_t node);

private:
  /// The loop that is being written. Its region's builder stands before it meanwhile: what no step changes is there.
  struct OpenLoop {
    OpenLoop(ChunksOp op, llvm::SmallVector<int> tensors)
        : op(op), inner(mlir::OpBuilder::atBlockEnd(&op.getBody().front())), tensors(std::move(tensors)) {}
    ChunksOp op;
    mlir::OpBuilder inner;
    llvm::SmallVector<int> tensors;       // results of its Carry nodes and of the nodes that gather outputs
    llvm::DenseMap<int, mlir::Value> now; // these tensors, in the body
    llvm::DenseMap<int, std::pair<int, mlir::Value>> next; // what a step makes of them, as which tensor of outside
  };

  void emitCarry(size_t node);
  void emitStep(size_t node);
  void open(int number, EmittedRegion &region);
  void close(EmittedRegion &region);

  EmitState &state;
  OperandEmitter &operands;
  SumEmitter &sums;
  std::optional<OpenLoop> loop;
};

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITLOOP_H
