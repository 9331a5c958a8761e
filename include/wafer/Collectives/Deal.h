// Sending a tensor whose columns are dealt to lanes (Lines.h): what it takes, and its code.
#ifndef WAFER_COLLECTIVES_DEAL_H
#define WAFER_COLLECTIVES_DEAL_H

#include "wafer/Collectives/BoxTransfer.h"
#include "wafer/Target/ResourceModel.h"

namespace wafer::wfr {

class DealtSend {
public:
  /// Each column holds a block of so many words.
  DealtSend(const Deal &deal, int64_t words);

  double cycles(const ResourceModel &model) const;
  /// Of these, while columns have their turns, and while the lanes carry what they said.
  double turnCycles(const ResourceModel &model) const;
  double laneCycles(const ResourceModel &model) const { return model.hostCycles(deal.rounds * words); }
  /// Of memory that a head needs meanwhile.
  int64_t stagingWords() const { return atOnce() ? 0 : 2 * together * words; }
  /// `own`: what each PE has; `lane`: what the heads' lanes carry.
  void build(BoxTransfer &own, BoxTransfer &lane, const BufferPart &staging, int gather, int stream) const;

  /// A block that is alone or keeps the lane busy longer than an instruction takes to begin is handed on as it comes.
  bool atOnce() const;

private:
  double pieces() const { return static_cast<double>(deal.rounds) / static_cast<double>(together); }
  /// Of one receive.
  double takeCycles(const ResourceModel &model) const;

  Deal deal;
  int64_t words, together; // of a block; rounds of one receive
};

} // namespace wafer::wfr

#endif // WAFER_COLLECTIVES_DEAL_H
