// Program images: what is written is read, and whatever else is refused with a code.
#include "../Emulator/TestProgram.h"
#include "wafer/Program/Box.h"
#include "wafer/Program/ImageText.h"

#include <cstdio>
#include <fstream>
#include <random>
#include <set>

using namespace wafer;
using namespace wafer::test;

namespace {
TestProgram sample() {
  TestProgram p(4, 2);
  static const uint32_t values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  p.gatherX(4, 0, 0, 4, 2);
  p.bcastX(5, 0, 0, 4, 2);
  p.route(6, 0, 0, 1, 2, {{W, R}}, "x");
  p.host(false, "x", image::F32, {{2, 1, 0, 1}, {3, 3}}, 0, 0, 2, W, 6);
  p.route(7, 0, 0, 1, 2, {{R, W}}, "y");
  p.host(true, "y", image::F32, {{2, 1, 0, 1}, {3, 3}}, 0, 0, 2, W, 7);
  image::Weight &weight = *p.writer.manifest.add_weights();
  weight.mutable_tensor()->set_name("w");
  weight.mutable_tensor()->set_type(image::F32);
  weight.mutable_tensor()->set_carried(image::F32);
  weight.mutable_tensor()->add_shape(8);
  weight.set_section(p.writer.addSection(std::span(values)));
  image::Region &region = p.region("r", 0, 0, 4, 2, [](Assembler &a) {
    a.coord(2, false);
    auto end = a.label();
    a.branch(Opcode::Bne, 2, 0, end);
    a.nest({3});
    a.vec(VectorOp::Mov, F32, fabric(7), fabric(6));
    a.bind(end);
    a.halt();
  });
  image::WeightSlice &slice = *region.add_weights();
  slice.set_address(kData);
  slice.mutable_box()->set_split_x(100), slice.mutable_box()->set_split_y(100);
  auto &dim = *slice.mutable_box()->add_dims();
  dim.set_extent(8), dim.set_length(2), dim.set_x_minor(2), dim.set_stride(1);
  return p;
}

Result<VerifiedProgram> verify(std::vector<uint8_t> bytes, const Profile &profile = testProfile()) {
  Result<Image> image = Image::fromBytes(std::move(bytes));
  if (!image)
    return image.error();
  return verifyProgram(image.take(), profile);
}

ErrorCode codeOf(TestProgram &p) {
  auto result = verify(p.writer.bytes(), p.profile);
  EXPECT_FALSE(result);
  return result ? ErrorCode(0) : result.error().code;
}
} // namespace

TEST(Image, WritesTheSameBytesAndReadsThemBack) {
  TestProgram p = sample(), q = sample();
  EXPECT_EQ(p.writer.bytes(), q.writer.bytes());
  std::string path = testing::TempDir() + "image-test.wafer";
  ASSERT_TRUE(succeeded(p.writer.write(path)));
  Result<Image> image = Image::open(path);
  ASSERT_TRUE(image) << image.error().str();
  EXPECT_EQ(image->fileBytes(), p.writer.bytes().size());
  EXPECT_EQ(image->manifest().regions(0).name(), "r");
  for (int i = 0; i != image->manifest().sections_size(); ++i) {
    EXPECT_EQ(image->manifest().sections(i).offset() % kImageAlignment, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(image->section(i).data()) % kImageAlignment, 0u);
  }
  std::remove(path.c_str());
  EXPECT_TRUE(verify(p.writer.bytes()));
  EXPECT_FALSE(Image::open(path));
  EXPECT_EQ(Image::open(testing::TempDir()).error().code, ErrorCode::ImageUnreadable);
  EXPECT_EQ(p.writer.write("/nonexistent/folder/x.wafer").error().code, ErrorCode::ImageUnwritable);
}

