// What the engine tells a tracer of trains and instructions.
#include "Engine.h"

#include <cstdio>

using namespace wafer;
using namespace wafer::emulator;

Result<PeRect> wafer::parsePeRect(const std::string &text) {
  PeRect pes;
  int length = 0;
  const bool isDigits = text.find_first_not_of("0123456789,x") == std::string::npos;
  if (!isDigits ||
      std::sscanf(text.c_str(), "%9u,%9u,%9ux%9u%n", &pes.x, &pes.y, &pes.width, &pes.height, &length) != 4 ||
      length != static_cast<int>(text.size()))
    return Diagnostic{ErrorCode::ToolUsage, "'" + text + "' is no rectangle of PEs",
                      "write X,Y,WxH: its north-west corner and its size, as 0,0,4x2"};
  return pes;
}

Status Engine::openTrace() {
  tracer.reset();
  if (!options.trace)
    return Status::ok();
  Result<std::unique_ptr<Tracer>> opened = Tracer::open(*options.trace, program, tables.sites);
  if (!opened)
    return opened.error();
  tracer = opened.take();
  return Status::ok();
}

Status Engine::finishTrace() {
  if (!tracer)
    return Status::ok();
  Status written = tracer->finish(stats);
  tracer.reset();
  return written;
}

void Engine::traceEnd(const Op &op, Ticks when) {
  const uint64_t words = op.out ? op.out->total : op.n;
  tracer->finish(op.core, op.thread, op.begin, when, true, static_cast<Ticks>(words) * op.rate);
  if (op.out)
    tracer->send(cores[op.core].region, words, op.begin, when);
}

void Engine::traceTransfer(const Train &train, const End &end, bool toHost, uint64_t count, Ticks sentFirst,
                           Ticks sentLast, Ticks first, Ticks last) {
  const bool fromHost = train.stream->side != PortRamp;
  const uint32_t source = fromHost ? Tracer::kHost : regionOf(train.stream->pe);
  const uint32_t target = toHost ? Tracer::kHost : regionOf(end.pe);
  if (source == target)
    return;
  tracer->receive(
      {source, target, program.routes.at(end.color, end.pe)->name, count, sentFirst, sentLast, first, last});
}
