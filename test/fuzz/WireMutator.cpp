#include "WireMutator.h"

#include <algorithm>
#include <vector>

using namespace wafer::fuzz;

namespace {

constexpr int kMaxDepth = 12;
constexpr uint64_t kMaxField = 64; // larger numbers mean that bytes are no message

struct Field {
  uint64_t number = 0;
  unsigned type = 0;
  uint64_t value = 0; // varint, or the bits of a fixed field
  bool isMessage = false;
  std::string bytes; // length-delimited, no message
  std::vector<Field> fields;
};

bool readVarint(const std::string &text, size_t &at, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at != text.size(); shift += 7) {
    auto byte = static_cast<uint8_t>(text[at++]);
    value |= uint64_t(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return true;
  }
  return false;
}

void writeVarint(std::string &text, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    text.push_back(static_cast<char>(value | 0x80));
  text.push_back(static_cast<char>(value));
}

bool parse(const std::string &text, std::vector<Field> &fields, int depth) {
  for (size_t at = 0; at != text.size();) {
    Field field;
    uint64_t tag;
    if (!readVarint(text, at, tag))
      return false;
    field.number = tag >> 3;
    field.type = tag & 7;
    if (field.number == 0 || field.number > kMaxField)
      return false;
    if (field.type == 0) {
      if (!readVarint(text, at, field.value))
        return false;
    } else if (field.type == 1 || field.type == 5) {
      size_t width = field.type == 1 ? 8 : 4;
      if (text.size() - at < width)
        return false;
      for (size_t i = 0; i != width; ++i)
        field.value |= uint64_t(uint8_t(text[at + i])) << (8 * i);
      at += width;
    } else if (field.type == 2) {
      uint64_t length;
      if (!readVarint(text, at, length) || length > text.size() - at)
        return false;
      field.bytes = text.substr(at, length);
      at += length;
      if (depth != kMaxDepth && parse(field.bytes, field.fields, depth + 1) && !field.fields.empty()) {
        field.isMessage = true;
        field.bytes.clear();
      } else {
        field.fields.clear();
      }
    } else {
      return false;
    }
    fields.push_back(std::move(field));
  }
  return true;
}

std::string write(const std::vector<Field> &fields) {
  std::string text;
  for (const Field &field : fields) {
    writeVarint(text, field.number << 3 | field.type);
    if (field.type == 0) {
      writeVarint(text, field.value);
    } else if (field.type == 2) {
      std::string nested = field.isMessage ? write(field.fields) : field.bytes;
      writeVarint(text, nested.size());
      text += nested;
    } else {
      for (unsigned i = 0; i != (field.type == 1 ? 8 : 4); ++i)
        text.push_back(static_cast<char>(field.value >> (8 * i)));
    }
  }
  return text;
}

/// Where a field is: in the list of a message, at an index.
struct Place {
  std::vector<Field> *list;
  size_t index;
  Field &field() const { return (*list)[index]; }
};

void collect(std::vector<Field> &fields, std::vector<Place> &places) {
  for (size_t i = 0; i != fields.size(); ++i) {
    places.push_back({&fields, i});
    collect(fields[i].fields, places);
  }
}

/// Packed numbers look like bytes: read, changed and written as a list of varints.
bool mutatePacked(std::string &bytes, Random &random) {
  std::vector<uint64_t> values;
  for (size_t at = 0; at != bytes.size();) {
    uint64_t value;
    if (!readVarint(bytes, at, value))
      return false;
    values.push_back(value);
  }
  if (values.empty() || values.size() > 32)
    return false;
  size_t at = random.below(values.size());
  if (random.oneIn(5))
    values.insert(values.begin() + at, static_cast<uint64_t>(random.number()));
  else if (random.oneIn(5))
    values.erase(values.begin() + at);
  else
    values[at] = static_cast<uint64_t>(random.number());
  bytes.clear();
  for (uint64_t value : values)
    writeVarint(bytes, value);
  return true;
}

void mutateField(Field &field, const std::vector<Place> &places, size_t room, Random &random,
                 const MutateBytes &mutateBytes) {
  if (field.type != 2) {
    const Field &other = random.in(places).field();
    if (other.type == field.type && random.oneIn(4))
      field.value = other.value;
    else if (random.oneIn(3))
      field.value ^= uint64_t(1) << random.below(field.type == 5 ? 32 : 64);
    else if (random.oneIn(2))
      field.value += random.oneIn(2) ? 1 : -1;
    else
      field.value = static_cast<uint64_t>(random.number());
    return;
  }
  // Names tie the parts of these messages together: bytes from elsewhere in the message are worth more than noise.
  for (int tries = 0; tries != 4 && random.oneIn(2); ++tries) {
    const Field &other = random.in(places).field();
    if (other.type != 2 || other.isMessage || &other == &field)
      continue;
    std::string copy = other.bytes; // `other` may be part of `field`
    field.isMessage = false;
    field.fields.clear();
    field.bytes = std::move(copy);
    return;
  }
  if (!random.oneIn(3) && mutatePacked(field.bytes, random))
    return;
  mutateBytes(field.bytes, std::max<size_t>(1, std::min(room, field.bytes.size() + 16)));
}

} // namespace

bool wafer::fuzz::mutateWire(std::string &message, size_t maxSize, Random &random, const MutateBytes &mutateBytes) {
  std::vector<Field> root;
  if (!parse(message, root, 0) || root.empty())
    return false;
  std::vector<Place> places;
  collect(root, places);
  size_t room = maxSize - std::min(maxSize, message.size());
  Place place = random.in(places);
  switch (random.below(8)) {
  case 0:
    place.list->erase(place.list->begin() + place.index);
    break;
  case 1: {
    Field copy = place.field();
    place.list->insert(place.list->begin() + random.below(place.list->size() + 1), std::move(copy));
    break;
  }
  case 2:
    std::swap(place.field(), random.in(*place.list));
    break;
  case 3: { // a field of the same number, anywhere
    std::vector<Place> same;
    for (const Place &other : places)
      if (other.field().number == place.field().number && other.field().type == place.field().type)
        same.push_back(other);
    Field copy = random.in(same).field();
    place.field() = std::move(copy);
    break;
  }
  case 4:
    if (random.oneIn(4))
      place.field().number = 1 + random.below(16);
    else
      place.list->push_back({1 + random.below(24), 0, static_cast<uint64_t>(random.number()), false, "", {}});
    break;
  default:
    if (place.field().isMessage && !random.oneIn(8))
      place = {&place.field().fields, random.below(place.field().fields.size())};
    mutateField(place.field(), places, room, random, mutateBytes);
  }
  std::string result = write(root);
  if (result.size() > maxSize)
    return false;
  message = std::move(result);
  return true;
}

bool wafer::fuzz::crossWire(std::string &message, const std::string &donor, size_t maxSize, Random &random) {
  std::vector<Field> to, from;
  if (!parse(message, to, 0) || !parse(donor, from, 0) || to.empty() || from.empty())
    return false;
  std::vector<Place> places, gifts;
  collect(to, places);
  collect(from, gifts);
  for (int tries = 0; tries != 16; ++tries) {
    Place place = random.in(places), gift = random.in(gifts);
    if (place.field().number != gift.field().number || place.field().type != gift.field().type)
      continue;
    if (random.oneIn(2))
      place.field() = gift.field();
    else
      place.list->insert(place.list->begin() + place.index, gift.field());
    std::string result = write(to);
    if (result.size() > maxSize)
      return false;
    message = std::move(result);
    return true;
  }
  return false;
}
