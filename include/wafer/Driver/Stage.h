// The stages of the pipeline, in order: one list for --emit, for reports and for timing.
#ifndef WAFER_DRIVER_STAGE_H
#define WAFER_DRIVER_STAGE_H

#include <array>
#include <string_view>

namespace wafer::driver {

enum class Stage { Onnx, Tensor, Kernels, Wafer, Place, Fabric, Pe, Image };

struct StageInfo {
  Stage stage;
  std::string_view name;
  bool printed; // --emit=NAME stops after it and prints what it made
};

/// In the order in which they run. `wafer` is printed with the places that the stage behind it has chosen.
inline constexpr std::array<StageInfo, 8> kStages{{
    {Stage::Onnx, "onnx", true},
    {Stage::Tensor, "tensor", true},
    {Stage::Kernels, "kernels", false},
    {Stage::Wafer, "wafer", true},
    {Stage::Place, "place", false},
    {Stage::Fabric, "fabric", true},
    {Stage::Pe, "pe", true},
    {Stage::Image, "image", false},
}};

constexpr std::string_view stageName(Stage stage) { return kStages[static_cast<size_t>(stage)].name; }

} // namespace wafer::driver

#endif // WAFER_DRIVER_STAGE_H
