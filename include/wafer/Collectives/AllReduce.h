// All-reduces: lines on which terms flow toward a root and the result back to all. One program does them, whatever the
// line; what differs is the line, and each way to choose it is a part in a file of its own, as in Reduce.h.
#ifndef WAFER_COLLECTIVES_ALLREDUCE_H
#define WAFER_COLLECTIVES_ALLREDUCE_H

#include "wafer/Collectives/Line.h"
#include "wafer/Collectives/Reduce.h"

namespace wafer::wfr {

/// Where the code goes, and what it works on.
struct AllReduceCode : ReduceCode {
  BufferPart result;
  mlir::Value role; // the number of the PE's LineRole
};

/// Cycles from the call on every PE to the last one's return.
double allReduceCycles(const LineShape &line, int64_t words, const ResourceModel &model);

/// Ways to choose a line: each appends those that may be the fastest for so many words.
using LineChoice = void (*)(int64_t pes, int64_t words, const ResourceModel &model,
                            llvm::SmallVectorImpl<LineShape> &lines);
llvm::ArrayRef<LineChoice> lineChoices();

/// Of whole lines of so many PEs, or of lines that are many groups of so many.
enum class LineExtent { Whole, Group };

/// The line on which an all-reduce takes the least time, of those that need no other channels than these. Infinite
/// cycles: there is none.
std::pair<LineShape, double> fastestLine(int64_t pes, int64_t words, ChannelSet channels, const ResourceModel &model,
                                         LineExtent extent = LineExtent::Whole);

// lib/Collectives/HeadLine.cpp, MiddleLine.cpp, GradedLine.cpp
void chooseHeadLine(int64_t pes, int64_t words, const ResourceModel &model, llvm::SmallVectorImpl<LineShape> &lines);
void chooseMiddleLine(int64_t pes, int64_t words, const ResourceModel &model, llvm::SmallVectorImpl<LineShape> &lines);
void chooseGradedLines(int64_t pes, int64_t words, const ResourceModel &model, llvm::SmallVectorImpl<LineShape> &lines);

/// On which terms pass, and the result is taken.
constexpr int kSumThread = 1, kResultThread = 2;

/// The code of every PE of a line: all of it, or in two parts, with other work of the core between them; main waits for
/// the threads behind these.
enum class AllReducePart { Whole, Start, Finish };
void buildAllReduce(const ReduceTask &task, const LineShape &line, AllReduceCode &code,
                    AllReducePart part = AllReducePart::Whole);

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_ALLREDUCE_H
