// A graph to plan in tests.
#ifndef WAFER_TEST_UNIT_PLAN_PRODUCT_H
#define WAFER_TEST_UNIT_PLAN_PRODUCT_H

#include "Plan/Graph.h"

#include "mlir/IR/BuiltinOps.h"

namespace wafer::wfr {

/// c[i, j] = sum over k of a[i, k] * b[k, j], whose operands come from the host.
struct Product {
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  Graph graph;

  Product() {
    const int64_t m = 12, n = 10, k = 7;
    for (auto [rows, columns] : {std::pair{m, k}, {k, n}, {m, n}}) {
      GraphTensor &tensor = graph.tensors.emplace_back(module->getLoc());
      tensor.kind = graph.tensors.size() < 3 ? GraphTensor::Input : GraphTensor::Computed;
      tensor.shape = {rows, columns};
      tensor.reads = 1;
    }
    GraphNode &node = graph.nodes.emplace_back(GraphNode::Kernel, *module);
    for (int operand : {0, 1})
      node.operands.push_back({graph.tensors[operand].shape, {{operand, {}}}, {}});
    node.result = 2;
    graph.tensors[2].producer = 0;
    node.extents = {m, n, k};
    node.reduction = {false, false, true};
    auto map = [&](unsigned a, unsigned b) {
      return mlir::AffineMap::get(3, 0, {getAffineDimExpr(a, &context), getAffineDimExpr(b, &context)}, &context);
    };
    node.maps = {map(0, 2), map(2, 1), map(0, 1)};
    node.combiner = PartialKind::Add;
    node.identity = mlir::FloatAttr::get(mlir::Float32Type::get(&context), 0.0);
    node.body = {isa::VectorOp::Mul, isa::VectorOp::Add};
    GraphNode &output = graph.nodes.emplace_back(GraphNode::Output, *module);
    output.operands.push_back({graph.tensors[2].shape, {{2, {}}}, {}});
    for (auto [tensor, user] : {std::pair{0, 0}, {1, 0}, {2, 1}})
      graph.tensors[tensor].users.push_back(user);
  }
};

} // namespace wafer::wfr

#endif // WAFER_TEST_UNIT_PLAN_PRODUCT_H
