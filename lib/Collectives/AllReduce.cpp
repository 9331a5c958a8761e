#include "wafer/Collectives/AllReduce.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

ArrayRef<LineChoice> wafer::wfr::lineChoices() {
  static constexpr LineChoice all[] = {chooseHeadLine, chooseMiddleLine, chooseGradedLines};
  return all;
}

std::pair<LineShape, double> wafer::wfr::fastestLine(int64_t pes, int64_t words, ChannelSet channels,
                                                     const ResourceModel &model, LineExtent extent) {
  SmallVector<LineShape> lines;
  for (LineChoice choose : lineChoices())
    choose(pes, words, model, lines);
  if (extent == LineExtent::Group) {
    llvm::erase_if(lines, [](const LineShape &line) { return !line.leaders.empty(); });
    for (LineShape &line : lines)
      line.grouped = true;
  }
  std::pair<LineShape, double> best{{pes}, INFINITY};
  for (LineShape &line : lines)
    if ((line.channels() & ~channels) == 0)
      if (double cycles = allReduceCycles(line, words, model); cycles < best.second)
        best = {std::move(line), cycles};
  return best;
}
