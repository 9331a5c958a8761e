// Verification of an image, part by part: placement, memory, code, routes, host streams. Every number of the manifest
// is bounded before it is used in arithmetic, and every loop is bounded by the mesh, the manifest's size or a
// section's.
#include "wafer/Program/Verify.h"
#include "wafer/Program/FabricUse.h"

#include "wafer/Program/Box.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

using namespace wafer;

namespace {
constexpr int64_t kBoxLimit = int64_t(1) << 31;
constexpr int64_t kMeshLimit = int64_t(1) << 24; // PEs
// Of all lanes: a hundred and eighty tensors on every PE of the largest machines. A few bytes can ask for far more.
constexpr int64_t kMostLaneBoxes = int64_t(1) << 27;
const char *const kAgain = "compile the model again";

std::string at(int64_t x, int64_t y) { return "(" + std::to_string(x) + ", " + std::to_string(y) + ")"; }

class Verifier {
public:
  Verifier(const Image &image, const Profile &profile, VerifiedProgram &out)
      : image(image), manifest(image.manifest()), profile(profile), out(out) {}

  Status run() {
    Status status = mesh();
    if (status)
      status = tensors();
    if (status)
      status = regions();
    if (status)
      status = routes();
    if (status)
      status = hostStreams();
    if (status)
      status = extents();
    if (status)
      status = edges();
    return status;
  }

private:
  Status mesh();
  Status tensor(const image::Tensor &tensor, ErrorCode code);
  Status tensors();
  Status box(const image::Box &box, const image::Tensor &tensor, ErrorCode code, const std::string &what);
  Status regions();
  Status region(int index);
  Status memory(const image::Region &region, VerifiedRegion &verified, const std::string &what);
  Status routes();
  Status hostStreams();
  Status extents();
  Status edges();
  bool goodString(uint32_t index) const { return index < static_cast<uint32_t>(manifest.strings_size()); }
  bool goodRect(const image::Rect &r) const {
    return r.w() && r.h() && int64_t(r.x()) + r.w() <= width && int64_t(r.y()) + r.h() <= height;
  }
  bool dead(int64_t x, int64_t y) const { return deadPes.count({int(x), int(y)}); }

  const Image &image;
  const image::Manifest &manifest;
  const Profile &profile;
  VerifiedProgram &out;
  int64_t width = 0, height = 0;
  std::set<std::array<int, 2>> deadPes;
  std::set<std::array<int, 3>> deadLinks;
  std::map<std::array<uint32_t, 3>, size_t> portOf; // color, pe, side: index into the ports
};
} // namespace

const char *wafer::portName(uint8_t side) {
  switch (side) {
  case PortNorth:
    return "north";
  case PortEast:
    return "east";
  case PortSouth:
    return "south";
  case PortWest:
    return "west";
  case PortRamp:
    return "ramp";
  }
  return "several ports";
}

Status Verifier::mesh() {
  width = manifest.mesh_width();
  height = manifest.mesh_height();
  if (width < 1 || height < 1 || width * height > kMeshLimit)
    return Diagnostic{ErrorCode::ImageInvalid, "the mesh has no sensible size", kAgain};
  if (width > profile.meshWidth || height > profile.meshHeight)
    return Diagnostic{ErrorCode::ImageTooBig,
                      "the program wants a mesh of " + std::to_string(width) + " x " + std::to_string(height) +
                          ", the profile " + profile.name + " has " + std::to_string(profile.meshWidth) + " x " +
                          std::to_string(profile.meshHeight),
                      "compile for this profile, or for a smaller --mesh"};
  if (profile.colors < 1 || profile.colors > 32 || profile.sramBytes < 4 || profile.sramBytes > (1 << 16) ||
      profile.sramReservedBytes < 0 || profile.sramReservedBytes >= profile.sramBytes ||
      profile.linkBufferWavelets < 0 || profile.inputQueueWavelets < 0 || profile.outputQueueWavelets < 0)
    return Diagnostic{ErrorCode::ImageInvalid, "the profile's figures are out of range", "repair the target profile"};
  for (const std::array<int, 2> &pe : profile.deadPes)
    deadPes.insert(pe);
  for (const DeadLink &link : profile.deadLinks)
    deadLinks.insert({link.x, link.y, link.side});
  out.width = width;
  out.height = height;
  return Status::ok();
}

