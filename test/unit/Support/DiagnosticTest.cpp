#include "wafer/Support/Diagnostic.h"

#include <gtest/gtest.h>
#include <map>

using namespace wafer;

TEST(Diagnostic, PrintsCodeMessageAndHint) {
  Diagnostic diagnostic{ErrorCode::ToolUsage, "no model given", "name an .onnx file"};
  EXPECT_EQ(diagnostic.str(), "error[WF8001]: no model given\n  hint: name an .onnx file");
}

TEST(Diagnostic, CodesAreUnique) {
  std::map<int, std::string> seen;
#define WAFER_ERROR(NAME, NUMBER, SUMMARY) EXPECT_TRUE(seen.emplace(NUMBER, #NAME).second) << #NAME;
#include "wafer/Support/ErrorCodes.def"
  EXPECT_FALSE(seen.empty());
}