TEST(Image, RunsTheSample) {
  TestProgram p = sample();
  HostTensor x = floats({1, 2, 3, 4, 5, 6});
  x.shape = {2, 3};
  ASSERT_TRUE(succeeded(p.run({{"x", x}})));
  EXPECT_EQ(p.output<float>("y"), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(Image, EveryFlippedByteIsNoticed) {
  TestProgram p = sample();
  const std::vector<uint8_t> good = p.writer.bytes();
  for (size_t at = 0; at != good.size(); ++at)
    for (uint8_t flip : {uint8_t(1), uint8_t(0x80), uint8_t(0xff)}) {
      std::vector<uint8_t> bad = good;
      bad[at] ^= flip;
      auto result = verify(bad);
      ASSERT_FALSE(result) << "byte " << at;
      EXPECT_EQ(int(result.error().code) / 1000, 6);
    }
}

TEST(Image, EveryTruncationIsNoticed) {
  TestProgram p = sample();
  const std::vector<uint8_t> good = p.writer.bytes();
  for (size_t length = 0; length != good.size(); ++length) {
    auto result = verify({good.begin(), good.begin() + length});
    ASSERT_FALSE(result) << length;
    EXPECT_EQ(int(result.error().code) / 1000, 6);
  }
  std::vector<uint8_t> longer = good;
  longer.push_back(0);
  EXPECT_FALSE(verify(longer));
}

// Manifests that are well-formed but senseless: a random field of a good one changed, checksums right. Verification
// must refuse them or, if what they say happens to be legal, the run must end with or without an error: never with a
// crash.
TEST(Image, RandomManifestsNeverCrash) {
  TestProgram p = sample();
  const std::string good = [&] {
    p.writer.bytes();
    return p.writer.manifest.SerializeAsString();
  }();
  std::mt19937 random(11);
  int refused = 0, loaded = 0;
  for (int round = 0; round != 10000; ++round) {
    TestProgram q = sample();
    std::string bytes = good;
    for (int k = 0, n = 1 + random() % 3; k != n; ++k)
      bytes[random() % bytes.size()] = random() % 3 ? char(random()) : char(bytes[random() % bytes.size()] + 1);
    image::Manifest manifest;
    if (!manifest.ParseFromString(bytes))
      continue;
    if (int64_t(manifest.mesh_width()) * manifest.mesh_height() > 4096)
      continue; // legal, only slow
    q.writer.manifest = manifest;
    auto program = verify(q.writer.bytes());
    if (!program) {
      EXPECT_NE(int(program.error().code), 0);
      ++refused;
      continue;
    }
    auto emulator = Emulator::create(program.take());
    if (!emulator)
      continue;
    ++loaded;
    for (const TensorInfo &info : (*emulator)->inputs()) {
      HostTensor x;
      x.type = info.type, x.shape = info.shape;
      if (x.elements() > 10000)
        continue;
      x.bytes.resize(x.elements() * elementBytes(x.type));
      (void)(*emulator)->setInput(info.name, x);
    }
    RunOptions options;
    options.maxCycles = 100000;
    if ((*emulator)->run(options))
      for (const TensorInfo &info : (*emulator)->outputs())
        (void)(*emulator)->output(info.name);
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(loaded, 20);
}

TEST(Image, RefusesWhatTheProfileDoesNotHave) {
  TestProgram p = sample();
  p.profile.meshWidth = 3;
  EXPECT_EQ(codeOf(p), ErrorCode::ImageTooBig);
  p.profile = testProfile();
  p.profile.deadPes.push_back({2, 1});
  EXPECT_EQ(codeOf(p), ErrorCode::ImageTooBig);
  p.profile = testProfile();
  p.profile.deadLinks.push_back({2, 1, PortWest});
  EXPECT_EQ(codeOf(p), ErrorCode::ImageRoute);
  p.profile = testProfile();
  p.profile.switchableColors = {1};
  EXPECT_EQ(codeOf(p), ErrorCode::ImageRoute);
  p.profile = testProfile();
  p.profile.reservedColors = {5};
  EXPECT_EQ(codeOf(p), ErrorCode::ImageRoute);
  p.profile = testProfile();
  p.profile.reservedColors = {6};
  EXPECT_FALSE(verify(p.writer.bytes(), p.profile));
  p.profile = testProfile();
  p.profile.sramBytes = 4096;
  EXPECT_EQ(codeOf(p), ErrorCode::ImageMemory);
  p.profile = testProfile();
  p.profile.hostLanes = 1;
  EXPECT_EQ(codeOf(p), ErrorCode::ImageHostStream);
}

TEST(Image, RefusesIllegalRoutes) {
  auto with = [](const std::function<void(TestProgram &)> &change) {
    TestProgram p = sample();
    change(p);
    return codeOf(p);
  };
  using Code = ErrorCode;
  // Into a neighbor that does not take it; off the mesh; two entries; several inputs; beyond the mesh.
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 0, 0, 1, 1, {{R, E}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 0, 0, 1, 1, {{R, N}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(4, 1, 1, 1, 1, {{R, W}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 0, 0, 1, 1, {{R | E, R}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 3, 0, 2, 1, {{R, R}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(24, 0, 0, 1, 1, {{R, R}}); }), Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 0, 0, 1, 1, {{R, R}, {E, R}, {W, R}, {S, R}, {N, R}}); }),
            Code::ImageRoute);
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 1, 0, 1, 1, {{R, R}, {E, W}}); }), Code::ImageRoute); // changes both
  EXPECT_EQ(with([](TestProgram &p) { p.route(8, 1, 0, 1, 1, {{W, W}}); }), Code::ImageRoute);
}

