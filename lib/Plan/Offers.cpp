#include "Offers.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

Offer &Offers::after(const State &state) {
  SmallVector<const Layout *> resting, current;
  for (const GraphOperand &operand : node.operands) {
    for (const Piece &piece : operand.pieces) {
      const Resting *tensor = state.restingOf(piece.tensor);
      resting.push_back(tensor ? tensor->layout.get() : nullptr);
    }
    current.push_back(operand.pieces.empty() ? nullptr : resting[resting.size() - operand.pieces.size()]);
  }
  auto same = [](const Layout *a, const Layout *b) { return a == b || (a && b && *a == *b); };
  for (Offer &offer : offers)
    if (std::equal(resting.begin(), resting.end(), offer.resting.begin(), offer.resting.end(), same))
      return offer;
  Offer &offer = offers.emplace_back();
  offer.resting = std::move(resting);
  offer.candidates = source.from(current);
  if (mayKeepMoved(state))
    for (size_t i = 0, count = offer.candidates.size(); i != count; ++i) {
      Candidate &other = offer.others.emplace_back(*offer.candidates[i]);
      other.keepMoved = true;
      offer.candidates.push_back(&other);
    }
  offer.glanced.resize(offer.candidates.size());
  offer.measured.resize(offer.candidates.size());
  offer.works.resize(offer.candidates.size());
  return offer;
}

/// The node is the first to read an input that others read, too.
bool Offers::mayKeepMoved(const State &state) const {
  return node.kind == GraphNode::Kernel && !node.repeated() &&
         llvm::any_of(node.operands, [&](const GraphOperand &operand) {
           if (!operand.plain())
             return false;
           const GraphTensor &tensor = graph.tensors[operand.pieces[0].tensor];
           return tensor.kind == GraphTensor::Input && tensor.reads > 1 && !state.restingOf(operand.pieces[0].tensor);
         });
}
