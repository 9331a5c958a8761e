// The tensor-level function as the planner sees it: tensors, and nodes in topological order.
#ifndef WAFER_LIB_PLAN_GRAPH_H
#define WAFER_LIB_PLAN_GRAPH_H

#include "wafer/Dialect/Wafer/Instructions.h"
#include "wafer/Dialect/Wafer/Layout.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace wafer::wfr {

struct GraphTensor {
  explicit GraphTensor(mlir::Location loc) : loc(loc) {}

  enum Kind { Input, Weight, Constant, Fill, Computed } kind = Computed;
  llvm::SmallVector<int64_t> shape;
  mlir::Type element;
  mlir::Location loc;
  std::string hostName;                 // Input
  llvm::SmallVector<int64_t> hostShape; // Input: the shape that the host knows it by
  mlir::Type declared;                  // Input: the element type that the host knows it by
  mlir::FlatSymbolRefAttr weight;       // Weight
  mlir::Attribute value;                // Constant (elements), Fill (scalar)
  int producer = -1;                    // node
  int loop = -1;                        // that changes it from step to step
  llvm::SmallVector<int> users;         // nodes, ascending
  int reads = 0;                        // by their operands; a node may read a tensor more than once
  bool resident() const { return kind == Weight || kind == Constant || kind == Fill; }
  int64_t elements() const {
    int64_t n = 1;
    for (int64_t d : shape)
      n *= d;
    return n;
  }
};

/// Part of an operand: element i of the tensor is element i + shift of the operand.
struct Piece {
  int tensor;
  llvm::SmallVector<int64_t> shift;
};

/// What a node reads. Padding, slicing and concatenation are not nodes: they say where an operand's elements come from,
/// and happen while the data moves to where they are needed.
struct GraphOperand {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<Piece, 1> pieces;
  mlir::Attribute fill; // of elements that no piece covers
  bool resized = false; // its shape is not that of its one piece's tensor
  /// The whole of one tensor as it is.
  bool plain() const {
    return pieces.size() == 1 && !fill && !resized && llvm::all_of(pieces[0].shift, [](int64_t s) { return s == 0; });
  }
};

struct GraphNode {
  /// Carry and Next are a loop's ends: what it starts from gets a place of its own, and what a step hands on goes
  /// there. Next reads that, and the tensor carried.
  enum Kind { Kernel, Gather, Reshape, Move, Carry, Next, Output };

  GraphNode(Kind kind, mlir::Operation *op) : kind(kind), op(op), loc(op->getLoc()) {}

  Kind kind;
  mlir::Operation *op;
  mlir::Location loc;
  llvm::SmallVector<GraphOperand, 2> operands;
  int result = -1;
  // Kernel: the loops.
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<bool> reduction;
  llvm::SmallVector<mlir::AffineMap> maps; // operands, then result
  mlir::Attribute identity;                // of the reduction
  PartialKind combiner = PartialKind::None;
  llvm::SmallVector<isa::VectorOp> body; // its instructions
  int stepLoop = -1;                     // the one of its loops that is the step of the loop around: never divided
  bool copies = false;                   // its body yields its one operand
  bool gathers = false;                  // the result is an output of the loop, of which it writes the step's slice
  // Reshape: groups of dimensions that correspond.
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  bool expand = false;
  Regroup regroup;                      // if two dimensions that are one on the other side are the only difference
  std::string hostName;                 // Output
  llvm::SmallVector<int64_t> hostShape; // Output: the shape that the host takes it in
  mlir::Type declared;                  // Output: the element type that the host takes it in
  int loop = -1;                        // that it belongs to
  /// Runs once a step.
  bool repeated() const { return loop >= 0 && kind != Carry; }
};

/// Nodes that run again and again: first its Carry nodes, then its body, then Next nodes for what is carried. They are
/// neighbors in the graph and run in one region.
struct GraphLoop {
  int64_t trips;
  int firstNode, endNode = -1;
};

struct Graph {
  std::vector<GraphTensor> tensors;
  std::vector<GraphNode> nodes;
  std::vector<GraphLoop> loops;

  int64_t tripsOf(const GraphNode &node) const { return node.repeated() ? loops[node.loop].trips : 1; }
  /// The last node that needs the tensor where it rests; -1: none. What a loop reads is needed by its next step too.
  int lastUser(const GraphTensor &tensor) const {
    if (tensor.users.empty())
      return -1;
    const GraphNode &last = nodes[tensor.users.back()];
    return last.repeated() && tensor.loop != last.loop ? loops[last.loop].endNode - 1 : tensor.users.back();
  }
};

mlir::FailureOr<Graph> buildGraph(mlir::func::FuncOp function);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_GRAPH_H
