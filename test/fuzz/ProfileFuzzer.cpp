// A target profile's JSON. What is accepted reads the same from its own text, and colors can be assigned from it or are
// refused with a code.
#include "Fuzz.h"

#include "wafer/Route/ChannelColors.h"
#include "wafer/Target/ResourceModel.h"

using namespace wafer;
using namespace wafer::fuzz;

static constexpr int64_t kWords = 1 << 20;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  TimeLimit limit;
  std::string text(reinterpret_cast<const char *>(data), size);
  Result<Profile> profile = Profile::parse(text);
  if (!profile) {
    requireCoded(profile.error());
    return 0;
  }
  require(profile->json == text, "a profile keeps its text");
  ResourceModel model(*profile);
  require(model.usableSramBytes() > 0 && model.usableSramBytes() % 4 == 0, "a PE has whole words of memory");
  for (const isa::VectorOpInfo &info : isa::kVectorOps)
    require(model.vectorCycles(info.op, kWords) >= 0, "no instruction takes negative time");
  for (double cycles :
       {model.broadcastCycles(kWords, profile->meshWidth), model.reduceChainCycles(kWords, profile->meshWidth),
        model.reduceStarCycles(kWords, profile->meshHeight), model.transferCycles(kWords, profile->meshWidth, 1),
        model.hostCycles(kWords)})
    require(cycles >= 0, "no transfer takes negative time");
  Result<ChannelColors> colors = ChannelColors::assign(*profile);
  if (!colors) {
    requireCoded(colors.error());
    return 0;
  }
  for (int color : colors->all())
    require(color >= 0 && color < profile->colors && !profile->isReserved(color), "channels get routable colors");
  return 0;
}
