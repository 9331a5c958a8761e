// The pass fabric-extract-flows: what lib/Dialect/Fabric/Flows.cpp finds, for people to read.
#include "wafer/Dialect/Fabric/Flows.h"
#include "wafer/Dialect/Fabric/Passes.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::fabric;

namespace wafer::fabric {
#define GEN_PASS_DEF_FABRICEXTRACTFLOWS
#include "wafer/Dialect/Fabric/Passes.h.inc"
} // namespace wafer::fabric

namespace {

/// A coordinate in terms of the source's; a number where all sources have the same.
std::string text(Coordinate c, const char *name, const Progression &sources) {
  if (!c.relative || sources.count == 1)
    return std::to_string(c.at(sources.first));
  if (c.offset == 0)
    return name;
  return name + std::string(c.offset < 0 ? " - " : " + ") + std::to_string(std::abs(c.offset));
}

std::string text(Coordinate low, Coordinate high, const char *name, const Progression &sources) {
  std::string from = text(low, name, sources), to = text(high, name, sources);
  return from == to ? from : from + " .. " + to;
}

void print(Diagnostic &out, const Area &sources, Port port) {
  std::string area;
  llvm::raw_string_ostream stream(area);
  stream << sources.attr(out.getLocation().getContext());
  out << StringRef(area).drop_front(StringRef(area).find('<')) << " by " << stringifyPort(port);
}

struct FabricExtractFlowsPass : fabric::impl::FabricExtractFlowsBase<FabricExtractFlowsPass> {
  void runOnOperation() override {
    ProgramOp program = getOperation();
    Routers routers(program);
    SymbolTable symbols(program);
    for (Routers::Shape &shape : routers.all())
      if (auto [tile, other] = routers.findTwice(shape); other) {
        shape.route.emitRemark("router " + fabric::text(tile) + " is set up twice, so there is no saying what flows");
        return;
      }
    for (Routers::Shape &shape : routers.all()) {
      Port port = shape.at(0).getInput();
      Area sources = shape.area;
      if (port != Port::Ramp)
        sources = intersect(sources, routers.beyond(port).shifted(opposite(port)));
      if (sources.empty())
        continue;
      auto channel = symbols.lookup<ChannelOp>(shape.route.getOwner());
      Injection injection{shape.route.getOwner(), static_cast<int64_t>(shape.route.getColor()), sources, port,
                          channel ? turnOf(channel.getKind()) : Turn::None};
      SmallVector<Flow> flows;
      if (std::optional<Fault> fault = routers.follow(injection, flows))
        shape.route.emitRemark("from " + fabric::text(fault->source) + ": " + fault->text(injection));
      else
        for (const Flow &flow : flows)
          tell(shape, port, flow);
    }
    markAllAnalysesPreserved();
  }

  void tell(Routers::Shape &shape, Port port, const Flow &flow) {
    InFlightDiagnostic remark = mlir::emitRemark(shape.route.getLoc());
    remark << "color " << shape.route.getColor() << " of @" << shape.route.getOwner() << ": ";
    print(*remark.getUnderlyingDiagnostic(), flow.sources, port);
    StringRef separator = " to ";
    for (const Ends &ends : flow.ends) {
      remark << separator << "(" << text(ends.xLow, ends.xHigh, "x", flow.sources.x) << ", "
             << text(ends.yLow, ends.yHigh, "y", flow.sources.y) << ") by " << stringifyPort(ends.port);
      separator = ", ";
    }
  }
};

} // namespace
