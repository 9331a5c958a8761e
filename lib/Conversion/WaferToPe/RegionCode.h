// What the parts of the lowering share: the region's size and colors, and the buffer behind each tensor.
#ifndef WAFER_LIB_CONVERSION_WAFERTOPE_REGIONCODE_H
#define WAFER_LIB_CONVERSION_WAFERTOPE_REGIONCODE_H

#include "wafer/Collectives/AllReduce.h"
#include "wafer/Collectives/BoxTransfer.h"
#include "wafer/Route/ChannelColors.h"

#include "llvm/ADT/MapVector.h"

#include <functional>

namespace wafer::wfr {

/// A tensor in memory.
struct Tensor {
  BufferPart buffer;
  llvm::SmallVector<int64_t> shape;
  Layout layout;
  mlir::Type element;

  pe::ElementType elementType() const;
};

pe::ElementType elementTypeOf(mlir::Type type);

/// Lanes of a stream, up to one, that have a color.
struct StreamPart {
  int64_t end;
  int color;
};

/// A buffer that instructions of a step on threads, as bits, are left to read or write.
struct AtWork {
  mlir::Operation *step;
  unsigned threads;
  std::string buffer;
};

/// One region being lowered.
struct RegionCode {
  RegionOp region;
  pe::ProgramOp program;
  mlir::OpBuilder builder; // in the program, before main
  mlir::OpBuilder mainBuilder;
  ChannelColors colors;
  std::function<llvm::SmallVector<StreamPart, 1>(llvm::StringRef)> streamParts; // none: it is not routed
  mlir::SymbolTable &module;                                                    // for constants
  RegionSize size;
  int64_t chunks = 1;       // of the chunk loop being lowered
  mlir::Value chunkIndex{}; // its induction variable, in main
  llvm::DenseMap<mlir::Value, BufferPart> buffers{};
  llvm::MapVector<std::pair<Side, mlir::Attribute>, mlir::Value> roles{}; // by side and line, in main
  int functions = 0, names = 0;
  mlir::Operation *step = nullptr; // the op that is being lowered
  int64_t steps = 0;               // that have code
  llvm::SmallVector<AtWork> atWork{};
  unsigned open = 0; // threads, as bits, that functions left at work and nobody has awaited

  const LineColors &lineColors(Side side) const { return side == Side::X ? colors.x : colors.y; }

  Tensor tensor(mlir::Value value);
  std::string newBuffer(mlir::Location loc, llvm::StringRef kind, int64_t words);
  /// A buffer that the loader fills with the part of `source` that the layout gives a PE.
  std::string newWeight(mlir::Location loc, mlir::FlatSymbolRefAttr source, llvm::ArrayRef<int64_t> shape,
                        const Layout &layout);
  std::string newConstant(mlir::Location loc, mlir::ElementsAttr value, const Layout &layout);
  /// Makes a function, has `body` fill it with what follows the coordinates of `splits`, and calls it from main. The
  /// step and its calls get one number, `step`: so the image can say which kernel an instruction is there for. An
  /// `argument` of main is the function's last one.
  mlir::LogicalResult function(mlir::Location loc, const Layout &splits, llvm::StringRef name,
                               llvm::function_ref<mlir::LogicalResult(PeBuilder &)> body, mlir::Value argument = {});
};

/// Fails where boxes have more dimensions than a descriptor.
mlir::LogicalResult checkRank(mlir::Operation *op, const BoxTransfer &transfer);

mlir::LogicalResult lowerRedistribute(RedistributeOp op, RegionCode &code);
mlir::LogicalResult lowerTerms(TermsOp op, RegionCode &code);
mlir::LogicalResult lowerSend(SendOp op, StreamOp stream, RegionCode &code);
mlir::LogicalResult lowerReceive(ReceiveOp op, StreamOp stream, RegionCode &code);
mlir::LogicalResult lowerRelay(RelayOp op, StreamOp from, StreamOp to, RegionCode &code);
mlir::LogicalResult lowerReduce(ReduceOp op, RegionCode &code);
mlir::LogicalResult lowerAllReduce(AllReduceOp op, RegionCode &code, AllReducePart part);
mlir::LogicalResult lowerKernel(KernelOp op, RegionCode &code);
mlir::LogicalResult lowerGather(GatherOp op, RegionCode &code);
mlir::LogicalResult lowerFill(FillOp op, RegionCode &code);

/// The bits of a scalar constant attribute in a 32-bit word.
int64_t wordBits(mlir::Attribute value);

} // namespace wafer::wfr

#endif // WAFER_LIB_CONVERSION_WAFERTOPE_REGIONCODE_H
