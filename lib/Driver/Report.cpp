#include "Report.h"

#include "Schedule.h"

#include "wafer/Dialect/Fabric/FabricDialect.h"
#include "wafer/Dialect/Wafer/Steps.h"
#include "wafer/Target/ResourceModel.h"

#include "llvm/Support/JSON.h"

#include <cmath>
#include <set>

using namespace mlir;
using namespace wafer;
using namespace wafer::driver;
using llvm::json::OStream;

static const char *sideName(PortBits side) {
  return side == PortNorth ? "N" : side == PortEast ? "E" : side == PortSouth ? "S" : "W";
}

static void writeTarget(const Profile &profile, OStream &json) {
  json.attributeObject("target", [&] {
    json.attribute("name", profile.name);
    json.attribute("width", profile.meshWidth);
    json.attribute("height", profile.meshHeight);
    json.attribute("sram_bytes", profile.sramBytes);
    json.attribute("clock_ghz", profile.clockGhz);
    json.attributeArray("dead_pes", [&] {
      for (const auto &[x, y] : profile.deadPes)
        json.array([&] {
          json.value(x);
          json.value(y);
        });
    });
    json.attributeArray("dead_links", [&] {
      for (const DeadLink &link : profile.deadLinks)
        json.array([&] {
          json.value(link.x);
          json.value(link.y);
          json.value(sideName(link.side));
        });
    });
  });
}

using Spans = llvm::DenseMap<Operation *, ScheduledSpan>;

static void writeRegion(wfr::RegionOp region, const SramLedger *ledger, const Spans &schedule, OStream &json) {
  int64_t estimate = 0;
  json.object([&] {
    json.attribute("name", region.getSymName());
    if (auto rect = region.getRect())
      json.attributeObject("rect", [&] {
        json.attribute("x", rect->getX());
        json.attribute("y", rect->getY());
        json.attribute("width", rect->getW());
        json.attribute("height", rect->getH());
      });
    json.attributeArray("kernels", [&] {
      region.walk([&](Operation *step) {
        auto estimated = step->getAttrOfType<DictionaryAttr>("estimated_cycles");
        if (!estimated && !llvm::isa<wfr::KernelOp>(step))
          return;
        const wfr::StepEstimate of = wfr::estimateOf(step);
        estimate += of.cycles;
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(wfr::nodeOf(step->getLoc())));
          json.attribute("op", step->getName().stripDialect());
          json.attributeArray("nodes", [&] {
            for (const std::string &name : wfr::nodesOf(step))
              json.value(llvm::json::fixUTF8(name));
          });
          json.attribute("estimated_cycles", of.cycles);
          json.attribute("bound", of.bound);
          json.attribute("bound_cycles", of.boundCycles);
          json.attributeObject("spent_on", [&] {
            for (NamedAttribute part : estimated ? estimated.getValue() : ArrayRef<NamedAttribute>())
              json.attribute(part.getName(), cast<IntegerAttr>(part.getValue()).getInt());
          });
          if (auto span = schedule.find(step); span != schedule.end()) {
            json.attribute("start_cycle", span->second.start);
            json.attribute("end_cycle", span->second.end);
          }
        });
      });
    });
    if (ledger)
      json.attributeObject("sram", [&] {
        json.attribute("code", ledger->code);
        json.attribute("tables", ledger->tables);
        json.attribute("helpers", ledger->helpers);
        json.attribute("weights", ledger->weights);
        json.attribute("activations", ledger->buffers);
        json.attribute("stack", ledger->stack);
        json.attribute("total", ledger->used());
        json.attribute("limit", ledger->usable);
      });
    json.attribute("estimated_cycles", estimate);
  });
}

/// N, E, S, W, and R for the ramp.
static std::string letters(unsigned ports) {
  std::string text;
  for (auto [port, letter] : {std::pair{fabric::Port::North, 'N'},
                              {fabric::Port::East, 'E'},
                              {fabric::Port::South, 'S'},
                              {fabric::Port::West, 'W'},
                              {fabric::Port::Ramp, 'R'}})
    if (ports & static_cast<unsigned>(port))
      text += letter;
  return text;
}

/// Lists of numbers stand on one line: there may be many.
static void writeNumbers(StringRef name, ArrayRef<int64_t> numbers, OStream &json) {
  json.attributeBegin(name);
  json.rawValue([&](llvm::raw_ostream &os) {
    os << "[";
    llvm::interleaveComma(numbers, os);
    os << "]";
  });
  json.attributeEnd();
}

static void writeRun(fabric::RunAttr run, int64_t count, OStream &json) {
  json.attribute("port", letters(static_cast<unsigned>(run.getPort())));
  writeNumbers("run", {run.getX(), run.getY(), run.getDx(), run.getDy(), count}, json);
}

/// Of the longest lane.
static int64_t hopsOf(ArrayRef<fabric::NetOp> nets) {
  int64_t hops = 0;
  for (fabric::NetOp net : nets)
    hops = std::max<int64_t>(hops, net.getHops().value_or(0));
  return hops;
}

