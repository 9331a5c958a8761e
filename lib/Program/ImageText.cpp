#include "wafer/Program/ImageText.h"

#include "wafer/Program/Disassembler.h"

#include <cstdio>
#include <cstring>
#include <optional>

using namespace wafer;

namespace {

/// Names are data of the model's author: what is not plain ASCII is escaped.
std::string quoted(const std::string &name) {
  std::string text = "\"";
  for (unsigned char c : name) {
    char escaped[8];
    if (c == '"' || c == '\\')
      text += {'\\', static_cast<char>(c)};
    else if (c >= 0x20 && c < 0x7f)
      text += static_cast<char>(c);
    else
      text.append(escaped, std::snprintf(escaped, sizeof escaped, "\\x%02x", c));
  }
  return text + "\"";
}

std::string hex(uint32_t address) {
  char text[16];
  return std::string(text, std::snprintf(text, sizeof text, "0x%04x", address));
}

std::string number(int64_t value) { return std::to_string(value); }

std::string pes(const image::Rect &rect) {
  return "(" + number(rect.x()) + ", " + number(rect.y()) + ") " + number(rect.w()) + " x " + number(rect.h());
}

std::string ports(uint32_t bits) {
  static constexpr std::pair<uint32_t, const char *> names[] = {
      {image::NORTH, "N"}, {image::EAST, "E"}, {image::SOUTH, "S"}, {image::WEST, "W"}, {image::RAMP, "R"}};
  std::string text;
  for (auto [bit, name] : names)
    if (bits & bit)
      text += name;
  return text.empty() ? "-" : text;
}

std::string typeText(const image::Tensor &tensor) {
  const char *names[] = {"?",    "f32", "i32", "i64", "bool", "f64", "f16",
                         "bf16", "i8",  "i16", "u8",  "u16",  "u32", "u64"};
  std::string text = image::DataType_IsValid(tensor.type()) ? names[tensor.type()] : "?";
  text += "[";
  for (int i = 0; i != tensor.shape_size(); ++i)
    text += (i ? ", " : "") + number(tensor.shape(i));
  return text + "]";
}

std::string boxText(const image::Box &box) {
  std::string text = "[";
  for (int i = 0; i != box.dims_size(); ++i) {
    const image::BoxDim &dim = box.dims(i);
    std::string start;
    auto term = [&](int64_t factor, const char *axis) {
      if (factor)
        start += (start.empty() ? "" : " + ") + number(factor) + " * " + axis;
    };
    term(dim.x_major(), "x0"), term(dim.x_middle(), "xm"), term(dim.x_minor(), "x1");
    term(dim.y_major(), "y0"), term(dim.y_middle(), "ym"), term(dim.y_minor(), "y1");
    if (dim.offset() || start.empty())
      start += (start.empty() ? "" : " + ") + number(dim.offset());
    text += (i ? ", " : "") + number(dim.length()) + " of " + number(dim.extent()) + " at " + start + " stride " +
            number(dim.stride());
  }
  text += "]";
  bool major = false;
  for (const image::BoxDim &dim : box.dims())
    major |= dim.x_major() || dim.y_major() || dim.x_minor() || dim.y_minor();
  if (major)
    text += " x0 = x / " + number(box.split_x()) + ", y0 = y / " + number(box.split_y());
  return text;
}

class Writer {
public:
  explicit Writer(const Image &image) : image(image), manifest(image.manifest()) {}

  std::string write() {
    line("image " + quoted(manifest.model_name()) + " by " + quoted(manifest.producer()) + ", " +
         number(static_cast<int64_t>(image.fileBytes())) + " bytes");
    line("mesh " + number(manifest.mesh_width()) + " x " + number(manifest.mesh_height()));
    for (int i = 0; i != manifest.sections_size(); ++i)
      line("section " + number(i) + ": " + number(static_cast<int64_t>(manifest.sections(i).size())) + " bytes");
    for (int i = 0; i != manifest.weights_size(); ++i) {
      const image::Weight &weight = manifest.weights(i);
      line("weight " + number(i) + " " + quoted(weight.tensor().name()) + ": " + typeText(weight.tensor()) +
           " in section " + number(weight.section()) + " at " + number(static_cast<int64_t>(weight.section_offset())));
    }
    for (const image::HostStream &stream : manifest.streams())
      writeStream(stream);
    for (const image::RuntimeExtent &extent : manifest.extents())
      line("extent of " + quoted(extent.output()) + " along " + number(extent.dim()) + ": " + quoted(extent.count()));
    for (const image::RouteShape &route : manifest.routes())
      writeRoute(route);
    for (const image::Region &region : manifest.regions())
      writeRegion(region);
    return std::move(text);
  }

private:
  void line(const std::string &content) { text += content + "\n"; }