//===- Tensors and boxes --------------------------------------------------===//

Status Verifier::tensor(const image::Tensor &tensor, ErrorCode code) {
  int64_t elements = 1;
  bool good = tensor.shape_size() <= kMaxBoxRank && image::DataType_IsValid(tensor.type()) &&
              tensor.type() != image::DATA_TYPE_UNSPECIFIED && tensor.carried() == carriedType(tensor.type());
  for (int64_t extent : tensor.shape()) {
    good = good && extent >= 0 && extent < kBoxLimit;
    elements = good ? elements * extent : 0;
    good = good && elements < (int64_t(1) << 36);
  }
  if (!good)
    return Diagnostic{code, "tensor '" + tensor.name() + "' has an illegal type, rank or size", kAgain};
  return Status::ok();
}

Status Verifier::tensors() {
  for (const image::Weight &weight : manifest.weights()) {
    if (Status status = tensor(weight.tensor(), ErrorCode::ImageInvalid); !status)
      return status;
    uint64_t bytes = 4;
    for (int64_t extent : weight.tensor().shape())
      bytes *= extent;
    uint64_t size = image.section(weight.section()).size();
    if (weight.section() >= static_cast<uint32_t>(manifest.sections_size()) || weight.section_offset() % 4 ||
        weight.section_offset() > size || bytes > size - weight.section_offset())
      return Diagnostic{ErrorCode::ImageInvalid, "weight '" + weight.tensor().name() + "' lies outside its section",
                        kAgain};
  }
  return Status::ok();
}

Status Verifier::box(const image::Box &box, const image::Tensor &tensor, ErrorCode code, const std::string &what) {
  auto small = [](int64_t v) { return v > -kBoxLimit && v < kBoxLimit; };
  bool good = box.dims_size() <= kMaxBoxRank && box.split_x() >= 1 && box.split_y() >= 1 && small(box.middle_x()) &&
              small(box.middle_y());
  int64_t elements = 1, extents = 1;
  for (int64_t extent : tensor.shape())
    elements *= extent;
  for (int d = 0; good && d != box.dims_size(); ++d) {
    const image::BoxDim &dim = box.dims(d);
    // Whatever the order of dimensions, one of 0 may come last: only what no tensor holds is too much before.
    good = small(dim.extent()) && dim.extent() >= 0 &&
           (dim.extent() == 0 || extents <= std::max(elements, kBoxLimit) / dim.extent());
    extents *= good ? dim.extent() : 0;
    good = good && small(dim.offset()) && small(dim.length()) && dim.length() >= 0 && small(dim.x_major()) &&
           small(dim.x_middle()) && small(dim.x_minor()) && small(dim.y_major()) && small(dim.y_middle()) &&
           small(dim.y_minor()) && dim.stride() > -(1 << 20) && dim.stride() < (1 << 20);
  }
  // Tensors are row-major: the box may cut them in another shape of as many elements.
  if (!good || extents != elements)
    return Diagnostic{
        code, what + ": the box of tensor '" + tensor.name() + "' does not fit its shape, or is out of range", kAgain};
  return Status::ok();
}

//===- Regions ------------------------------------------------------------===//

Status Verifier::regions() {
  std::vector<uint8_t> taken(width * height, 0);
  for (const image::Region &region : manifest.regions()) {
    const image::Rect &r = region.rect();
    std::string what = "region '" + region.name() + "'";
    if (!goodRect(r))
      return Diagnostic{ErrorCode::ImageInvalid, what + " lies outside the mesh", kAgain};
    for (int64_t y = r.y(); y != int64_t(r.y()) + r.h(); ++y)
      for (int64_t x = r.x(); x != int64_t(r.x()) + r.w(); ++x) {
        if (taken[y * width + x]++)
          return Diagnostic{ErrorCode::ImageInvalid, what + " shares PE " + at(x, y) + " with another region", kAgain};
        if (dead(x, y))
          return Diagnostic{ErrorCode::ImageTooBig, what + " uses the dead PE " + at(x, y),
                            "compile for the profile that names this PE dead"};
      }
  }
  for (int i = 0; i != manifest.regions_size(); ++i)
    if (Status status = region(i); !status)
      return status;
  return Status::ok();
}

