#include "wafer/Support/Npy.h"

#include <gtest/gtest.h>

using namespace wafer;

TEST(Npy, RoundTripsEveryTypeAndRank) {
  for (int number = 0; number <= int(HostType::Bool); ++number)
    for (std::vector<int64_t> shape :
         {std::vector<int64_t>{}, {0}, {3}, {2, 3}, {1, 2, 3, 4}, {5, 0}, {int64_t(1) << 40, int64_t(1) << 40, 0}}) {
      const HostType type = HostType(number);
      HostTensor tensor;
      tensor.type = type;
      tensor.shape = shape;
      tensor.bytes.resize(tensor.elements() * elementBytes(type));
      for (size_t i = 0; i != tensor.bytes.size(); ++i)
        tensor.bytes[i] = i % 2;
      std::vector<uint8_t> bytes = npyBytes(tensor);
      EXPECT_EQ((bytes.size() - tensor.bytes.size()) % 64, 0u);
      Result<HostTensor> back = parseNpy(bytes, "x");
      ASSERT_TRUE(back) << back.error().str();
      EXPECT_EQ(back->type, type);
      EXPECT_EQ(back->shape, shape);
      EXPECT_EQ(back->bytes, tensor.bytes);
    }
}

static Result<HostTensor> parse(const std::string &header, size_t data, int version = 1) {
  std::vector<uint8_t> bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', uint8_t(version), 0};
  for (int i = 0; i != (version == 1 ? 2 : 4); ++i)
    bytes.push_back(header.size() >> (8 * i) & 255);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data);
  return parseNpy(bytes, "x.npy");
}

TEST(Npy, ReadsWhatNumpyWrites) {
  auto one = parse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n", 24);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(parse("{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }\n", 7, 2));
  EXPECT_TRUE(parse("{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", 8));
  auto brain = parse("{'descr': '<V2', 'fortran_order': False, 'shape': (2,), }\n", 4); // of ml_dtypes
  ASSERT_TRUE(brain);
  EXPECT_EQ(brain->type, HostType::BF16);
}

TEST(Npy, RefusesWhatItCannotHold) {
  for (const char *header : {
           "{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }",
           "{'descr': '<f2', 'fortran_order': False, 'shape': (6,), }", // 12 bytes
           "{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }",
           "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }",
           "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296,), }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
           "{'descr': '<f4', 'fortran_order': False, }",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)",
           "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }",
           "{'x': '<f4'}",
           "{",
           "",
       }) {
    Result<HostTensor> tensor = parse(header, 24);
    ASSERT_FALSE(tensor) << header;
    EXPECT_EQ(tensor.error().code, ErrorCode::TensorFileInvalid);
  }
  EXPECT_FALSE(parseNpy({}, "empty"));
  EXPECT_EQ(readNpy("/nonexistent.npy").error().code, ErrorCode::TensorFileUnreadable);
  EXPECT_EQ(readNpy("/dev/null").error().code, ErrorCode::TensorFileUnreadable);
}

TEST(Npy, TruncatedAnywhere) {
  HostTensor tensor;
  tensor.shape = {4};
  tensor.bytes.resize(16);
  std::vector<uint8_t> good = npyBytes(tensor);
  for (size_t length = 0; length != good.size(); ++length)
    EXPECT_FALSE(parseNpy(std::span(good.data(), length), "x"));
}
