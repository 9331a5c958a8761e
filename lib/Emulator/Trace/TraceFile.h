// A trace in Perfetto's format, written as it comes: tracks, slices and counters on them, names once each.
//
// The file is a sequence of packets, so nothing has to be kept but the names that were used. Times are nanoseconds,
// and a cycle is one: what happens within a cycle keeps its order in the file. All packets are of one sequence.
#ifndef WAFER_LIB_EMULATOR_TRACE_TRACEFILE_H
#define WAFER_LIB_EMULATOR_TRACE_TRACEFILE_H

#include "../Ticks.h"
#include "perfetto.pb.h"
#include "wafer/Support/OutputFile.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace wafer::emulator {

using TrackId = uint64_t;

/// What a slice says besides its name.
struct TraceArgument {
  std::string_view name;
  std::variant<int64_t, double, std::string_view> value;
};
using TraceArguments = std::initializer_list<TraceArgument>;

class TraceFile {
public:
  explicit TraceFile(const std::string &path);

  TrackId addProcess(std::string_view name);
  /// A thread of a process, which is a track of slices.
  TrackId addThread(TrackId process, std::string_view name);
  /// A track under a process, a thread or (0) on its own.
  TrackId addTrack(TrackId parent, std::string_view name);
  TrackId addCounter(TrackId parent, std::string_view name, std::string_view unit);

  /// Slices of a track nest: the one that began last ends first. Times on a track do not decrease.
  void begin(TrackId track, std::string_view name, Ticks when, TraceArguments arguments = {});
  void end(TrackId track, Ticks when, TraceArguments arguments = {});
  void slice(TrackId track, std::string_view name, Ticks from, Ticks to, TraceArguments arguments = {}) {
    begin(track, name, from, arguments);
    end(track, to);
  }
  /// An arrow from the slice that begins at one place to the one that begins at another, by a number of its own.
  void beginFlow(TrackId track, std::string_view name, Ticks when, uint64_t flow, bool arrives,
                 TraceArguments arguments);
  void count(TrackId counter, Ticks when, int64_t value);
  void count(TrackId counter, Ticks when, double value);

  /// 0, or the errno that says why nothing can be written.
  int error() { return file.write("") ? 0 : file.finish(); }
  /// The file is there when this has returned 0.
  int finish() { return file.finish(); }

private:
  perfetto::TrackEvent &event(TrackId track, perfetto::TrackEvent::Type type, Ticks when);
  void name(perfetto::TrackEvent &event, std::string_view name);
  void add(perfetto::TrackEvent &event, TraceArguments arguments);
  TrackId addTrack(perfetto::TrackDescriptor &descriptor);
  void write();

  OutputFile file;
  perfetto::TracePacket packet; // the one in hand; its memory is used again
  std::string bytes;
  bool first = true;
  TrackId tracks = 0;
  int32_t ids = 0; // of processes and threads
  std::unordered_map<TrackId, int32_t> processIds;
  std::unordered_map<std::string, uint64_t> eventNames, argumentNames;
};

/// The same text, with U+FFFD for each byte that is no UTF-8: ONNX names are data and may hold anything.
std::string utf8(std::string_view text);

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_TRACE_TRACEFILE_H
