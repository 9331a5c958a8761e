// Before everything in a build with sanitizers. There NDEBUG is not defined, so that assertions in LLVM's headers hold,
// but libLLVM and libMLIR were built with it: what LLVM lays out by NDEBUG must be as they have it. Where it is not
// defined a statistic of a pass has fields of its own, which the constructor in libMLIR knows nothing of.
#pragma once
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
