// One all-reduce over a whole wafer, as a program made by hand: time and memory of the emulator where nothing but the
// number of PEs is large. Every PE holds words of its own; rows add up from east to west, the first column from south
// to north, and the sums go back as broadcasts, down the column and along the rows. Every PE checks what it has
// received.
//
//   ninja -C build whole-wafer-benchmark && build/bin/whole-wafer-benchmark [WxH] [words] [deadlock]
//
// With `deadlock`, the corner waits for a word that nobody sends, and everybody for the corner.
#include "wafer/Emulator/Emulator.h"
#include "wafer/Program/Assembler.h"
#include "wafer/Program/Image.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/resource.h>

using namespace wafer;
using namespace wafer::isa;

namespace {

struct Shape {
  int width = 750, height = 1200, words = 1;
  bool isStuck = false;
};

constexpr uint32_t kData = 4096;
constexpr unsigned kEast[2] = {4, 5}, kSouth[2] = {6, 7}, kRow = 8, kColumn = 9; // colors; by the sender's parity

VectorOperand fabric(unsigned color) { return VectorOperand::fabric(color); }

/// Adds what comes from the next PE of a line to one's own, and passes it on; the first keeps the sum.
void reduce(Assembler &a, const unsigned (&color)[2], unsigned at, int length) {
  constexpr unsigned kLast = 5, kOdd = 6;
  if (length == 1)
    return;
  auto first = a.label(), last = a.label(), odd = a.label(), done = a.label();
  const VectorOperand own = VectorOperand::desc(0);
  a.li(kLast, length - 1);
  a.branch(Opcode::Beq, at, 0, first);
  a.branch(Opcode::Beq, at, kLast, last);
  a.scalar(Opcode::Andi, kOdd, at, 1);
  a.branch(Opcode::Bne, kOdd, 0, odd);
  a.vec(VectorOp::Add, ElementType::I32, fabric(color[0]), fabric(color[1]), own);
  a.jmp(done);
  a.bind(odd);
  a.vec(VectorOp::Add, ElementType::I32, fabric(color[1]), fabric(color[0]), own);
  a.jmp(done);
  a.bind(last);
  a.vec(VectorOp::Mov, ElementType::I32, fabric(color[(length - 1) % 2]), own);
  a.jmp(done);
  a.bind(first);
  a.vec(VectorOp::Add, ElementType::I32, own, own, fabric(color[1]));
  a.bind(done);
}

/// The first PE of a line tells the others.
void broadcast(Assembler &a, unsigned color, unsigned at, int length) {
  if (length == 1)
    return;
  auto first = a.label(), done = a.label();
  a.branch(Opcode::Beq, at, 0, first);
  a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), fabric(color));
  a.jmp(done);
  a.bind(first);
  a.vec(VectorOp::Mov, ElementType::I32, fabric(color), VectorOperand::desc(0));
  a.bind(done);
}

Result<std::vector<uint32_t>> codeOf(const Shape &shape) {
  constexpr unsigned kX = 2, kY = 3, kSum = 4;
  Assembler a;
  auto inRow = a.label();
  a.coord(kX, false);
  a.coord(kY, true);
  a.li(kSum, 1);
  a.nest({shape.words});
  a.desc(0, kData, {1});
  a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), VectorOperand::reg(kSum));
  reduce(a, kEast, kX, shape.width);
  a.branch(Opcode::Bne, kX, 0, inRow);
  reduce(a, kSouth, kY, shape.height);
  if (shape.isStuck) {
    a.branch(Opcode::Bne, kY, 0, inRow);
    a.vec(VectorOp::Mov, ElementType::I32, VectorOperand::desc(0), fabric(kSouth[1]));
  }
  a.bind(inRow);
  auto rowsOnly = a.label();
  a.branch(Opcode::Bne, kX, 0, rowsOnly);
  broadcast(a, kColumn, kY, shape.height);
  a.bind(rowsOnly);
  broadcast(a, kRow, kX, shape.width);
  // All words have come, and the last one is right.
  a.li(kSum, kData);
  a.scalar(Opcode::Ldw, kSum, kSum, 4 * (shape.words - 1));
  a.li(kX, shape.width * shape.height);
  a.scalarReg(Opcode::Xor, kSum, kSum, kX);
  a.trap(kSum, 0);
  a.halt();
  return a.finish();
}