  std::string string(uint32_t index) {
    return index < static_cast<uint32_t>(manifest.strings_size()) ? quoted(manifest.strings(static_cast<int>(index)))
                                                                  : "string " + number(index);
  }

  void writeStream(const image::HostStream &stream) {
    line(std::string(stream.output() ? "output " : "input ") + quoted(stream.tensor().name()) + ": " +
         typeText(stream.tensor()) +
         (stream.has_box() ? ", senders " + number(stream.senders()) + ", box " + boxText(stream.box())
                           : std::string(", read by no PE")));
    for (const image::HostLanes &lanes : stream.lanes())
      line("  lanes: " + number(lanes.count()) + " from (" + number(lanes.x()) + ", " + number(lanes.y()) + ") by (" +
           number(lanes.dx()) + ", " + number(lanes.dy()) + ") on " + ports(lanes.side()) + ", color " +
           number(lanes.color()) + ", rows from " + number(lanes.first_row()));
  }

  void writeRoute(const image::RouteShape &route) {
    std::string positions;
    for (const image::SwitchPosition &position : route.positions())
      positions += (positions.empty() ? " " : ", ") + ports(position.inputs()) + " -> " + ports(position.outputs());
    std::string steps;
    if (route.step_x() != 1 || route.step_y() != 1)
      steps = " every (" + number(route.step_x()) + ", " + number(route.step_y()) + ")";
    line("route color " + number(route.color()) + " " + string(route.name()) + " at " + pes(route.rect()) + steps +
         ":" + positions);
  }

  void writeRegion(const image::Region &region) {
    line("region " + quoted(region.name()) + " at " + pes(region.rect()) + ", code in section " +
         number(region.code_section()) + ", " + number(region.code_words()) + " words, entry " +
         number(region.entry_word()) + ", helpers " + number(region.helper_bytes()) + " bytes, stack " +
         number(region.stack_bytes()) + " bytes");
    for (const image::WeightSlice &slice : region.weights())
      line("  weight " + number(slice.weight()) + " at " + hex(slice.address()) + ": " + boxText(slice.box()));
    for (const image::Buffer &buffer : region.buffers())
      line("  buffer " + hex(buffer.address()) + " " + number(buffer.size()) + " bytes, " + buffer.kind() + " " +
           quoted(buffer.name()));
    for (const image::Kernel &kernel : region.kernels()) {
      std::string nodes;
      for (uint32_t node : kernel.nodes())
        nodes += " " + string(node);
      line("  kernel " + kernel.op() + nodes +
           (kernel.bound().empty()
                ? ""
                : ", estimate " + number(static_cast<int64_t>(kernel.estimated_cycles())) + ", " + kernel.bound()));
    }
    if (region.code_section() >= static_cast<uint32_t>(manifest.sections_size()))
      return;
    std::span<const uint8_t> section = image.section(region.code_section());
    std::vector<uint32_t> words(std::min<size_t>(region.code_words(), section.size() / 4));
    if (!words.empty())
      std::memcpy(words.data(), section.data(), words.size() * 4);
    isa::DisassemblyOptions options;
    options.addresses = true;
    for (int i = 0; i != region.traps_size(); ++i)
      options.trapTexts[static_cast<uint32_t>(i)] = string(region.traps(i));
    std::optional<uint32_t> previous;
    for (const image::Location &location : region.locations()) {
      if (previous != location.name())
        options.nodes[location.first_word()] = string(location.name());
      previous = location.name();
    }
    text += isa::disassemble(words, options);
  }

  const Image &image;
  const image::Manifest &manifest;
  std::string text;
};

} // namespace

std::string wafer::imageText(const Image &image) { return Writer(image).write(); }
