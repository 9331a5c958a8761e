// The emulator against the reference engine. What differs is printed with its number: `random-programs --from NUMBER
// --count 1` shrinks it to a small program. `make random-programs` runs many more.
#include "../../random/RandomProgram.h"

#include <gtest/gtest.h>

TEST(RandomPrograms, EndAlikeOnBothEngines) { EXPECT_EQ(wafer::random_programs::runMany(0, 500, false), 0u); }
