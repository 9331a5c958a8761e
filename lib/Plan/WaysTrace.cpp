// What became of a node's candidates, where a search is traced.
#include "PlanTrace.h"
#include "Ways.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

llvm::DenseMap<const Candidate *, size_t> Ways::trace(ArrayRef<Successor *> kept, PlanTrace &trace) const {
  std::vector<Consideration> considered;
  llvm::DenseMap<const Candidate *, size_t> tracedAs;
  auto fares = [&](const Candidate &candidate, Fate fate, double score, int region, const Work *work) {
    auto [it, isNew] = tracedAs.try_emplace(&candidate, considered.size());
    Consideration now{candidate.iteration, candidate.result, candidate.chunks, fate, score, std::nullopt, region};
    if (work)
      now.cycles = work->cycles, now.result = work->result;
    if (isNew)
      considered.push_back(now);
    else if (Consideration &before = considered[it->second];
             std::pair(fate, -score) > std::pair(before.fate, -before.score))
      before = now;
  };
  for (const Offer &offer : offers.all())
    for (const Candidate *candidate : offer.candidates)
      fares(*candidate, tooLate.contains(candidate) ? Fate::Bounded : Fate::NoWay, INFINITY, -1, nullptr);
  for (const Option &option : options)
    if (const Candidate *candidate = option.candidate(); option.seen != Option::Priced)
      fares(*candidate, option.score == INFINITY && !tooLate.contains(candidate) ? Fate::NoRoom : Fate::Bounded,
            option.score, -1, nullptr);
    else if (*option.offer->works[option.number])
      fares(*candidate, Fate::NoRoom, INFINITY, -1, nullptr);
  for (const Successor &successor : successors) {
    const bool isKept = llvm::is_contained(kept, &successor);
    fares(*successor.candidate,
          isKept            ? Fate::Kept
          : successor.alike ? Fate::Alike
                            : Fate::Beaten,
          successor.score, successor.region, successor.work);
  }
  trace.add(std::move(considered));
  return tracedAs;
}