TEST(Image, RefusesARouteWithAHole) {
  // A line of four with one router that does not know the color, or does not take it from where it comes.
  auto line = [](std::vector<std::array<unsigned, 2>> third) {
    TestProgram p(4, 1);
    p.route(8, 0, 0, 1, 1, {{R, E}}, "line");
    p.route(8, 1, 0, 1, 1, {{W, E}}, "line");
    if (!third.empty())
      p.route(8, 2, 0, 1, 1, third, "line");
    p.route(8, 3, 0, 1, 1, {{W, R}}, "line");
    auto result = verify(p.writer.bytes(), p.profile);
    return result ? std::string() : result.error().str();
  };
  EXPECT_EQ(line({{W, E}}), "");
  const char *hole = "color 8 ('line'): router (1, 0) sends east, but router (2, 0) does not take it";
  EXPECT_NE(line({}).find(hole), std::string::npos) << line({});
  EXPECT_NE(line({{R, E}}).find(hole), std::string::npos);
}

TEST(Image, ColorsOfTheWse3SwitchOrDoNot) {
  Profile wse3 = *Profile::load("wse3");
  const std::set<int> switchable = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 20, 21};
  for (int color = 0; color != wse3.colors; ++color) {
    if (wse3.isReserved(color))
      continue;
    TestProgram p(1, 2);
    p.route(color, 0, 0, 1, 1, {{R, R}, {S, R}}, "gather");
    p.route(color, 0, 1, 1, 1, {{R, N}}, "gather");
    auto result = verify(p.writer.bytes(), wse3);
    EXPECT_EQ(bool(result), switchable.count(color) == 1) << color;
    if (!result)
      EXPECT_NE(result.error().str().find("('gather'): cannot switch on this machine"), std::string::npos);
  }
}

TEST(Image, RefusesThreadsThatTheCoreLacks) {
  for (unsigned thread : {2u, 3u}) {
    TestProgram p(2, 1);
    p.profile.asyncThreads = 2;
    p.route(1, 0, 0, 1, 1, {{R, E}});
    p.route(1, 1, 0, 1, 1, {{W, R}});
    p.region("sender", 0, 0, 1, 1, [&](Assembler &a) {
      a.nest({1});
      a.vec(VectorOp::Mov, I32, fabric(1), reg(0), none(), none(), thread);
      a.halt();
    });
    auto result = verify(p.writer.bytes(), p.profile);
    EXPECT_EQ(bool(result), thread == 2);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::ImageCode);
      EXPECT_NE(result.error().message.find("region 'sender': code word "), std::string::npos);
      EXPECT_NE(result.error().message.find("thread 3 of a core with 2 asynchronous threads"), std::string::npos);
    }
  }
}

TEST(Image, RefusesMoreQueuesThanTheCoreHas) {
  for (int queues : {1, 2}) {
    TestProgram p(2, 1);
    p.profile.outputQueues = queues;
    p.route(1, 0, 0, 1, 1, {{R, E}});
    p.route(1, 1, 0, 1, 1, {{W, R}});
    p.route(2, 0, 0, 1, 1, {{R, E}});
    p.route(2, 1, 0, 1, 1, {{W, R}});
    p.region("sender", 0, 0, 1, 1, [&](Assembler &a) {
      a.nest({1});
      a.vec(VectorOp::Mov, I32, fabric(1), reg(0), none(), none(), 1);
      a.vec(VectorOp::Mov, I32, fabric(2), reg(0), none(), none(), 2);
      a.halt();
    });
    auto result = verify(p.writer.bytes(), p.profile);
    EXPECT_EQ(bool(result), queues == 2);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::ImageCode);
      EXPECT_NE(result.error().message.find(
                    "region 'sender': code word 4: sends on 2 colors at once, and a core has 1 output queue"),
                std::string::npos)
          << result.error().message;
    }
  }
}

