#include "Value.h"

#include <algorithm>

using namespace wafer::emulator;

/// Pieces may have pieces; not more than this many in all, so that a register nobody reads does not collect its past.
static constexpr size_t kMostPieces = 16;

struct Value::Parts : Shared {
  std::vector<Piece> pieces;
  size_t weight = 0; // pieces, those of pieces included
};

const Value::Parts &Value::parts() const { return static_cast<const Parts &>(*node); }

//===- Making -------------------------------------------------------------===//

Value Value::columns(uint32_t width) {
  Value value(ByColumn, Array::make(0, 0, width, 1));
  for (uint32_t i = 0; i != width; ++i)
    value.array().words()[i] = i;
  return value;
}

Value Value::rows(uint32_t height) {
  Value value = columns(height);
  value.form = ByRow;
  return value;
}

Value Value::byColumn(const Indices &columns, std::span<const uint32_t> words) {
  Value value(ByColumn, arrayOver(columns));
  for (size_t i = 0; i != columns.size(); ++i)
    value.array().words()[columns[i] - columns.front()] = words[i];
  return value.narrowed({columns, Indices()});
}

Value Value::byRow(const Indices &rows, std::span<const uint32_t> words) {
  Value value(ByRow, arrayOver(rows));
  for (size_t i = 0; i != rows.size(); ++i)
    value.array().words()[rows[i] - rows.front()] = words[i];
  return value.narrowed({Indices(), rows});
}

Value Value::byPe(const PeSet &set, std::span<const uint32_t> words) {
  Value value(ByPe, arrayOver(set));
  const uint32_t *word = words.data();
  for (uint16_t y : set.rows) {
    uint32_t *row = value.array().row(y);
    for (uint16_t x : set.columns)
      row[x - set.columns.front()] = *word++;
  }
  return value.narrowed(set);
}

Value Value::merged(std::span<const Piece> pieces) {
  const Value &first = pieces.front().value;
  if (std::all_of(pieces.begin(), pieces.end(), [&](const Piece &piece) { return piece.value.identical(first); }))
    return first;
  auto *parts = new Parts;
  Value value(Pieces, parts);
  for (const Piece &piece : pieces) {
    Value part = piece.value;
    if (part.form == Pieces && part.parts().weight > kMostPieces)
      part = part.joined(piece.set);
    parts->weight += part.form == Pieces ? part.parts().weight : 1;
    parts->pieces.push_back({piece.set, std::move(part)});
  }
  return value;
}

//===- Reading ------------------------------------------------------------===//

uint32_t Value::at(uint32_t x, uint32_t y) const {
  switch (form) {
  case Uniform:
    return word;
  case ByColumn:
    return array().words()[x - array().x];
  case ByRow:
    return array().words()[y - array().x];
  case ByPe:
    return array().row(y)[x - array().x];
  case Pieces:
    for (const Piece &piece : parts().pieces)
      if (piece.set.contains(x, y))
        return piece.value.at(x, y);
  }
  return 0; // outside of what the value is for
}

/// All words are the first.
static bool isConstant(const Indices &indices, const uint32_t *words, uint32_t first) {
  const uint32_t word = words[indices.front() - first];
  return std::all_of(indices.begin(), indices.end(), [&](uint16_t i) { return words[i - first] == word; });
}

static bool areEqual(const Indices &indices, const uint32_t *a, uint32_t firstA, const uint32_t *b, uint32_t firstB) {
  return std::all_of(indices.begin(), indices.end(), [&](uint16_t i) { return a[i - firstA] == b[i - firstB]; });
}

Value Value::narrowed(const PeSet &set) const {
  switch (form) {
  case Uniform:
    return *this;
  case ByColumn:
  case ByRow: {
    const Indices &line = form == ByColumn ? set.columns : set.rows;
    return isConstant(line, array().words(), array().x) ? Value(array().words()[line.front() - array().x]) : *this;
  }
  case ByPe: {
    bool byColumn = true, byRow = true;
    const uint32_t first = array().x;
    const uint32_t *top = array().row(set.rows.front());
    for (uint16_t y : set.rows) {
      const uint32_t *row = array().row(y);
      byColumn = byColumn && areEqual(set.columns, top, first, row, first);
      byRow = byRow && isConstant(set.columns, row, first);
      if (!byColumn && !byRow)
        return *this;
    }
    if (byColumn && byRow)
      return Value(top[set.columns.front() - first]);
    const Indices &line = byColumn ? set.columns : set.rows;
    Value value(byColumn ? ByColumn : ByRow, arrayOver(line));
    for (uint16_t i : line)
      value.array().words()[i - line.front()] = byColumn ? top[i - first] : array().row(i)[set.columns.front() - first];
    return value;
  }
  case Pieces:
    return joined(set);
  }
  return *this;
}