static void writeStream(wfr::StreamOp stream, ArrayRef<fabric::NetOp> nets, OStream &json) {
  json.object([&] {
    json.attribute("name",
                   stream.getHostName() ? llvm::json::fixUTF8(*stream.getHostName()) : stream.getSymName().str());
    json.attribute("from", stream.getFrom() ? *stream.getFrom() : "host");
    json.attributeArray("to", [&] {
      if (stream.getTo().empty())
        json.value("host");
      for (auto to : stream.getTo().getAsRange<FlatSymbolRefAttr>())
        json.value(to.getValue());
    });
    json.attribute("lanes", static_cast<int64_t>(stream.getLanes()));
    json.attribute("words", cast<RankedTensorType>(stream.getType()).getNumElements());
    json.attributeArray("colors", [&] {
      std::set<int64_t> colors;
      for (fabric::NetOp net : nets)
        if (net.getColor())
          colors.insert(static_cast<int64_t>(*net.getColor()));
      for (int64_t color : colors)
        json.value(color);
    });
    json.attribute("hops", hopsOf(nets));
    if (nets.empty())
      return;
    fabric::NetOp first = nets.front();
    int64_t lanes = 0; // parts follow one another
    for (fabric::NetOp net : nets)
      lanes += net.getSource().getCount();
    json.attribute("net", first.getSymName());
    json.attributeObject("source", [&] { writeRun(first.getSource(), lanes, json); });
    json.attributeArray("sinks", [&] {
      for (auto sink : first.getSinks().getAsRange<fabric::RunAttr>())
        json.object([&] { writeRun(sink, lanes, json); });
    });
  });
}

static void writeRoute(fabric::RouteOp route, OStream &json) {
  json.object([&] {
    json.attribute("owner", route.getOwner());
    json.attribute("color", static_cast<int64_t>(route.getColor()));
    fabric::AreaAttr area = route.getArea();
    writeNumbers("area", {area.getX(), area.getY(), area.getW(), area.getH(), area.getStepX(), area.getStepY()}, json);
    json.attributeBegin("positions");
    json.rawValue([&](llvm::raw_ostream &os) {
      os << "[";
      llvm::interleaveComma(route.getPositions().getAsRange<fabric::PositionAttr>(), os,
                            [&](fabric::PositionAttr position) {
                              os << '"' << letters(static_cast<unsigned>(position.getInput())) << '>'
                                 << letters(position.getOutputs()) << '"';
                            });
      os << "]";
    });
    json.attributeEnd();
  });
}

/// Inputs or outputs, as a run takes and gives them.
static void writeTensors(StringRef name, const image::Manifest &manifest, bool outputs, OStream &json) {
  json.attributeArray(name, [&] {
    for (const image::HostStream &stream : manifest.streams()) {
      if (stream.output() != outputs)
        continue;
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(stream.tensor().name()));
        json.attribute("type", hostTypeName(hostType(stream.tensor().type())));
        const auto &shape = stream.tensor().shape();
        writeNumbers("shape", ArrayRef<int64_t>(shape.data(), static_cast<size_t>(shape.size())), json);
      });
    }
  });
}

static void writeProgram(const CompilationReport &report, OStream &json) {
  ModuleOp module = *report.result->module;
  json.attributeObject("mesh", [&] {
    json.attribute("width", report.result->meshWidth);
    json.attribute("height", report.result->meshHeight);
  });
  json.attributeObject("placement", [&] { json.attribute("seed", static_cast<int64_t>(report.seed)); });
  const auto nets = fabric::netsByStream(module);
  std::set<int64_t> colors;
  module.walk([&](fabric::RouteOp route) { colors.insert(static_cast<int64_t>(route.getColor())); });
  Spans schedule;
  const ResourceModel resources(*report.profile);
  module.walk([&](wfr::ProgramOp program) {
    schedule = scheduleOf(program, [&](wfr::StreamOp stream) {
      const int64_t words = cast<RankedTensorType>(stream.getType()).getNumElements();
      const int64_t ofLane = llvm::divideCeil(words, std::max<int64_t>(1, static_cast<int64_t>(stream.getLanes())));
      const int hops = static_cast<int>(hopsOf(nets.lookup(stream.getSymName())));
      return std::llround(resources.transferCycles(ofLane, hops, 0));
    });
  });
  json.attributeArray("regions", [&] {
    module.walk([&](wfr::RegionOp region) {
      const SramLedger *ledger = nullptr;
      for (const EmittedRegion &emitted : report.result->regions)
        if (emitted.name == region.getSymName())
          ledger = &emitted.ledger;
      writeRegion(region, ledger, schedule, json);
    });
  });
  json.attributeArray("streams", [&] {
    module.walk([&](wfr::StreamOp stream) { writeStream(stream, nets.lookup(stream.getSymName()), json); });
  });
  json.attributeArray("routes", [&] { module.walk([&](fabric::RouteOp route) { writeRoute(route, json); }); });
  json.attributeObject("colors", [&] {
    json.attribute("used", static_cast<int64_t>(colors.size()));
    json.attribute("limit", report.profile->colors - static_cast<int64_t>(report.profile->reservedColors.size()));
  });
}

void driver::writeReport(const CompilationReport &report, llvm::raw_ostream &os) {
  OStream json(os, 2);
  json.object([&] {
    json.attribute("version", 1);
    if (!report.errorMessage.empty())
      json.attributeObject("error", [&] {
        json.attribute("code", report.errorCode);
        json.attribute("message", llvm::json::fixUTF8(report.errorMessage));
      });
    json.attributeObject("model", [&] {
      json.attribute("file", llvm::json::fixUTF8(report.model));
      json.attribute("nodes", report.modelNodes);
      if (report.manifest) {
        writeTensors("inputs", *report.manifest, /*outputs=*/false, json);
        writeTensors("outputs", *report.manifest, /*outputs=*/true, json);
      }
    });
    if (report.profile)
      writeTarget(*report.profile, json);
    if (report.result && report.result->module)
      writeProgram(report, json);
    json.attributeArray("stages", [&] {
      for (const StageReport &stage : report.stages)
        json.object([&] {
          json.attribute("name", StringRef(stageName(stage.stage)));
          json.attribute("seconds", stage.seconds);
          json.attribute("ops", stage.ops);
        });
    });
    if (report.imageBytes)
      json.attributeObject("image", [&] {
        json.attribute("bytes", report.imageBytes);
        json.attribute("weight_bytes", report.weightBytes);
      });
  });
  os << "\n";
}