TEST(Image, TooLittleMemoryNamesWhatDoesNotFit) {
  // A buffer that reaches 200 bytes over the end, and code with helpers and a stack that leave no room for data.
  TestProgram p = sample();
  image::Buffer &buffer = *p.writer.manifest.mutable_regions(0)->add_buffers();
  buffer.set_name("conv1.out"), buffer.set_address(47 * 1024 - 800), buffer.set_size(1000), buffer.set_kind("scratch");
  auto result = verify(p.writer.bytes(), p.profile);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("region 'r': buffer 'conv1.out' takes bytes 47328 to 48328, data has "),
            std::string::npos)
      << result.error().message;
  EXPECT_NE(result.error().message.find(" to 48128"), std::string::npos);

  TestProgram q = sample();
  q.writer.manifest.mutable_regions(0)->set_helper_bytes(40000);
  q.writer.manifest.mutable_regions(0)->set_stack_bytes(8128);
  result = verify(q.writer.bytes(), q.profile);
  ASSERT_FALSE(result);
  size_t code = q.writer.manifest.regions(0).code_words() * 4;
  EXPECT_NE(result.error().message.find("region 'r': code, constants, helpers and stack take " +
                                        std::to_string(code + 48128) + " of 48128 bytes"),
            std::string::npos)
      << result.error().message;
}

TEST(Image, StreamsOfOneDirectionShareAPort) {
  auto host = [](TestProgram &p, bool output, const char *name, unsigned color) {
    p.host(output, name, image::F32, {{2, 1, 0, 1}, {2, 2}}, 0, 0, 2, W, color);
  };
  TestProgram p = sample();
  host(p, false, "x2", 6);
  host(p, true, "y2", 7);
  auto verified = verify(p.writer.bytes(), p.profile);
  ASSERT_TRUE(verified) << verified.error().str();
  ASSERT_EQ(verified->ports.size(), 4u);
  for (const HostPort &port : verified->ports) {
    EXPECT_EQ(port.words, 5u);
    ASSERT_EQ(port.parts.size(), 2u);
    EXPECT_EQ(port.parts[0].words, 3u);
    EXPECT_LT(port.parts[0].stream, port.parts[1].stream);
  }
  // Not in both directions, and no stream twice.
  TestProgram r = sample();
  host(r, true, "y2", 6);
  EXPECT_EQ(codeOf(r), ErrorCode::ImageHostStream);
  TestProgram t = sample();
  *t.writer.manifest.mutable_streams(0)->add_lanes() = t.writer.manifest.streams(0).lanes(0);
  EXPECT_EQ(codeOf(t), ErrorCode::ImageHostStream);
}

TEST(Image, RefusesLanesThatTakeForeverToVerify) {
  TestProgram p = sample();
  image::HostStream &stream = *p.writer.manifest.mutable_streams(0);
  stream.set_senders(1 << 20);
  stream.mutable_lanes(0)->set_count(1 << 10);
  EXPECT_EQ(codeOf(p), ErrorCode::ImageTooBig);
  stream.set_senders(UINT32_MAX);
  stream.mutable_lanes(0)->set_count(UINT32_MAX);
  EXPECT_EQ(codeOf(p), ErrorCode::ImageTooBig);
}

TEST(Image, ExtentsNameADimensionAndACount) {
  auto with = [](const char *output, uint32_t dim, const char *count) {
    TestProgram p = sample();
    p.host(true, "n", image::I64, {}, 0, 0, 1, W, 7);
    image::RuntimeExtent &extent = *p.writer.manifest.add_extents();
    extent.set_output(output), extent.set_dim(dim), extent.set_count(count);
    return p;
  };
  auto messageOf = [](TestProgram &&p) {
    auto verified = verify(p.writer.bytes(), p.profile);
    EXPECT_FALSE(verified);
    return verified ? std::string() : verified.error().message;
  };
  EXPECT_NE(messageOf(with("nothing", 0, "n")).find("it is no output"), std::string::npos);
  EXPECT_NE(messageOf(with("y", 2, "n")).find("it has no dimension 2"), std::string::npos);
  EXPECT_NE(messageOf(with("y", 0, "y")).find("'y' is no output of one I64"), std::string::npos);
  TestProgram twice = with("y", 0, "n");
  *twice.writer.manifest.add_extents() = twice.writer.manifest.extents(0);
  EXPECT_NE(messageOf(std::move(twice)).find("there twice"), std::string::npos);
}