void route(image::Manifest &manifest, unsigned color, int x, int y, int w, int h, unsigned from, unsigned to) {
  if (w <= 0 || h <= 0)
    return;
  image::RouteShape &shape = *manifest.add_routes();
  shape.set_color(color);
  image::Rect &rect = *shape.mutable_rect();
  rect.set_x(x), rect.set_y(y), rect.set_w(w), rect.set_h(h);
  shape.set_step_x(1), shape.set_step_y(1);
  image::SwitchPosition &position = *shape.add_positions();
  position.set_inputs(from), position.set_outputs(to);
  shape.set_name(color - kEast[0] + 1);
}

Result<Image> build(const Shape &shape) {
  Result<std::vector<uint32_t>> code = codeOf(shape);
  if (!code)
    return code.error();
  ImageWriter writer;
  image::Manifest &manifest = writer.manifest;
  manifest.set_mesh_width(shape.width);
  manifest.set_mesh_height(shape.height);
  for (const char *text : {"a PE has received something else", "sum in a row", "sum in a row", "sum in the column",
                           "sum in the column", "to a row", "to the column"})
    manifest.add_strings(text);
  image::Region &region = *manifest.add_regions();
  region.set_name("wafer");
  region.mutable_rect()->set_w(shape.width);
  region.mutable_rect()->set_h(shape.height);
  region.add_traps(0);
  region.set_code_words(code->size());
  region.set_code_section(writer.addOwnedSection(*code));
  image::Buffer &buffer = *region.add_buffers();
  buffer.set_name("words"), buffer.set_kind("value");
  buffer.set_address(kData), buffer.set_size(4 * shape.words);
  const int w = shape.width, h = shape.height;
  for (int x = 1; x < w; ++x) {
    route(manifest, kEast[x % 2], x, 0, 1, h, PortRamp, PortWest);
    route(manifest, kEast[x % 2], x - 1, 0, 1, h, PortEast, PortRamp);
  }
  for (int y = 1; y < h; ++y) {
    route(manifest, kSouth[y % 2], 0, y, 1, 1, PortRamp, PortNorth);
    route(manifest, kSouth[y % 2], 0, y - 1, 1, 1, PortSouth, PortRamp);
  }
  route(manifest, kRow, 0, 0, 1, h, PortRamp, PortEast);
  route(manifest, kRow, 1, 0, w - 2, h, PortWest, PortEast | PortRamp);
  route(manifest, kRow, w - 1, 0, 1, h, PortWest, PortRamp);
  route(manifest, kColumn, 0, 0, 1, 1, PortRamp, PortSouth);
  route(manifest, kColumn, 0, 1, 1, h - 2, PortNorth, PortSouth | PortRamp);
  route(manifest, kColumn, 0, h - 1, 1, 1, PortNorth, PortRamp);
  return Image::fromBytes(writer.bytes());
}

double cpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval &t) { return double(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int fail(const Diagnostic &error) {
  std::fprintf(stderr, "%s\n", error.str().c_str());
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  Shape shape;
  for (int i = 1; i != argc; ++i) {
    if (!std::strcmp(argv[i], "deadlock"))
      shape.isStuck = true;
    else if (std::sscanf(argv[i], "%dx%d", &shape.width, &shape.height) != 2)
      shape.words = std::atoi(argv[i]);
  }
  Result<Profile> profile = Profile::load("wse3");
  if (!profile)
    return fail(profile.error());
  profile->meshWidth = std::max(profile->meshWidth, shape.width);
  profile->meshHeight = std::max(profile->meshHeight, shape.height);
  Result<Image> image = build(shape);
  if (!image)
    return fail(image.error());
  auto wall = std::chrono::steady_clock::now;
  auto since = [&](auto start) { return std::chrono::duration<double>(wall() - start).count(); };
  auto start = wall();
  double cpu = cpuSeconds();
  auto report = [&](const char *what) {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%-8s %7.3f s, %7.3f s of CPU; at most %ld MB so far\n", what, since(start), cpuSeconds() - cpu,
                usage.ru_maxrss / 1024);
    start = wall(), cpu = cpuSeconds();
  };
  Result<VerifiedProgram> program = verifyProgram(image.take(), *profile);
  if (!program)
    return fail(program.error());
  report("verify");
  Result<std::unique_ptr<Emulator>> emulator = Emulator::create(program.take());
  if (!emulator)
    return fail(emulator.error());
  report("load");
  for (const char *what : {"run", "again"}) {
    Status status = (*emulator)->run({});
    report(what);
    if (!status && !shape.isStuck)
      return fail(status.error());
    if (!status)
      std::printf("%s\n", status.error().str().c_str());
  }
  const RunStats &stats = (*emulator)->stats();
  std::printf("%dx%d PEs, %d words: %.0f cycles, %llu instructions\n", shape.width, shape.height, shape.words,
              stats.cycles, static_cast<unsigned long long>(stats.instructions));
}
