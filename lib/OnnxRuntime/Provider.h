// The execution provider of one session.
#ifndef WAFER_LIB_ONNXRUNTIME_PROVIDER_H
#define WAFER_LIB_ONNXRUNTIME_PROVIDER_H

#include "FusedNode.h"
#include "Options.h"

#include <memory>
#include <set>
#include <string>

namespace wafer::ort {

class Provider : public OrtEp {
public:
  Provider(Options options, const OrtLogger *logger);

private:
  void getCapability(const OrtGraph *graph, OrtEpGraphSupportInfo *support);
  std::unique_ptr<FusedNode> compile(const OrtGraph *part, const OrtNode *fused, OrtNode **context);

  Options options;
  const OrtLogger *logger;
  std::set<std::string> warned; // ONNX Runtime asks more than once
};

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_PROVIDER_H
