// Algorithms that combine terms along a line of PEs. Each is a part in a file of its own, lib/Collectives/<Name>.cpp:
// when it is legal, what it costs, which channels it wants, and its code. Planner, order proof, channels and code
// generation go through the list; docs/collectives.md has the ideas and the figures.
#ifndef WAFER_COLLECTIVES_REDUCE_H
#define WAFER_COLLECTIVES_REDUCE_H

#include "wafer/Collectives/PeBuilder.h"
#include "wafer/Route/ChannelColors.h"
#include "wafer/Target/ResourceModel.h"

namespace wafer::wfr {

/// What is to be combined: each PE's box of so many words, by groups of neighbors on lines along one side, toward the
/// first PE of each group.
struct ReduceTask {
  Side side;
  int64_t line;  // PEs of a line
  int64_t group; // of them that hold the terms of one sum: the whole line, or a part of it; 0: they are no neighbors
  int64_t words;

  bool whole() const { return group == line; }
  static ReduceTask of(const Layout &terms, Side side, RegionSize region);
};

/// Where the code goes, and what it works on.
struct ReduceCode {
  PeBuilder &b;
  const LineColors &colors;
  BufferPart term;
  pe::VectorKind kind;
  pe::ElementType type;
};

class ReduceCollective {
public:
  virtual ~ReduceCollective() = default;
  virtual ReduceAlgorithm algorithm() const = 0;
  virtual bool legal(const ReduceTask &task) const = 0;
  /// Of the slowest PE; `task` is legal.
  virtual double cycles(const ReduceTask &task, const ResourceModel &model) const = 0;
  virtual ChannelSet channels() const = 0;
  virtual void build(const ReduceTask &task, ReduceCode &code) const = 0;
};

llvm::ArrayRef<const ReduceCollective *> reduceCollectives();
const ReduceCollective &collectiveOf(ReduceAlgorithm algorithm);

/// The fastest that is legal, with its cycles; null if none is.
std::pair<const ReduceCollective *, double> fastestReduce(const ReduceTask &task, const ResourceModel &model);

// lib/Collectives/Chain.cpp, Star.cpp
const ReduceCollective &chainReduce();
const ReduceCollective &starReduce();

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_REDUCE_H
