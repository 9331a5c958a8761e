#include "wafer/Dialect/Fabric/Channels.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace wafer::fabric;

static LogicalResult verifyArea(Operation *op, AreaAttr area) {
  auto program = op->getParentOfType<ProgramOp>();
  if (area.getX() + area.getW() > static_cast<int64_t>(program.getMeshWidth()) ||
      area.getY() + area.getH() > static_cast<int64_t>(program.getMeshHeight()))
    return op->emitOpError("reaches outside the mesh of ")
           << program.getMeshWidth() << " x " << program.getMeshHeight() << " PEs";
  return success();
}

LogicalResult ChannelOp::verify() {
  if (static_cast<int64_t>(getColor()) < 0)
    return emitOpError("has a negative color");
  ChannelForm form = formOf(*this);
  int64_t pes = form.y ? getArea().getH() : getArea().getW(), before = -1;
  if (form.root < 0 || form.root >= pes)
    return emitOpError("has its root at ") << form.root << ", and lines have " << pes << " PEs";
  bool inGroups = form.channel == wafer::Channel::GroupCast;
  if (inGroups ? form.group < 2 || pes % form.group != 0 || form.root >= form.group : form.group != 0)
    return emitOpError(inGroups ? "needs groups of two PEs or more that make up a line, with the root among them"
                                : "has no groups");
  for (int64_t leader : form.leaders) {
    if (leader <= before || leader >= pes || leader == form.root)
      return emitOpError("leaders must ascend, lie on the line, and not be its root");
    before = leader;
  }
  return verifyArea(*this, getArea());
}

LogicalResult NetOp::verify() {
  if (static_cast<int64_t>(getFirst()) < 0)
    return emitOpError("has a negative first lane");
  if (getSinks().empty())
    return emitOpError("has no sinks");
  auto program = (*this)->getParentOfType<ProgramOp>();
  auto inside = [&](RunAttr run) {
    for (int64_t i : {int64_t(0), run.getCount() - 1}) {
      int64_t x = run.getX() + i * run.getDx(), y = run.getY() + i * run.getDy();
      if (x < 0 || y < 0 || x >= static_cast<int64_t>(program.getMeshWidth()) ||
          y >= static_cast<int64_t>(program.getMeshHeight()))
        return false;
    }
    return true;
  };
  if (!inside(getSource()))
    return emitOpError("has a source outside the mesh");
  for (RunAttr sink : getSinks().getAsRange<RunAttr>()) {
    if (sink.getCount() != getSource().getCount())
      return emitOpError("has ") << getSource().getCount() << " sources but a run of " << sink.getCount() << " sinks";
    if (!inside(sink))
      return emitOpError("has a sink outside the mesh");
  }
  return success();
}

LogicalResult RouteOp::verify() {
  if (getPositions().empty())
    return emitOpError("needs at least one switch position");
  return verifyArea(*this, getArea());
}

LogicalResult RouteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!symbols.lookupNearestSymbolFrom(*this, getOwnerAttr()))
    return emitOpError("belongs to unknown @") << getOwner();
  return success();
}

void RouteOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  // A last position equal to the one before it is where the switch stays anyway.
  patterns.add(+[](RouteOp op, PatternRewriter &rewriter) -> LogicalResult {
    ArrayRef<Attribute> positions = op.getPositions().getValue();
    size_t count = positions.size();
    while (count > 1 && positions[count - 1] == positions[count - 2])
      --count;
    if (count == positions.size())
      return rewriter.notifyMatchFailure(op, "the last position is new");
    rewriter.modifyOpInPlace(op, [&] { op.setPositionsAttr(rewriter.getArrayAttr(positions.take_front(count))); });
    return success();
  });
}

#define GET_OP_CLASSES
#include "wafer/Dialect/Fabric/FabricOps.cpp.inc"

llvm::StringMap<SmallVector<NetOp, 1>> wafer::fabric::netsByStream(Operation *root) {
  llvm::StringMap<SmallVector<NetOp, 1>> nets;
  root->walk([&](NetOp net) {
    if (net.getCarries())
      for (StringRef stream : net.getCarries()->getAsValueRange<StringAttr>())
        nets[stream].push_back(net);
  });
  for (auto &entry : nets)
    llvm::sort(entry.second, [](NetOp a, NetOp b) { return a.getFirst() < b.getFirst(); });
  return nets;
}