Status Verifier::region(int index) {
  const image::Region &region = manifest.regions(index);
  std::string what = "region '" + region.name() + "'";
  VerifiedRegion verified;
  std::span<const uint8_t> section = image.section(region.code_section());
  if (region.code_section() >= static_cast<uint32_t>(manifest.sections_size()) ||
      uint64_t(region.code_words()) * 4 > section.size())
    return Diagnostic{ErrorCode::ImageCode, what + ": its code lies outside its section", kAgain};
  for (uint32_t name : region.traps())
    if (!goodString(name))
      return Diagnostic{ErrorCode::ImageInvalid, what + ": a trap's text is missing", kAgain};
  uint32_t previous = 0;
  for (const image::Location &location : region.locations()) {
    if (!goodString(location.name()) || location.first_word() < previous || location.first_word() > region.code_words())
      return Diagnostic{ErrorCode::ImageInvalid, what + ": its source locations are out of order or unnamed", kAgain};
    if (location.kernel() > static_cast<uint32_t>(region.kernels_size()))
      return Diagnostic{ErrorCode::ImageInvalid, what + ": a source location is of a kernel that is not there", kAgain};
    previous = location.first_word();
  }
  for (const image::Kernel &kernel : region.kernels())
    for (uint32_t node : kernel.nodes())
      if (!goodString(node))
        return Diagnostic{ErrorCode::ImageInvalid, what + ": a kernel's node has no name", kAgain};
  std::span<const uint32_t> words(reinterpret_cast<const uint32_t *>(section.data()), region.code_words());
  Result<DecodedCode> code = decodeProgram(words, region.entry_word(), profile.colors, region.traps_size());
  if (!code) {
    Diagnostic diagnostic = code.error();
    diagnostic.message = what + ": " + diagnostic.message;
    return diagnostic;
  }
  verified.code = code.take();
  uint32_t colors = verified.code.sends | verified.code.receives;
  for (int reserved : profile.reservedColors)
    if (reserved >= 0 && reserved < 32 && colors >> reserved & 1)
      return Diagnostic{ErrorCode::ImageCode,
                        what + ": uses color " + std::to_string(reserved) + ", which the machine's runtime reserves",
                        kAgain};
  for (const DecodedInstruction &d : verified.code.instructions)
    if ((d.i.opcode == isa::Opcode::Vec || d.i.opcode == isa::Opcode::Wait) && d.i.thread > profile.asyncThreads)
      return Diagnostic{ErrorCode::ImageCode,
                        what + ": code word " + std::to_string(d.word) + ": thread " + std::to_string(d.i.thread) +
                            " of a core with " + std::to_string(profile.asyncThreads) + " asynchronous threads",
                        kAgain};
  if (FabricLack lack = fabricLackOf(fabricUseOf(verified.code), profile); !lack.what.empty())
    return Diagnostic{ErrorCode::ImageCode, what + ": code word " + std::to_string(lack.word) + ": " + lack.what,
                      kAgain};
  if (Status status = memory(region, verified, what); !status)
    return status;
  out.regions.push_back(std::move(verified));
  return Status::ok();
}

