// What a refusal says beside what stood in the way.
#include "Driver/Outcome.h"

#include "wafer/Support/MlirDiagnostic.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;

namespace {

/// What the user reads of a refusal on 16 x 16 PEs of a profile.
std::string refusal(ErrorCode code, const char *profile) {
  MLIRContext context;
  std::string text;
  ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) { text += diagnostic.str(); });
  Outcome outcome =
      outcomeOf(&context, [&] { return wafer::emitError(UnknownLoc::get(&context), code, "refused", "another"); });
  nameLargestFree(outcome, FreeSpace(*Profile::load(profile), 16, 16));
  EXPECT_TRUE(failed(report(&context, std::move(outcome))));
  return text;
}

TEST(Outcome, WhatSizesAndPlacesRefuseNamesTheLargestFreeRectangle) {
  const std::string said = " refused; the largest free rectangle of the mesh is 10 x 13 PEs at (6, 3)";
  for (ErrorCode code : {ErrorCode::PlanDoesNotFit, ErrorCode::BuffersTooLarge, ErrorCode::ProgramTooLarge,
                         ErrorCode::PlaceNoRoom, ErrorCode::RouteImpossible, ErrorCode::RouteGivenUp})
    EXPECT_EQ(refusal(code, "dead16"), "[" + codeString(code) + "]" + said);
}

TEST(Outcome, OnlyDeadPartsMakeARectangleWorthNaming) {
  EXPECT_EQ(refusal(ErrorCode::ProgramTooLarge, "test16"), "[WF3502] refused");
  EXPECT_EQ(refusal(ErrorCode::KernelUnsupported, "dead16"), "[WF3002] refused");
}

} // namespace