/// The version that an image says it has.
uint32_t versionOf(const std::vector<uint8_t> &bytes) {
  uint32_t version;
  std::memcpy(&version, bytes.data() + sizeof(uint64_t), sizeof version);
  return version;
}

TEST(Image, SaysTheOldestVersionThatCanSayIt) {
  TestProgram p = sample();
  EXPECT_EQ(versionOf(p.writer.bytes()), kOldestImageVersion);
  image::Box &box = *p.writer.manifest.mutable_regions(0)->mutable_weights(0)->mutable_box();
  box.set_middle_x(2);
  EXPECT_EQ(versionOf(p.writer.bytes()), 3u);
}

TEST(Image, PlacesBoxesOfSidesDividedInThree) {
  image::Box box;
  box.set_split_x(4), box.set_middle_x(3), box.set_split_y(1), box.set_middle_y(2);
  image::BoxDim &dim = *box.add_dims();
  dim.set_extent(100000), dim.set_length(5), dim.set_stride(1);
  dim.set_x_major(1000), dim.set_x_middle(100), dim.set_x_minor(10), dim.set_y_middle(7);
  EXPECT_EQ(placeBox(box, 0, 0).start[0], 0);
  EXPECT_EQ(placeBox(box, 3, 0).start[0], 30);
  EXPECT_EQ(placeBox(box, 4, 1).start[0], 107); // the next coordinate of each middle axis
  EXPECT_EQ(placeBox(box, 11, 2).start[0], 230);
  EXPECT_EQ(placeBox(box, 12, 3).start[0], 1007);
}

TEST(Image, RefusesOtherVersions) {
  // The version is the word after the magic; an older and a newer one are told apart from a broken file.
  TestProgram p = sample();
  const std::vector<uint8_t> good = p.writer.bytes();
  for (uint32_t other : {kOldestImageVersion - 1, kImageVersion + 1}) {
    std::vector<uint8_t> bytes = good;
    std::memcpy(bytes.data() + sizeof(uint64_t), &other, sizeof other);
    auto result = verify(bytes);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::ImageVersion) << result.error().str();
    EXPECT_NE(result.error().message.find(std::to_string(other)), std::string::npos) << result.error().str();
  }
}

TEST(Image, RefusesMemoryThatOverlapsOrOverflows) {
  auto with = [](const std::function<void(image::Region &)> &change) {
    TestProgram p = sample();
    change(*p.writer.manifest.mutable_regions(0));
    return codeOf(p);
  };
  using Code = ErrorCode;
  auto buffer = [](uint32_t address, uint32_t size, const char *kind) {
    return [=](image::Region &r) {
      auto &b = *r.add_buffers();
      b.set_name("b"), b.set_address(address), b.set_size(size), b.set_kind(kind);
    };
  };
  EXPECT_EQ(with(buffer(0, 16, "activation")), Code::ImageMemory);               // over the code
  EXPECT_EQ(with(buffer(kData + 4, 16, "activation")), Code::ImageMemory);       // over weights
  EXPECT_EQ(with(buffer(47 * 1024 - 8, 16, "scratch")), Code::ImageMemory);      // over the end
  EXPECT_EQ(with(buffer(0xfffffff0, 0xfffffff0, "scratch")), Code::ImageMemory); // no wrap-around
  EXPECT_EQ(with([](image::Region &r) { r.set_stack_bytes(43 * 1024); }), Code::ImageMemory);
  EXPECT_EQ(with([](image::Region &r) { r.set_helper_bytes(46 * 1024); }), Code::ImageMemory);
  EXPECT_EQ(with([](image::Region &r) { *r.add_weights() = r.weights(0); }), Code::ImageMemory);
  EXPECT_EQ(with([](image::Region &r) { r.mutable_weights(0)->mutable_box()->mutable_dims(0)->set_stride(1 << 18); }),
            Code::ImageMemory);
  EXPECT_EQ(with([](image::Region &r) { r.mutable_weights(0)->mutable_box()->mutable_dims(0)->set_extent(9); }),
            Code::ImageMemory);
  EXPECT_EQ(with([](image::Region &r) { r.set_entry_word(1000); }), Code::ImageCode);
  EXPECT_EQ(with([](image::Region &r) { r.set_code_words(r.code_words() - 1); }), Code::ImageCode);
}

