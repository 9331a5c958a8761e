#include "wafer/Support/ErrorTexts.h"

#include <gtest/gtest.h>

using namespace wafer;

TEST(ErrorTexts, EveryCodeHasACauseAndARemedyAndNoExampleOfAnother) {
#define WAFER_ERROR(NAME, NUMBER, SUMMARY)                                                                             \
  {                                                                                                                    \
    ErrorText entry = errorText(ErrorCode::NAME);                                                                      \
    EXPECT_GT(entry.cause.size(), 40u) << #NAME;                                                                       \
    EXPECT_GT(entry.remedy.size(), 20u) << #NAME;                                                                      \
    EXPECT_TRUE(entry.example.empty() || entry.example.starts_with("error[WF" #NUMBER "]: ")) << #NAME;                \
  }
#include "wafer/Support/ErrorCodes.def"
}

TEST(ErrorTexts, ACodeIsFoundAsItIsPrintedAndAsANumber) {
  std::optional<std::string> text = explainError("WF8007");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "WF8007: an input has the wrong element type\n\n"
                   "The array's element type is not the input's. Values are not converted silently.\n\n"
                   "What to do: Convert the array as the hint says, with array.astype.\n\n"
                   "For example:\n\n"
                   "error[WF8007]: input 'x' is float32, not float64\n"
                   "  hint: convert it: array.astype(numpy.float32)\n");
  EXPECT_EQ(explainError("wf8007"), text);
  EXPECT_EQ(explainError("8007"), text);
}

TEST(ErrorTexts, NothingElseIsACode) {
  for (std::string_view text : {"", "WF", "WF1", "WF80070", "8000", "InputType", "WFWF8007", "8007 "})
    EXPECT_FALSE(explainError(text)) << text;
}

TEST(ErrorTexts, ProseIsFilledIntoLines) {
  std::optional<std::string> text = explainError("WF2001");
  ASSERT_TRUE(text);
  size_t start = 0, example = text->find("For example:");
  while (start < example) {
    size_t end = text->find('\n', start);
    EXPECT_LE(end - start, 80u);
    start = end + 1;
  }
}