// The memory map of a PE, from address 0: code, constants (the section), helper routines, data, stack. Data buffers may
// share addresses in time, weights with nothing.
Status Verifier::memory(const image::Region &region, VerifiedRegion &verified, const std::string &what) {
  auto overflow = [&](const std::string &detail) {
    return Diagnostic{ErrorCode::ImageMemory, what + ": " + detail, "compile the model again"};
  };
  int64_t usable = profile.sramBytes - profile.sramReservedBytes;
  int64_t section = image.section(region.code_section()).size();
  if (section % 4)
    return overflow("its code section is not made of words");
  int64_t helpers = 0;
  for (unsigned op = 0; op != profile.helperBytes.size(); ++op)
    if (verified.code.vectorOps >> op & 1)
      helpers += profile.helperBytes[op];
  if (verified.code.usesScalarDivide && !(verified.code.vectorOps >> unsigned(isa::VectorOp::Div) & 1))
    helpers += profile.helperBytes[unsigned(isa::VectorOp::Div)];
  if (region.helper_bytes() < helpers)
    return overflow("its helper routines take " + std::to_string(helpers) + " bytes, the image counts " +
                    std::to_string(region.helper_bytes()));
  int64_t begin = section + region.helper_bytes(), end = usable - int64_t(region.stack_bytes());
  if (begin > end)
    return overflow("code, constants, helpers and stack take " + std::to_string(begin + region.stack_bytes()) + " of " +
                    std::to_string(usable) + " bytes");
  begin = (begin + 3) / 4 * 4;
  verified.readOnlyBytes = section;
  verified.dataBegin = begin;
  verified.dataEnd = std::max<int64_t>(begin, end / 4 * 4);
  verified.usedBytes = begin + region.stack_bytes();
  for (const image::WeightSlice &slice : region.weights()) {
    if (slice.weight() >= static_cast<uint32_t>(manifest.weights_size()) || slice.address() % 4)
      return overflow("a weight slice names no weight or is not aligned");
    const image::Tensor &tensor = manifest.weights(slice.weight()).tensor();
    if (Status status = box(slice.box(), tensor, ErrorCode::ImageMemory, what); !status)
      return status;
    int64_t low = 0, high = 0;
    bool empty = false;
    for (const image::BoxDim &dim : slice.box().dims()) {
      int64_t length = std::min(dim.length(), dim.extent());
      empty |= length == 0;
      // A clipped element lies at most length - 1 steps from the start.
      int64_t reach = (dim.length() - 1) * dim.stride();
      (reach < 0 ? low : high) += length ? reach : 0;
    }
    if (empty)
      continue;
    int64_t first = slice.address() + 4 * low, last = slice.address() + 4 * high + 4;
    if (first < begin || last > verified.dataEnd)
      return overflow("weight '" + tensor.name() + "' takes bytes " + std::to_string(first) + " to " +
                      std::to_string(last) + ", data has " + std::to_string(begin) + " to " +
                      std::to_string(verified.dataEnd));
    verified.weightRanges.push_back({uint32_t(first), uint32_t(last)});
  }
  std::sort(verified.weightRanges.begin(), verified.weightRanges.end());
  for (size_t i = 1; i < verified.weightRanges.size(); ++i)
    if (verified.weightRanges[i - 1][1] > verified.weightRanges[i][0])
      return overflow("two weights overlap at byte " + std::to_string(verified.weightRanges[i][0]));
  std::vector<std::array<uint32_t, 2>> used = verified.weightRanges;
  for (const image::Buffer &buffer : region.buffers()) {
    int64_t first = buffer.address(), last = first + buffer.size();
    if (buffer.kind() == "stack")
      continue;
    if (first < begin || last > verified.dataEnd)
      return overflow("buffer '" + buffer.name() + "' takes bytes " + std::to_string(first) + " to " +
                      std::to_string(last) + ", data has " + std::to_string(begin) + " to " +
                      std::to_string(verified.dataEnd));
    used.push_back({uint32_t(first), uint32_t(last)});
    if (buffer.kind() == "weight")
      continue;
    for (const std::array<uint32_t, 2> &range : verified.weightRanges)
      if (range[0] < last && first < range[1])
        return overflow("buffer '" + buffer.name() + "' overlaps a weight at byte " + std::to_string(range[0]));
  }
  std::sort(used.begin(), used.end());
  verified.declaredBegin = verified.declaredEnd = used.empty() ? verified.dataBegin : used.front()[0] / 4 * 4;
  uint32_t reached = 0;
  for (const std::array<uint32_t, 2> &range : used) {
    uint32_t from = std::max(range[0], reached);
    if (range[1] > from)
      verified.usedBytes += range[1] - from;
    reached = std::max(reached, range[1]);
    verified.declaredEnd = std::max(verified.declaredEnd, (reached + 3) / 4 * 4);
  }
  return Status::ok();
}

