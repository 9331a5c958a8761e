// What a program asks of a core's connections to its router, from its code alone.
//
// A queue is bound to a color from when an instruction that takes or sends the color starts until it has ended. How
// many are bound at once depends on time; how many can be does not: between two waits, an instruction on a thread may
// still be at work, and the core waits for its own ones.
#ifndef WAFER_PROGRAM_FABRICUSE_H
#define WAFER_PROGRAM_FABRICUSE_H

#include "wafer/Program/Decoder.h"
#include "wafer/Target/Profile.h"

namespace wafer {

/// The most of something that any instruction takes, and the code word at which.
struct Peak {
  unsigned count = 0;
  uint32_t word = 0;
};

struct FabricUse {
  Peak operands;       // colors that one vector instruction receives on
  Peak received, sent; // colors that instructions at work at the same time receive and send on
};

FabricUse fabricUseOf(const DecodedCode &code);

/// What the core does not have, at which word: "receives on 7 colors at once, and a core has 6 input queues". `what` is
/// empty if all is there. A figure that the profile does not give is no limit.
struct FabricLack {
  std::string what, figure; // the profile's
  uint32_t word = 0;
};
FabricLack fabricLackOf(const FabricUse &use, const Profile &profile);

} // namespace wafer

#endif // WAFER_PROGRAM_FABRICUSE_H
