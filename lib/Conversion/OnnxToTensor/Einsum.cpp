// Einsum: operands are contracted from left to right, two at a time, each step one generic. A label is a loop; labels
// that neither the result nor a later operand has are summed over.
#include "Lowering.h"

#include <cctype>

using namespace mlir;
using namespace wafer;

namespace {

/// Labels are letters; the dimensions of an ellipsis get numbers above them, counted from the right.
using Labels = SmallVector<int>;
constexpr int ellipsisBase = 1 << 10;

struct Term {
  Value value;
  Labels labels;
};

/// Parses one side of an equation. `rank` dimensions are there (-1: as many as there are ellipsis dimensions in total).
std::optional<Labels> parseLabels(StringRef text, int64_t ellipsisDims) {
  Labels labels;
  while (!text.empty()) {
    if (text.consume_front("...")) {
      for (int64_t d = ellipsisDims; d-- > 0;)
        labels.push_back(ellipsisBase + static_cast<int>(d));
      continue;
    }
    char c = text.front();
    if (!std::isalpha(static_cast<unsigned char>(c)))
      return std::nullopt;
    labels.push_back(c);
    text = text.drop_front();
  }
  return labels;
}

LogicalResult lowerEinsum(NodeLowering &n) {
  std::string equation;
  for (char c : n.stringAttr("equation", ""))
    if (c != ' ')
      equation.push_back(c);
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> inputs;
  left.split(inputs, ',');
  if (inputs.size() != n.operandCount())
    return n.invalid("the equation has " + Twine(inputs.size()) + " operands, the node " + Twine(n.operandCount()));

  SmallVector<Term> terms;
  int64_t widest = 0;
  for (auto [i, text] : llvm::enumerate(inputs)) {
    size_t dots = text.count("...");
    int64_t extra = n.rank(i) - static_cast<int64_t>(text.size() - 3 * dots);
    if (dots > 1 || extra < 0 || (dots == 0 && extra != 0))
      return n.invalid("operand " + Twine(i) + " has " + Twine(n.rank(i)) + " dimensions, which '" + text +
                       "' does not describe");
    auto labels = parseLabels(text, extra);
    if (!labels)
      return n.invalid("the equation '" + equation + "' is malformed");
    widest = std::max(widest, dots ? extra : 0);
    terms.push_back({n.operand(i), *labels});
  }
  std::map<int, int64_t> extents, counts;
  for (const Term &term : terms)
    for (auto [label, dim] : llvm::zip_equal(term.labels, shapeOf(term.value))) {
      int64_t &extent = extents.try_emplace(label, dim).first->second;
      if (extent == 1)
        extent = dim;
      else if (dim != 1 && dim != extent)
        return n.invalid("a label stands for dimensions of " + Twine(extent) + " and " + Twine(dim));
      ++counts[label];
    }
  Labels result;
  if (isExplicit) {
    auto labels = parseLabels(right, widest);
    if (!labels || right.count("...") > 1)
      return n.invalid("the equation '" + equation + "' is malformed");
    result = *labels;
  } else {
    for (int64_t d = widest; d-- > 0;)
      result.push_back(ellipsisBase + static_cast<int>(d));
    for (auto [label, count] : counts)
      if (label < ellipsisBase && count == 1)
        result.push_back(label);
  }
  for (auto [i, label] : llvm::enumerate(result))
    if (!extents.contains(label) || llvm::is_contained(ArrayRef<int>(result).take_front(i), label))
      return n.invalid("the result has a label twice, or one that no operand has");

  MLIRContext *context = n.t.b.getContext();
  // One generic over the labels of one or two terms.
  auto step = [&](ArrayRef<Term> operands, const Labels &kept) -> Term {
    Labels loops = kept;
    for (const Term &term : operands)
      for (int label : term.labels)
        if (!llvm::is_contained(loops, label))
          loops.push_back(label);
    SmallVector<AffineMap> maps;
    SmallVector<Value> values;
    for (const Term &term : operands) {
      SmallVector<AffineExpr> exprs;
      for (auto [label, dim] : llvm::zip_equal(term.labels, shapeOf(term.value))) {
        bool stretched = dim == 1 && extents[label] != 1;
        exprs.push_back(stretched ? getAffineConstantExpr(0, context)
                                  : getAffineDimExpr(llvm::find(loops, label) - loops.begin(), context));
      }
      maps.push_back(AffineMap::get(loops.size(), 0, exprs, context));
      values.push_back(term.value);
    }
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> exprs;
    for (auto [i, label] : llvm::enumerate(kept)) {
      shape.push_back(extents[label]);
      exprs.push_back(getAffineDimExpr(i, context));
    }
    maps.push_back(AffineMap::get(loops.size(), 0, exprs, context));
    SmallVector<utils::IteratorType> iterators(loops.size(), utils::IteratorType::reduction);
    std::fill_n(iterators.begin(), kept.size(), utils::IteratorType::parallel);
    bool sums = loops.size() != kept.size();
    Type element = n.t.element(values.front());
    Value init = sums ? n.t.filled(shape, element, 0) : n.t.empty(shape, element);
    Value value = n.t.generic(values, init, maps, iterators, [&](ScalarBuilder &s, ValueRange v) {
      Value product = values.size() == 1 ? v[0] : s.mul(v[0], v[1]);
      return sums ? s.add(v.back(), product) : product;
    });
    return {value, kept};
  };
  // A dimension of 1 that other operands stretch is not a loop of a step that lacks them.
  Term sum = terms.front();
  if (terms.size() == 1)
    sum = step({sum}, result);
  for (size_t i = 1; i < terms.size(); ++i) {
    Labels kept;
    if (i + 1 == terms.size()) {
      kept = result;
    } else {
      for (const Term &term : {sum, terms[i]})
        for (int label : term.labels) {
          bool needed = llvm::is_contained(result, label);
          for (const Term &later : ArrayRef<Term>(terms).drop_front(i + 1))
            needed |= llvm::is_contained(later.labels, label);
          if (needed && !llvm::is_contained(kept, label))
            kept.push_back(label);
        }
      for (const Term &term : {sum, terms[i]})
        for (auto [label, dim] : llvm::zip_equal(term.labels, shapeOf(term.value)))
          if (dim != extents[label])
            return n.unsupported("stretches a dimension of 1 over more than two operands");
    }
    sum = step({sum, terms[i]}, kept);
  }
  n.setOutput(0, sum.value);
  return success();
}

} // namespace

ArrayRef<LoweringEntry> wafer::einsumLowerings() {
  static constexpr LoweringEntry table[] = {
      {"Einsum", 12, lowerEinsum},
  };
  return table;
}
