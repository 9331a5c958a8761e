#include "TraceFile.h"

#include <algorithm>

using namespace wafer;
using namespace wafer::emulator;

namespace {
// TracePacket.SequenceFlags: names are given anew from here on; names given before are used.
constexpr uint32_t kNamesBegin = 1, kNamesUsed = 2;
// A packet as a field of Trace: number 1, with its length.
constexpr char kPacketTag = 1 << 3 | 2;
} // namespace

TraceFile::TraceFile(const std::string &path) : file(path) {}

void TraceFile::write() {
  packet.set_trusted_packet_sequence_id(1);
  packet.set_sequence_flags(first ? kNamesBegin | kNamesUsed : kNamesUsed);
  first = false;
  bytes.assign(1, kPacketTag);
  size_t size = packet.ByteSizeLong();
  for (; size >= 0x80; size >>= 7)
    bytes += static_cast<char>(size | 0x80);
  bytes += static_cast<char>(size);
  packet.AppendToString(&bytes);
  file.write(bytes);
  packet.Clear();
}

TrackId TraceFile::addTrack(perfetto::TrackDescriptor &descriptor) {
  descriptor.set_uuid(++tracks);
  write();
  return tracks;
}

TrackId TraceFile::addProcess(std::string_view name) {
  perfetto::TrackDescriptor &descriptor = *packet.mutable_track_descriptor();
  processIds[tracks + 1] = ++ids;
  descriptor.mutable_process()->set_pid(ids);
  descriptor.mutable_process()->set_process_name(utf8(name));
  return addTrack(descriptor);
}

TrackId TraceFile::addThread(TrackId process, std::string_view name) {
  perfetto::TrackDescriptor &descriptor = *packet.mutable_track_descriptor();
  descriptor.mutable_thread()->set_pid(processIds.at(process));
  descriptor.mutable_thread()->set_tid(++ids);
  descriptor.mutable_thread()->set_thread_name(utf8(name));
  return addTrack(descriptor);
}

TrackId TraceFile::addTrack(TrackId parent, std::string_view name) {
  perfetto::TrackDescriptor &descriptor = *packet.mutable_track_descriptor();
  descriptor.set_parent_uuid(parent);
  descriptor.set_name(utf8(name));
  return addTrack(descriptor);
}

TrackId TraceFile::addCounter(TrackId parent, std::string_view name, std::string_view unit) {
  perfetto::TrackDescriptor &descriptor = *packet.mutable_track_descriptor();
  descriptor.set_parent_uuid(parent);
  descriptor.set_name(utf8(name));
  descriptor.mutable_counter()->set_unit_name(std::string(unit));
  return addTrack(descriptor);
}

perfetto::TrackEvent &TraceFile::event(TrackId track, perfetto::TrackEvent::Type type, Ticks when) {
  packet.set_timestamp(static_cast<uint64_t>(when / kTicksPerCycle));
  perfetto::TrackEvent &event = *packet.mutable_track_event();
  event.set_type(type);
  event.set_track_uuid(track);
  return event;
}

/// The number of a name; a new one goes into the packet that uses it first.
template <typename Names, typename Add> static uint64_t intern(Names &names, std::string_view name, Add add) {
  auto [at, isNew] = names.try_emplace(std::string(name), names.size() + 1);
  if (isNew) {
    perfetto::InternedName &entry = *add();
    entry.set_iid(at->second);
    entry.set_name(utf8(name));
  }
  return at->second;
}

void TraceFile::name(perfetto::TrackEvent &event, std::string_view name) {
  event.set_name_iid(intern(eventNames, name, [&] { return packet.mutable_interned_data()->add_event_names(); }));
}

void TraceFile::add(perfetto::TrackEvent &event, TraceArguments arguments) {
  for (const TraceArgument &argument : arguments) {
    perfetto::DebugAnnotation &to = *event.add_debug_annotations();
    to.set_name_iid(intern(argumentNames, argument.name,
                           [&] { return packet.mutable_interned_data()->add_debug_annotation_names(); }));
    if (const auto *number = std::get_if<int64_t>(&argument.value))
      to.set_int_value(*number);
    else if (const auto *real = std::get_if<double>(&argument.value))
      to.set_double_value(*real);
    else
      to.set_string_value(utf8(std::get<std::string_view>(argument.value)));
  }
}

void TraceFile::begin(TrackId track, std::string_view text, Ticks when, TraceArguments arguments) {
  perfetto::TrackEvent &begins = event(track, perfetto::TrackEvent::TYPE_SLICE_BEGIN, when);
  name(begins, text);
  add(begins, arguments);
  write();
}

void TraceFile::end(TrackId track, Ticks when, TraceArguments arguments) {
  add(event(track, perfetto::TrackEvent::TYPE_SLICE_END, when), arguments);
  write();
}

void TraceFile::beginFlow(TrackId track, std::string_view text, Ticks when, uint64_t flow, bool arrives,
                          TraceArguments arguments) {
  perfetto::TrackEvent &begins = event(track, perfetto::TrackEvent::TYPE_SLICE_BEGIN, when);
  name(begins, text);
  add(begins, arguments);
  if (arrives)
    begins.add_terminating_flow_ids(flow);
  else
    begins.add_flow_ids(flow);
  write();
}

void TraceFile::count(TrackId counter, Ticks when, int64_t value) {
  event(counter, perfetto::TrackEvent::TYPE_COUNTER, when).set_counter_value(value);
  write();
}

void TraceFile::count(TrackId counter, Ticks when, double value) {
  event(counter, perfetto::TrackEvent::TYPE_COUNTER, when).set_double_counter_value(value);
  write();
}

/// How many bytes the character at the front of a text has; 0 if it is no UTF-8.
static size_t characterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t count = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
  if (count == 1)
    return 1;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < count)
    return 0;
  for (size_t i = 1; i != count; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  // Longer than need be, a half of a pair of UTF-16, beyond the last character.
  const unsigned char second = byte(1);
  const bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                   (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return bad ? 0 : count;
}

std::string emulator::utf8(std::string_view text) {
  std::string good;
  while (!text.empty()) {
    const size_t count = characterBytes(text);
    good += count ? text.substr(0, count) : std::string_view("\xef\xbf\xbd");
    text.remove_prefix(std::max<size_t>(count, 1));
  }
  return good;
}