TEST(Decoder, ChecksTheWholeProgram) {
  auto decode = [](const TestProgram::Code &code, uint32_t entry = 0) {
    Assembler a;
    code(a);
    auto words = a.finish();
    EXPECT_TRUE(words);
    return decodeProgram(*words, entry, 24, 1);
  };
  EXPECT_TRUE(decode([](Assembler &a) { a.halt(); }));
  EXPECT_FALSE(decode([](Assembler &a) { a.addi(1, 1, 1); })); // runs past the end
  EXPECT_FALSE(decode([](Assembler &a) { a.halt(); }, 1));     // entry outside
  EXPECT_FALSE(decode([](Assembler &a) {
    a.emit({.opcode = Opcode::Jmp, .imm = 5});
    a.halt();
  }));
  EXPECT_FALSE(decode([](Assembler &a) { // into the middle of an instruction
    a.emit({.opcode = Opcode::Jmp, .imm = 1});
    a.li(2, 1 << 30);
    a.halt();
  }));
  EXPECT_FALSE(decode([](Assembler &a) {
    a.trap(1, 1);
    a.halt();
  }));
  auto vec = [&](VectorOp op, ElementType type, VectorOperand d, VectorOperand x = {}, VectorOperand y = {},
                 VectorOperand z = {}, Control control = Control::None) {
    return bool(decode([&](Assembler &a) {
      a.vec(op, type, d, x, y, z, 0, control);
      a.halt();
    }));
  };
  EXPECT_TRUE(vec(VectorOp::Add, F32, desc(0), desc(1), fabric(2)));
  EXPECT_FALSE(vec(VectorOp::Add, F32, desc(0), desc(1)));
  EXPECT_FALSE(vec(VectorOp::Mov, F32, desc(0), desc(1), desc(2)));
  EXPECT_FALSE(vec(VectorOp::Mov, F32, reg(3), desc(1)));
  EXPECT_FALSE(vec(VectorOp::Mov, F32, desc(0), fabric(24)));
  EXPECT_FALSE(vec(VectorOp::Add, F32, desc(0), fabric(2), fabric(2)));
  EXPECT_FALSE(vec(VectorOp::Mov, F32, desc(0), desc(1), none(), none(), Control::Advance));
  EXPECT_FALSE(vec(VectorOp::Exp, I32, desc(0), desc(1)));
  EXPECT_FALSE(vec(VectorOp::Shl, F32, desc(0), desc(1), desc(2)));
}

TEST(Image, PrintsAsText) {
  TestProgram p = sample();
  Result<Image> image = Image::fromBytes(p.writer.bytes());
  ASSERT_TRUE(image);
  std::string text = imageText(*image);
  for (const char *part :
       {"mesh 4 x 2\n", "weight 0 \"w\": f32[8] in section 0 at 0\n", "input \"x\": f32[2, 3], senders ",
        "  lanes: 2 from (0, 0) by (0, 1) on W, color 6, rows from 0\n", "route color 6 ", " at (0, 0) 1 x 2: W -> R\n",
        "region \"r\" at (0, 0) 4 x 2, code in section ", ": [2 of 8 at 2 * x1 stride 1] x0 = x / 100, y0 = y / 100\n",
        "halt\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  // A region without code is no program, and has a text.
  p.writer.manifest.mutable_regions(0)->set_code_words(0);
  Result<Image> empty = Image::fromBytes(p.writer.bytes());
  ASSERT_TRUE(empty);
  EXPECT_EQ(imageText(*empty).find("halt\n"), std::string::npos);
}

TEST(Image, PrintsNamesEscapedAndIndicesThatPointNowhere) {
  TestProgram p = sample();
  p.writer.manifest.set_model_name("a\"b\n\xff");
  p.writer.manifest.mutable_routes(0)->set_name(12345);
  p.writer.manifest.mutable_regions(0)->set_code_section(99);
  p.writer.manifest.mutable_streams(0)->mutable_tensor()->set_type(static_cast<image::DataType>(77));
  Result<Image> image = Image::fromBytes(p.writer.bytes());
  ASSERT_TRUE(image);
  std::string text = imageText(*image);
  for (const char *part : {"image \"a\\\"b\\x0a\\xff\" by ", " string 12345 at ", "code in section 99, ", ": ?["})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}
