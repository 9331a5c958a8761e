// Mutates ONNX models as graphs: nodes of real operators on values of the graph, with attributes of the right kinds,
// and weights whose data fits their shape. Bytes alone hardly ever get past ONNX's checker.
#ifndef WAFER_TEST_FUZZ_GRAPHMUTATOR_H
#define WAFER_TEST_FUZZ_GRAPHMUTATOR_H

#include "Random.h"

#include "onnx/onnx_pb.h"

namespace wafer::fuzz {

void mutateModel(::onnx::ModelProto &model, Random &random);

} // namespace wafer::fuzz

#endif // WAFER_TEST_FUZZ_GRAPHMUTATOR_H