//===- Routes -------------------------------------------------------------===//

Status Verifier::routes() {
  out.routes = RouteTable(width, height, profile.colors);
  constexpr unsigned kAllPorts = PortNorth | PortEast | PortSouth | PortWest | PortRamp;
  for (const image::RouteShape &shape : manifest.routes()) {
    auto bad = [&](const std::string &detail) {
      std::string name = goodString(shape.name()) ? " ('" + manifest.strings(shape.name()) + "')" : "";
      return Diagnostic{ErrorCode::ImageRoute, "color " + std::to_string(shape.color()) + name + ": " + detail, kAgain};
    };
    int color = shape.color() < 32 ? int(shape.color()) : 32;
    if (color >= profile.colors)
      return bad("is not routable");
    if (std::find(profile.reservedColors.begin(), profile.reservedColors.end(), color) != profile.reservedColors.end())
      return bad("is reserved for the machine's runtime");
    if (!goodRect(shape.rect()) || !shape.step_x() || !shape.step_y() || !goodString(shape.name()))
      return bad("a route shape lies outside the mesh, or has no step or name");
    int positions = shape.positions_size();
    if (positions < 1 || positions > 4 || positions > std::max(1, profile.switchPositions))
      return bad(std::to_string(positions) + " switch positions");
    if (positions > 1 && std::find(profile.switchableColors.begin(), profile.switchableColors.end(), color) ==
                             profile.switchableColors.end())
      return bad("cannot switch on this machine");
    RouterSetup setup;
    setup.positions = positions;
    setup.name = shape.name();
    int changesIn = 0, changesOut = 0;
    for (int p = 0; p != positions; ++p) {
      const image::SwitchPosition &position = shape.positions(p);
      if (!position.inputs() || position.inputs() & ~kAllPorts || !position.outputs() ||
          position.outputs() & ~kAllPorts)
        return bad("a switch position without input or output");
      // Merging makes results depend on time, so it is refused also where a machine could do it.
      if (std::popcount(position.inputs()) != 1)
        return bad("a switch position with several inputs");
      if (position.inputs() != PortRamp && position.inputs() & position.outputs())
        return bad("a switch position that sends back where it came from");
      setup.input[p] = position.inputs();
      setup.outputs[p] = position.outputs();
      changesIn |= p && setup.input[p] != setup.input[0];
      changesOut |= p && setup.outputs[p] != setup.outputs[0];
    }
    if (changesIn && changesOut && !profile.switchChangesBoth)
      return bad("a switch that changes inputs and outputs");
    uint32_t id = out.routes.addSetup(setup);
    const image::Rect &r = shape.rect();
    for (int64_t y = r.y(); y < int64_t(r.y()) + r.h(); y += shape.step_y())
      for (int64_t x = r.x(); x < int64_t(r.x()) + r.w(); x += shape.step_x()) {
        if (dead(x, y))
          return bad("uses the dead PE " + at(x, y));
        if (!out.routes.set(color, y * width + x, id))
          return bad("router " + at(x, y) + " has two entries");
      }
  }
  return Status::ok();
}

