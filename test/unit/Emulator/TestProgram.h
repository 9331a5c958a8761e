// Small programs made by hand: an image in memory, opened and run.
#ifndef WAFER_TEST_UNIT_EMULATOR_TESTPROGRAM_H
#define WAFER_TEST_UNIT_EMULATOR_TESTPROGRAM_H

#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/Assembler.h"
#include "wafer/Program/Image.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>

namespace wafer::test {

using namespace isa;

constexpr unsigned N = PortNorth, E = PortEast, S = PortSouth, W = PortWest, R = PortRamp;
constexpr auto F32 = ElementType::F32;
constexpr auto I32 = ElementType::I32;

/// The paper's WSE-2 figures, and round ones where it gives none.
inline Profile testProfile(int width = 16, int height = 16) {
  Profile p;
  p.name = "test";
  p.meshWidth = width;
  p.meshHeight = height;
  p.sramBytes = 48 * 1024;
  p.sramReservedBytes = 1024;
  p.clockGhz = 1;
  p.vectorMove = {2, 1};
  p.vectorArith = {2, 1};
  p.vectorFma = {2, 1};
  p.scalarOp = 1;
  p.scalarMemory = 2;
  p.branch = 2;
  p.colors = 24;
  p.reservedColors = {21, 22, 23};
  for (int c = 0; c != 21; ++c)
    p.switchableColors.push_back(c);
  p.switchPositions = 4;
  p.linkCyclesPerWavelet = 1;
  p.hopCycles = 1;
  p.turnCycles = 0;
  p.rampCycles = 2;
  p.linkBufferWavelets = 2;
  p.inputQueueWavelets = 2;
  p.outputQueueWavelets = 2;
  p.asyncThreads = 7;
  p.hostLanes = 1024;
  p.hostCyclesPerWavelet = 1;
  return p;
}

class TestProgram {
public:
  explicit TestProgram(int width, int height, Profile profile = testProfile()) : profile(std::move(profile)) {
    writer.manifest.set_mesh_width(width);
    writer.manifest.set_mesh_height(height);
  }

  using Code = std::function<void(Assembler &)>;

  /// Constants stand after the code; `constants` gets their byte address through the assembler's size when linked
  /// twice.
  image::Region &region(const std::string &name, int x, int y, int w, int h, const Code &code,
                        std::vector<uint32_t> constants = {}) {
    Assembler a;
    code(a);
    auto words = a.finish();
    EXPECT_TRUE(words) << words.error().str();
    image::Region &region = *writer.manifest.add_regions();
    region.set_name(name);
    auto &rect = *region.mutable_rect();
    rect.set_x(x), rect.set_y(y), rect.set_w(w), rect.set_h(h);
    region.set_code_words(words->size());
    words->insert(words->end(), constants.begin(), constants.end());
    region.set_code_section(writer.addOwnedSection(*words));
    return region;
  }

  uint32_t string(const std::string &text) {
    writer.manifest.add_strings(text);
    return writer.manifest.strings_size() - 1;
  }

  /// Positions as (input, outputs).
  void route(unsigned color, int x, int y, int w, int h, std::vector<std::array<unsigned, 2>> positions,
             const std::string &name = "stream") {
    image::RouteShape &shape = *writer.manifest.add_routes();
    shape.set_color(color);
    auto &rect = *shape.mutable_rect();
    rect.set_x(x), rect.set_y(y), rect.set_w(w), rect.set_h(h);
    shape.set_step_x(1), shape.set_step_y(1);
    for (auto [input, outputs] : positions) {
      auto &position = *shape.add_positions();
      position.set_inputs(input), position.set_outputs(outputs);
    }
    shape.set_name(string(name));
  }

  /// The channels of a region, as the compiler makes them: gather along x toward x = 0.
  void gatherX(unsigned color, int x, int y, int w, int h) {
    if (w == 1)
      return route(color, x, y, 1, h, {{R, R}}, "gather_x");
    route(color, x, y, 1, h, {{R, R}, {E, R}}, "gather_x");
    if (w > 2)
      route(color, x + 1, y, w - 2, h, {{R, W}, {E, W}}, "gather_x");
    route(color, x + w - 1, y, 1, h, {{R, W}}, "gather_x");
  }
  void bcastX(unsigned color, int x, int y, int w, int h) {
    if (w == 1)
      return route(color, x, y, 1, h, {{R, R}}, "bcast_x");
    route(color, x, y, 1, h, {{R, E | R}}, "bcast_x");
    if (w > 2)
      route(color, x + 1, y, w - 2, h, {{W, E | R}}, "bcast_x");
    route(color, x + w - 1, y, 1, h, {{W, R}}, "bcast_x");
  }
  void gatherY(unsigned color, int x, int y, int w, int h) {
    if (h == 1)
      return route(color, x, y, w, 1, {{R, R}}, "gather_y");
    route(color, x, y, w, 1, {{R, R}, {S, R}}, "gather_y");
    if (h > 2)
      route(color, x, y + 1, w, h - 2, {{R, N}, {S, N}}, "gather_y");
    route(color, x, y + h - 1, w, 1, {{R, N}}, "gather_y");
  }
  void bcastY(unsigned color, int x, int y, int w, int h) {
    if (h == 1)
      return route(color, x, y, w, 1, {{R, R}}, "bcast_y");
    route(color, x, y, w, 1, {{R, S | R}}, "bcast_y");
    if (h > 2)
      route(color, x, y + 1, w, h - 2, {{N, S | R}}, "bcast_y");
    route(color, x, y + h - 1, w, 1, {{N, R}}, "bcast_y");
  }