/// Pieces, put together where `set` is.
Value Value::joined(const PeSet &set) const {
  std::vector<Piece> found;
  bool wholeColumns = true, wholeRows = true; // each piece has all rows of its columns; all columns of its rows
  bool onlyColumns = true, onlyRows = true;   // no piece is by row, or by PE; by column, or by PE
  for (const Piece &piece : parts().pieces) {
    if (!piece.set.meets(set))
      continue;
    PeSet where = piece.set & set;
    Value value = piece.value.resolved(where);
    wholeColumns &= where.rows.size() == set.rows.size();
    wholeRows &= where.columns.size() == set.columns.size();
    onlyColumns &= value.form != ByRow && value.form != ByPe;
    onlyRows &= value.form != ByColumn && value.form != ByPe;
    found.push_back({std::move(where), std::move(value)});
  }
  const Value &first = found.front().value;
  auto agree = [&](auto isSame) {
    return std::all_of(found.begin() + 1, found.end(), [&](const Piece &piece) { return isSame(piece.value); });
  };
  if (agree([&](const Value &other) { return other.identical(first); }))
    return first;
  // Rows that have the same by column, columns that have the same by row: computed apart, and yet one.
  if (((wholeRows && onlyColumns) || (wholeColumns && onlyRows)) && !first.isUniform() &&
      agree([&](const Value &other) {
        return other.form == first.form &&
               areEqual(first.form == ByColumn ? set.columns : set.rows, first.array().words(), first.array().x,
                        other.array().words(), other.array().x);
      }))
    return first;
  auto copy = [](uint32_t word, uint32_t) { return word; };
  const Lane none{nullptr, 0, 0};
  if ((wholeColumns && onlyColumns) || (wholeRows && onlyRows)) {
    const bool byColumn = wholeColumns && onlyColumns;
    const Indices &line = byColumn ? set.columns : set.rows;
    Value value(byColumn ? ByColumn : ByRow, arrayOver(line));
    for (const Piece &piece : found) {
      const Indices &part = byColumn ? piece.set.columns : piece.set.rows;
      computeLane(part, value.array().words() + (part.front() - line.front()), piece.value.lane(), none, copy);
    }
    return value.narrowed(set);
  }
  Value value(ByPe, arrayOver(set));
  for (const auto &[where, part] : found)
    for (uint16_t y : where.rows)
      computeLane(where.columns, value.array().row(y) + (where.columns.front() - value.array().x), part.lane(y), none,
                  copy);
  return value.narrowed(set);
}

//===- Comparing ----------------------------------------------------------===//

bool wafer::emulator::same(const PeSet &set, const Value &a, const Value &b) {
  if (a.identical(b))
    return true;
  // The cheapest form is one for each content.
  const Value p = a.resolved(set), q = b.resolved(set);
  if (p.form != q.form || p.isUniform())
    return p.identical(q);
  if (p.form != Value::ByPe)
    return areEqual(p.form == Value::ByColumn ? set.columns : set.rows, p.array().words(), p.array().x,
                    q.array().words(), q.array().x);
  return std::all_of(set.rows.begin(), set.rows.end(), [&](uint16_t y) {
    return areEqual(set.columns, p.array().row(y), p.array().x, q.array().row(y), q.array().x);
  });
}

std::pair<int32_t, int32_t> wafer::emulator::minmax(const PeSet &set, const Value &value) {
  int32_t low = INT32_MAX, high = INT32_MIN;
  each(set, value, [&](uint32_t word) {
    low = std::min(low, static_cast<int32_t>(word));
    high = std::max(high, static_cast<int32_t>(word));
  });
  return {low, high};
}
