// The streams that transfers take, as ops.
#ifndef WAFER_LIB_PLAN_EMITSTREAMS_H
#define WAFER_LIB_PLAN_EMITSTREAMS_H

#include "EmitState.h"
#include "Transfers.h"

namespace wafer::wfr {

class StreamEmitter {
public:
  /// Transfers are known by their places among `transfers`.
  StreamEmitter(EmitState &state, llvm::ArrayRef<Transfer> transfers, int64_t hostLanes);

  /// The name of a hop's stream. It is written when the first of its ends is, so that those with the host stand in the
  /// order in which regions use them.
  llvm::StringRef of(size_t transfer, size_t hop);

private:
  std::string nameOf(size_t transfer, const Net &net);
  void emit(const Transfer &transfer, size_t hop, llvm::StringRef name);

  EmitState &state;
  llvm::ArrayRef<Transfer> transfers;
  int64_t hostLanes;
  llvm::DenseMap<int, int> outputs;                         // by node: its number among the outputs
  std::map<std::pair<size_t, size_t>, std::string> written; // by transfer and hop
  llvm::StringMap<int> names;                               // how many streams would have each
};

mlir::Location locationOf(const Transfer &transfer, const Graph &graph);

} // namespace wafer::wfr

#endif // WAFER_LIB_PLAN_EMITSTREAMS_H