  struct Dim {
    int64_t extent, length, xMinor = 0, yMinor = 0;
  };
  /// A host stream at the ports (x, y), (x, y + 1)... of one edge, one lane per row.
  image::HostStream &host(bool output, const std::string &name, image::DataType type, std::vector<Dim> dims, int x,
                          int y, int count, unsigned side, unsigned color, int senders = 1) {
    image::HostStream &stream = *writer.manifest.add_streams();
    stream.set_output(output);
    auto &tensor = *stream.mutable_tensor();
    tensor.set_name(name);
    tensor.set_type(type);
    tensor.set_carried(carriedType(type));
    auto &box = *stream.mutable_box();
    box.set_split_x(1 << 20), box.set_split_y(1 << 20);
    for (const Dim &d : dims) {
      tensor.add_shape(d.extent);
      auto &dim = *box.add_dims();
      dim.set_extent(d.extent), dim.set_length(d.length), dim.set_x_minor(d.xMinor), dim.set_y_minor(d.yMinor);
    }
    stream.set_senders(senders);
    auto &lanes = *stream.add_lanes();
    lanes.set_x(x), lanes.set_y(y), lanes.set_dy(1), lanes.set_count(count), lanes.set_side(side),
        lanes.set_color(color);
    return stream;
  }

  Result<VerifiedProgram> verify() {
    Result<Image> image = Image::fromBytes(writer.bytes());
    if (!image)
      return image.error();
    return verifyProgram(image.take(), profile);
  }

  Result<std::unique_ptr<Emulator>> load() {
    Result<VerifiedProgram> program = verify();
    if (!program)
      return program.error();
    return Emulator::create(program.take());
  }

  /// Loads and runs; the emulator stays in `emulator`.
  Status run(const std::vector<std::pair<std::string, HostTensor>> &inputs = {}, RunOptions options = {}) {
    auto loaded = load();
    if (!loaded)
      return loaded.error();
    emulator = loaded.take();
    for (auto &[name, tensor] : inputs)
      if (Status status = emulator->setInput(name, tensor); !status)
        return status;
    return emulator->run(options);
  }

  template <typename T> std::vector<T> output(const std::string &name) {
    Result<HostTensor> tensor = emulator->output(name);
    EXPECT_TRUE(tensor) << tensor.error().str();
    std::vector<T> values;
    if (tensor) {
      values.resize(tensor->bytes.size() / sizeof(T));
      std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    }
    return values;
  }

  ImageWriter writer;
  Profile profile;
  std::unique_ptr<Emulator> emulator;
};

template <typename T> HostTensor tensorOf(HostType type, std::vector<int64_t> shape, const std::vector<T> &values) {
  HostTensor tensor;
  tensor.type = type;
  tensor.shape = std::move(shape);
  tensor.bytes.resize(values.size() * sizeof(T));
  if (!values.empty())
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}
inline HostTensor floats(const std::vector<float> &values) {
  return tensorOf<float>(HostType::F32, {int64_t(values.size())}, values);
}
inline HostTensor ints(const std::vector<int32_t> &values) {
  return tensorOf<int32_t>(HostType::I32, {int64_t(values.size())}, values);
}

inline VectorOperand desc(unsigned d) { return VectorOperand::desc(d); }
inline VectorOperand fabric(unsigned c) { return VectorOperand::fabric(c); }
inline VectorOperand reg(unsigned r) { return VectorOperand::reg(r); }
inline VectorOperand none() { return VectorOperand::none(); }

inline RunOptions schedule(uint64_t seed, Timing timing = Timing::Stream) {
  RunOptions options;
  options.scheduleSeed = seed;
  options.timing = timing;
  return options;
}

/// Registers are free for programs; data lies here and above in all small programs.
constexpr uint32_t kData = 4096;

inline ::testing::AssertionResult succeeded(const Status &status) {
  if (status)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << status.error().str();
}
inline ::testing::AssertionResult failedWith(const Status &status, ErrorCode code) {
  if (status)
    return ::testing::AssertionFailure() << "succeeded";
  if (status.error().code != code)
    return ::testing::AssertionFailure() << status.error().str();
  return ::testing::AssertionSuccess();
}

} // namespace wafer::test

#endif // WAFER_TEST_UNIT_EMULATOR_TESTPROGRAM_H
