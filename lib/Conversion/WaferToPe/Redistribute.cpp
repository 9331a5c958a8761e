// Moving boxes within a region: wafer.redistribute, by the algorithm that it names or by a copy on each PE.
#include "RegionCode.h"

#include "wafer/Collectives/Move.h"
#include "wafer/Dialect/Wafer/Coverage.h"
#include "wafer/Support/MlirDiagnostic.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

LogicalResult wafer::wfr::checkRank(Operation *op, const BoxTransfer &transfer) {
  int64_t walked = llvm::count_if(transfer.dims, [](const TransferDim &dim) { return dim.slices == 0; });
  if (walked > isa::kMaxRank)
    return wafer::emitUnsupported(op, "moves a box with ")
           << transfer.dims.size() << " dimensions that are split or cut; a descriptor walks "
           << static_cast<int64_t>(isa::kMaxRank);
  return success();
}

LogicalResult wafer::wfr::lowerRedistribute(RedistributeOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource()), result = code.tensor(op.getResult());
  alignSplits({&source.layout, &result.layout});
  std::optional<Side> along = op.getSide();
  Side side = along.value_or(Side::X);
  int64_t line = code.size.along(side);
  Senders senders = sendersOf(source.layout, source.shape, side, code.size);
  std::string name =
      along ? (stringifyMoveAlgorithm(op.getAlgorithm()) + "_" + stringifySide(side)).str() : std::string("copy");
  return code.function(op.getLoc(), source.layout, name, [&](PeBuilder &b) {
    std::vector<TransferDim> dims =
        transferDims(source.layout, source.shape, result.layout, result.shape, op.getShift(), op.regroup());
    sliceDims(dims);
    BoxTransfer transfer{b, side, line, senders, std::move(dims), source.elementType(), source.buffer, result.buffer};
    if (failed(checkRank(op, transfer)))
      return failure();
    const MoveCollective *collective = along && line > 1 ? &collectiveOf(op.getAlgorithm()) : nullptr;
    if (int64_t words = collective ? collective->stagingWords(transfer) : 0)
      transfer.staging = BufferPart(code.newBuffer(op.getLoc(), "scratch", words));
    transfer.eachSlice([&] {
      if (collective)
        collective->build(transfer, code.lineColors(side));
      else
        transfer.copy();
    });
    return success();
  });
}

/// What stands where a PE holds nothing: -0 + x is x, whatever x is, and +0 + -0 is not -0.
static int32_t neutralBits(const Tensor &terms) {
  const bool added = terms.layout.kind == PartialKind::Add && terms.elementType() == pe::ElementType::F32;
  return added ? std::numeric_limits<int32_t>::min() : 0;
}

/// The PE is the one of those with copies of what it has whose term counts; nothing if there are no copies.
static Value isFirstOfCopies(PeBuilder &b, const Layout &source, const Layout &terms) {
  const unsigned copies = axesOfCopies(terms.partialAxes, source);
  Value first;
  for (Axis axis : kPlaceAxes)
    if ((copies & axisBit(axis)) && b.sizes.size[axis] > 1) {
      Value atZero = b.equal(b.coordinate(axis), b.constant(0));
      first = first ? b.scalar(pe::ScalarKind::And, first, atZero) : atZero;
    }
  return first;
}

LogicalResult wafer::wfr::lowerTerms(TermsOp op, RegionCode &code) {
  Tensor source = code.tensor(op.getSource()), result = code.tensor(op.getResult());
  alignSplits({&source.layout, &result.layout});
  return code.function(op.getLoc(), source.layout, "terms", [&](PeBuilder &b) {
    b.vec(pe::VectorKind::Mov, result.elementType(), b.constant(result.layout.words()),
          b.desc(b.address(result.buffer), {1}), b.constant(neutralBits(result)));
    std::vector<TransferDim> dims = transferDims(source.layout, source.shape, result.layout, result.shape, {});
    sliceDims(dims);
    BoxTransfer transfer{b, Side::X, 1, {1, 1, 1}, std::move(dims), source.elementType(), source.buffer, result.buffer};
    if (failed(checkRank(op, transfer)))
      return failure();
    b.when(result.layout.kind == PartialKind::Pick ? Value() : isFirstOfCopies(b, source.layout, result.layout),
           [&] { transfer.eachSlice([&] { transfer.copy(); }); });
    return success();
  });
}
