// A target profile's JSON. What is accepted reads the same from its own text, and colors can be assigned from it or are
// refused with a code.
#include "Fuzz.h"

#include "wafer/Route/ChannelColors.h"
#include "wafer/Target/ResourceModel.h"

using namespace wafer;
using namespace wafer::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string text(reinterpret_cast<const char *>(data), size);
  Result<Profile> profile = Profile::parse(text);
  if (!profile) {
    requireCoded(profile.error());
    return 0;
  }
  require(profile->json == text, "a profile keeps its text");
  ResourceModel model(*profile);
  require(model.usableSramBytes() > 0 && model.usableSramBytes() % 4 == 0, "a PE has whole words of memory");
  for (unsigned op = 0; op != 64; ++op)
    require(model.vectorCycles(isa::VectorOp(op), 1 << 20) >= 0, "no instruction takes negative time");
  require(model.broadcastCycles(1 << 20, profile->meshWidth) >= 0, "no transfer takes negative time");
  Result<ChannelColors> colors = ChannelColors::assign(*profile);
  if (!colors) {
    requireCoded(colors.error());
    return 0;
  }
  for (int color : colors->all())
    require(color >= 0 && color < profile->colors && !profile->isReserved(color), "channels get routable colors");
  return 0;
}