Status Verifier::hostStreams() {
  int64_t boxes = 0;
  for (const image::HostStream &stream : manifest.streams())
    for (const image::HostLanes &group : stream.lanes())
      if ((boxes += std::min<int64_t>(group.count(), kMostLaneBoxes) *
                    std::min<int64_t>(stream.senders(), kMostLaneBoxes)) > kMostLaneBoxes)
        return Diagnostic{ErrorCode::ImageTooBig,
                          "the host's lanes have more than " + std::to_string(kMostLaneBoxes) + " boxes of senders",
                          "compile for a smaller mesh"};
  std::set<std::string> outputs;
  std::map<std::string, const image::Tensor *>
      inputs; // several regions may read one input, each by a stream of its own
  for (int s = 0; s != manifest.streams_size(); ++s) {
    const image::HostStream &stream = manifest.streams(s);
    std::string what = std::string(stream.output() ? "output '" : "input '") + stream.tensor().name() + "'";
    auto bad = [&](const std::string &detail) {
      return Diagnostic{ErrorCode::ImageHostStream, what + ": " + detail, kAgain};
    };
    if (Status status = tensor(stream.tensor(), ErrorCode::ImageHostStream); !status)
      return status;
    bool unread = !stream.output() && stream.lanes().empty();
    if (unread && (stream.has_box() || stream.senders() != 0))
      return bad("has a box and no lanes");
    if (!unread)
      if (Status status = box(stream.box(), stream.tensor(), ErrorCode::ImageHostStream, what); !status)
        return status;
    if (stream.output() && !outputs.insert(stream.tensor().name()).second)
      return bad("is there twice");
    if (!stream.output()) {
      const image::Tensor *&first = inputs[stream.tensor().name()];
      if (first && first->SerializeAsString() != stream.tensor().SerializeAsString())
        return bad("has two types");
      first = &stream.tensor();
    }
    if (unread)
      continue;
    int64_t senders = stream.senders();
    if (senders < 1 || senders > width)
      return bad(std::to_string(senders) + " senders in a row of " + std::to_string(width) + " PEs");
    int64_t elements = 1, covered = 0;
    for (int64_t extent : stream.tensor().shape())
      elements *= extent;
    int64_t lanes = 0;
    for (const image::HostLanes &group : stream.lanes()) {
      int64_t count = group.count();
      if (count > width + height || group.first_row() > kMeshLimit || std::abs(int64_t(group.dx())) > kMeshLimit ||
          std::abs(int64_t(group.dy())) > kMeshLimit)
        return bad("lanes out of range");
      if (group.color() >= static_cast<uint32_t>(profile.colors))
        return bad("color " + std::to_string(group.color()) + " is not routable");
      for (int64_t i = 0; i != count; ++i, ++lanes) {
        int64_t x = group.x() + i * group.dx(), y = group.y() + i * group.dy();
        bool edge = x >= 0 && y >= 0 && x < width && y < height &&
                    ((group.side() == PortWest && x == 0) || (group.side() == PortEast && x == width - 1) ||
                     (group.side() == PortNorth && y == 0) || (group.side() == PortSouth && y == height - 1));
        if (!edge)
          return bad("its lane at " + at(x, y) + " is not on the mesh's edge");
        uint32_t pe = y * width + x;
        auto [known, fresh] =
            portOf.emplace(std::array<uint32_t, 3>{group.color(), pe, group.side()}, out.ports.size());
        if (fresh)
          out.ports.push_back({pe, uint8_t(group.side()), uint8_t(group.color()), stream.output(), {}, 0});
        HostPort &port = out.ports[known->second];
        // Streams of one direction may follow one another through a port; a stream has each port once.
        if (port.output != stream.output() || (!fresh && port.parts.back().stream == uint32_t(s)))
          return bad("its lane at " + at(x, y) + " is another lane's too");
        const RouterSetup *setup = out.routes.at(group.color(), pe);
        bool routed = false;
        for (int p = 0; setup && p != setup->positions; ++p)
          routed |= stream.output() ? (setup->outputs[p] & group.side()) != 0 : setup->input[p] == group.side();
        if (!routed)
          return bad("the router at " + at(x, y) + " has no " + portName(group.side()) + " port for color " +
                     std::to_string(group.color()));
        int64_t words = 0;
        for (int64_t sender = 0; sender != senders; ++sender) {
          int64_t n = 1;
          PlacedBox placed = placeBox(stream.box(), sender, int64_t(group.first_row()) + i);
          for (int d = 0; d != placed.rank; ++d)
            n = std::min(n * (placed.hi[d] - placed.lo[d]), kBoxLimit);
          words += n;
        }
        if (words + port.words >= kBoxLimit)
          return bad("its lane at " + at(x, y) + " carries 2^31 words or more");
        covered += words;
        port.words += words;
        port.parts.push_back({uint32_t(s), uint32_t(group.first_row() + i), uint32_t(words)});
      }
    }
    if (lanes > profile.hostLanes && profile.hostLanes > 0)
      return bad(std::to_string(lanes) + " lanes, the machine has " + std::to_string(profile.hostLanes));
    if (stream.output() && covered < elements)
      return bad("its lanes carry " + std::to_string(covered) + " of " + std::to_string(elements) + " elements");
  }
  return Status::ok();
}

