#include "PlanTrace.h"

#include "wafer/Dialect/Wafer/Steps.h"

#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;
using llvm::json::OStream;

static const char *nameOf(Fate fate) {
  switch (fate) {
  case Fate::NoWay:
    return "no way";
  case Fate::NoRoom:
    return "no room";
  case Fate::Bounded:
    return "bounded";
  case Fate::Beaten:
    return "beaten";
  case Fate::Alike:
    return "alike";
  case Fate::Kept:
    return "kept";
  case Fate::Chosen:
    return "chosen";
  }
  llvm_unreachable("a fate has a name");
}

static const char *nameOf(GraphNode::Kind kind) {
  switch (kind) {
  case GraphNode::Kernel:
    return "kernel";
  case GraphNode::Gather:
    return "gather";
  case GraphNode::Reshape:
    return "reshape";
  case GraphNode::Move:
    return "move";
  case GraphNode::Carry:
    return "carry";
  case GraphNode::Next:
    return "next";
  case GraphNode::Output:
    return "output";
  }
  llvm_unreachable("a kind has a name");
}

static void write(const Consideration &considered, MLIRContext *context, OStream &json) {
  auto layout = [&](llvm::StringRef name, const Layout &layout) {
    std::string text;
    llvm::raw_string_ostream(text) << layout.attr(context);
    json.attribute(name, llvm::StringRef(text).drop_front(llvm::StringRef("#wafer.layout").size()));
  };
  json.object([&] {
    json.attribute("fate", nameOf(considered.fate));
    if (!considered.iteration.dims.empty())
      layout("iteration", considered.iteration);
    layout("result", considered.result);
    if (considered.chunks > 1)
      json.attribute("chunks", considered.chunks);
    if (considered.region >= 0)
      json.attribute("region", considered.region);
    if (considered.score != INFINITY)
      json.attribute("score", std::llround(considered.score));
    if (considered.cycles)
      json.attributeObject("cycles", [&] {
        json.attribute("compute", std::llround(considered.cycles->compute));
        json.attribute("moves", std::llround(considered.cycles->moves));
        json.attribute("reductions", std::llround(considered.cycles->reductions));
        json.attribute("host", std::llround(considered.cycles->host));
      });
  });
}

std::string PlanTrace::json(const Graph &graph, const Plan &plan, MLIRContext *context) const {
  std::string text;
  llvm::raw_string_ostream out(text);
  OStream json(out, 1);
  json.object([&] {
    json.attribute("version", 1);
    json.attributeObject("region", [&] {
      json.attribute("width", plan.region.width);
      json.attribute("height", plan.region.height);
      json.attribute("split_x", plan.region.splitX.minor);
      json.attribute("split_y", plan.region.splitY.minor);
      json.attribute("middle_x", plan.region.splitX.middle);
      json.attribute("middle_y", plan.region.splitY.middle);
    });
    json.attribute("regions", plan.regions);
    json.attribute("cycles", std::llround(plan.cycles));
    json.attributeArray("nodes", [&] {
      for (auto [node, candidates] : llvm::zip_equal(graph.nodes, nodes)) {
        // The best first, as the search ranks them.
        SmallVector<const Consideration *> ranked;
        for (const Consideration &candidate : candidates)
          ranked.push_back(&candidate);
        llvm::stable_sort(ranked, [](const Consideration *a, const Consideration *b) {
          return std::pair(-static_cast<int>(a->fate), a->score) < std::pair(-static_cast<int>(b->fate), b->score);
        });
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(nodeOf(node.loc)));
          json.attribute("kind", nameOf(node.kind));
          if (node.kind == GraphNode::Kernel)
            json.attributeArray("extents", [&] {
              for (int64_t extent : node.extents)
                json.value(extent);
            });
          json.attributeArray("considered", [&] {
            for (const Consideration *candidate : ranked)
              write(*candidate, context, json);
          });
        });
      }
    });
  });
  return text + "\n";
}