// A count is an output of its own, of one I64.
Status Verifier::extents() {
  std::map<std::string, const image::Tensor *> outputs;
  for (const image::HostStream &stream : manifest.streams())
    if (stream.output())
      outputs[stream.tensor().name()] = &stream.tensor();
  std::set<std::string> open, counts;
  for (const image::RuntimeExtent &extent : manifest.extents()) {
    auto bad = [&](const std::string &detail) {
      return Diagnostic{ErrorCode::ImageHostStream,
                        "output '" + extent.output() + "' of an extent that the run tells: " + detail, kAgain};
    };
    auto output = outputs.find(extent.output()), count = outputs.find(extent.count());
    if (output == outputs.end() || !open.insert(extent.output()).second)
      return bad("it is no output, or there twice");
    if (extent.dim() >= static_cast<uint32_t>(output->second->shape_size()))
      return bad("it has no dimension " + std::to_string(extent.dim()));
    if (count == outputs.end() || count->second->type() != image::I64 || count->second->shape_size() != 0)
      return bad("'" + extent.count() + "' is no output of one I64");
    counts.insert(extent.count());
  }
  for (const std::string &name : counts)
    if (open.contains(name))
      return Diagnostic{ErrorCode::ImageHostStream, "output '" + name + "' is a count and has an extent of its own",
                        kAgain};
  return Status::ok();
}

// Every output leads to a neighbor that takes the color from that side in some position, or to a host lane.
Status Verifier::edges() {
  struct Step {
    uint8_t side;
    int dx, dy;
  };
  constexpr Step steps[] = {{PortNorth, 0, -1}, {PortEast, 1, 0}, {PortSouth, 0, 1}, {PortWest, -1, 0}};
  for (int color = 0; color != out.routes.colors(); ++color)
    for (int64_t pe = 0; pe != width * height; ++pe) {
      const RouterSetup *setup = out.routes.at(color, pe);
      if (!setup)
        continue;
      unsigned outputs = 0;
      for (int p = 0; p != setup->positions; ++p)
        outputs |= setup->outputs[p];
      int64_t x = pe % width, y = pe / width;
      for (const Step &step : steps) {
        if (!(outputs & step.side))
          continue;
        auto bad = [&](const std::string &detail) {
          return Diagnostic{ErrorCode::ImageRoute,
                            "color " + std::to_string(color) + " ('" + manifest.strings(setup->name) + "'): router " +
                                at(x, y) + " sends " + portName(step.side) + ", " + detail,
                            kAgain};
        };
        if (deadLinks.count({int(x), int(y), step.side}))
          return bad("over a dead link");
        int64_t nx = x + step.dx, ny = y + step.dy;
        if (nx < 0 || ny < 0 || nx >= width || ny >= height) {
          auto port = portOf.find({uint32_t(color), uint32_t(pe), step.side});
          if (port == portOf.end() || !out.ports[port->second].output)
            return bad("off the mesh where no host output is");
          continue;
        }
        const RouterSetup *next = out.routes.at(color, ny * width + nx);
        bool accepted = false;
        for (int p = 0; next && p != next->positions; ++p)
          accepted |= next->input[p] == oppositePort(step.side);
        if (!accepted)
          return bad("but router " + at(nx, ny) + " does not take it");
      }
    }
  return Status::ok();
}

Result<VerifiedProgram> wafer::verifyProgram(Image image, const Profile &profile) {
  VerifiedProgram out;
  out.profile = profile;
  if (Status status = Verifier(image, profile, out).run(); !status)
    return status.error();
  out.image = std::move(image);
  return out;
}
