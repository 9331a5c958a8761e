// The pass wafer-verify-order: no program can wait for itself.
//
// What can wait is communication. Its unit is the *event*: a stream with its send and all its receives is one event of
// all the regions that it joins, and streams that relays join are one event together; a collective is an event of one
// region. Program order within each region gives edges between events. The host sends from the start, takes what comes
// and waits for nobody, but what shares a net with it comes in one order: that of the streams in the program. Per net
// this is a program like a region's. If these have no cycle, there is one order of all events that every region
// follows, and then no buffering, however small, can make the program stop:
//
//   Suppose it has stopped. Of the events that some core has not finished take the first in that order. All cores that
//   take part in it have finished what their programs have before it, for that comes earlier in the order too; so all
//   of them have begun it, or are done with their share. Nothing of another event is in its way: each segment of a
//   color has one writer at a time, and that writer's earlier events are over, with their last wavelet taken, while its
//   later ones queue behind. And an event alone always ends: a pass has a sender at a time and relays that only wait
//   for it, also where they lead to further streams, which are a tree; a reduction flows toward its head, an exchange
//   has all its sends under way before anything is received, and in an all-reduce nobody waits for a send of its own
//   before it takes what returns (docs/collectives.md has the steps, pe.func's verifier the check). So it goes on. A
//   contradiction.
//
// The argument is about cores, not about regions: rows and columns may run ahead of others as far as data allows, and
// rows beyond a stream's lanes skip it. All cores of a region still run one sequence, and that is all that is used. It
// also needs that nothing outlives its event: every op waits for its own asynchronous sends (pe.func's verifier).
//
// Collectives lie on no cycle that is not one of streams already, since a region's events stand in a row; so vertices
// are streams only. Streams that share a net (those with the same ends, the host's too) must be sent and taken in one
// order, or data would arrive as another tensor; two orders are a cycle of two events. A stream within a loop would run
// once per chunk; the planner makes none, and none is accepted. Time is linear in the ops of regions.
#include "wafer/Dialect/Wafer/Lines.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Support/MlirDiagnostic.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace wafer {
#define GEN_PASS_DEF_WAFERVERIFYORDER
#include "wafer/Dialect/Wafer/Passes.h.inc"
} // namespace wafer

namespace {

constexpr StringLiteral kHint = "this is a defect of the compiler: please report it; with --regions 1 no region waits "
                                "for another";

/// A region's part in a stream, or the host's.
struct End {
  Operation *op;
  RegionOp region; // null: the host, and `op` is the stream
  size_t stream;
  bool sends;
  int before = -1; // the region's end before this one; the host's in the same net
};

/// A relay's two ends are one.
bool together(const End &first, const End &then) { return first.op == then.op && first.region && then.region; }

/// `first` comes before `then` in one region.
struct Step {
  int first, then;
};

class Verifier {
public:
  explicit Verifier(ProgramOp program) : program(program), symbols(program) {}

  LogicalResult run() {
    for (StreamOp stream : program.getBody().getOps<StreamOp>()) {
      numbers[stream.getSymNameAttr()] = streams.size();
      streams.push_back(stream);
    }
    endsOf.resize(streams.size());
    for (RegionOp region : program.getBody().getOps<RegionOp>())
      if (failed(collect(region)))
        return failure();
    collectHost();
    for (size_t s = 0; s != streams.size(); ++s)
      if (failed(matchEnds(s)))
        return failure();
    if (failed(joinEvents()))
      return failure();
    return checkOrder();
  }

private:
  LogicalResult unmatched(Operation *op, const Twine &what) {
    return wafer::emitError(op->getLoc(), ErrorCode::StreamUnmatched, what, kHint);
  }

  static std::string at(StringRef symbol) { return ("@" + symbol).str(); }

  LogicalResult collect(RegionOp region) {
    int before = -1;
    auto use = [&](Operation *op, FlatSymbolRefAttr name, bool sends) {
      std::string what = at(region.getSymName()) + (sends ? " sends" : " takes") + " stream " + at(name.getValue());
      auto number = numbers.find(name.getAttr());
      if (number == numbers.end())
        return WalkResult(unmatched(op, what + ", which does not exist"));
      if (op->getParentOp() != region)
        return WalkResult(
            unmatched(op, what + " inside " + op->getParentOp()->getName().getStringRef() + ", not just once"));
      endsOf[number->second].push_back(static_cast<int>(ends.size()));
      ends.push_back({op, region, number->second, sends, before});
      before = static_cast<int>(ends.size()) - 1;
      return WalkResult::advance();
    };
    WalkResult walked = region.walk([&](Operation *op) {
      if (auto send = dyn_cast<SendOp>(op))
        return use(op, send.getStreamAttr(), true);
      if (auto receive = dyn_cast<ReceiveOp>(op))
        return use(op, receive.getStreamAttr(), false);
      auto relay = dyn_cast<RelayOp>(op);
      if (!relay)
        return WalkResult::advance();
      WalkResult taken = use(op, relay.getSourceAttr(), false);
      return taken.wasInterrupted() ? taken : use(op, relay.getTargetAttr(), true);
    });
    return failure(walked.wasInterrupted());
  }

  /// The host's ends, net by net in the order of the streams.
  void collectHost() {
    llvm::DenseMap<std::pair<Attribute, Attribute>, int> last; // by the net's ends
    for (auto [s, stream] : llvm::enumerate(streams)) {
      if (!stream.getHostName())
        continue;
      auto [known, fresh] = last.try_emplace({stream.getFromAttr(), stream.getTo()}, -1);
      endsOf[s].push_back(static_cast<int>(ends.size()));
      ends.push_back({stream, RegionOp(), s, !stream.getFrom(), known->second});
      known->second = static_cast<int>(ends.size()) - 1;
    }
  }

  /// Exactly one send where the stream begins, one receive wherever it leads, and nothing else.
  LogicalResult matchEnds(size_t s) {
    StreamOp stream = streams[s];
    std::string name = "stream " + at(stream.getSymName());
    llvm::MapVector<std::pair<Attribute, unsigned>, int> wanted; // region, sends: how often it was found
    if (stream.getFrom())
      wanted[{stream.getFromAttr().getAttr(), 1}] = 0;
    for (auto to : stream.getTo().getAsRange<FlatSymbolRefAttr>())
      if (!wanted.insert({{to.getAttr(), 0}, 0}).second)
        return unmatched(stream, name + " leads to " + at(to.getValue()) + " twice");
    for (auto &[end, count] : wanted)
      if (!symbols.lookup<RegionOp>(cast<StringAttr>(end.first)))
        return unmatched(stream, name + " joins " + at(cast<StringAttr>(end.first)) + ", which is no region");
    for (int e : endsOf[s]) {
      const End &end = ends[e];
      RegionOp region = end.region;
      if (!region)
        continue;
      auto found = wanted.find({region.getSymNameAttr(), end.sends});
      if (found == wanted.end())
        return unmatched(end.op, at(region.getSymName()) + (end.sends ? " sends " : " takes ") + name +
                                     ", which does not " + (end.sends ? "begin" : "lead") + " there");
      if (++found->second == 2)
        return unmatched(end.op, name + " is " + (end.sends ? "sent" : "taken") + " more than once by " +
                                     at(region.getSymName()));
      if (failed(matchTypes(stream, end)))
        return failure();
    }
    for (auto &[end, count] : wanted)
      if (count == 0)
        return unmatched(stream, name + " is never " + (end.second ? "sent" : "taken") + " by " +
                                     at(cast<StringAttr>(end.first)));
    return success();
  }

  /// As many words leave as are waited for: both ends count the boxes of the stream's type.
  LogicalResult matchTypes(StreamOp stream, const End &end) {
    auto carried = cast<RankedTensorType>(stream.getType());
    if (auto relay = dyn_cast<RelayOp>(end.op)) {
      StreamOp from = streams[numbers.lookup(relay.getSourceAttr().getAttr())],
               to = streams[numbers.lookup(relay.getTargetAttr().getAttr())];
      auto comes = cast<RankedTensorType>(from.getType()), goes = cast<RankedTensorType>(to.getType());
      if (comes.getShape() == goes.getShape() && comes.getEncoding() == goes.getEncoding() &&
          from.getSenders() == to.getSenders() && from.getLanes() == to.getLanes())
        return success();
      RegionOp region = end.region;
      return unmatched(end.op, at(region.getSymName()) + " passes on other boxes than stream " + at(to.getSymName()) +
                                   " carries");
    }
    if (auto send = dyn_cast<SendOp>(end.op); send && send.getDealt()) {
      auto source = cast<RankedTensorType>(send.getSource().getType());
      RegionOp region = end.region;
      std::optional<Deal> deal = dealColumns(layoutOf(source), source.getShape(), region.size(), stream.getLanes());
      if (deal && source.getShape() == carried.getShape() &&
          deal->layout.attr(send.getContext()) == carried.getEncoding() &&
          deal->lanes == static_cast<int64_t>(stream.getLanes()) &&
          deal->rounds == static_cast<int64_t>(stream.getSenders()))
        return success();
      return unmatched(end.op, at(region.getSymName()) + " deals other boxes than stream " + at(stream.getSymName()) +
                                   " carries");
    }
    auto here = cast<RankedTensorType>(end.sends ? cast<SendOp>(end.op).getSource().getType()
                                                 : cast<ReceiveOp>(end.op).getResult().getType());
    if (here.getShape() == carried.getShape() && (!end.sends || here.getEncoding() == carried.getEncoding()))
      return success();
    RegionOp region = end.region;
    return unmatched(end.op, at(region.getSymName()) + (end.sends ? " sends" : " takes") + " other boxes than stream " +
                                 at(stream.getSymName()) + " carries");
  }

  /// Streams that relays join are one event, which its first stream stands for. Each is sent once, so they are a tree,
  /// or have no beginning.
  LogicalResult joinEvents() {
    std::vector<size_t> fedBy(streams.size(), streams.size());
    for (const End &end : ends)
      if (end.before >= 0 && together(ends[end.before], end))
        fedBy[end.stream] = ends[end.before].stream;
    eventOf.assign(streams.size(), streams.size());
    std::vector<size_t> way;
    for (size_t s = 0; s != streams.size(); ++s) {
      way.clear();
      size_t at = s;
      for (; eventOf[at] == streams.size() && fedBy[at] != streams.size(); at = fedBy[at]) {
        if (way.size() == streams.size())
          return wafer::emitError(streams[s].getLoc(), ErrorCode::StreamDeadlock,
                                  "stream " + Verifier::at(streams[s].getSymName()) +
                                      " is passed on in a circle: nobody sends what it carries",
                                  kHint);
        way.push_back(at);
      }
      if (eventOf[at] == streams.size())
        eventOf[at] = at;
      for (size_t passed : way)
        eventOf[passed] = eventOf[at];
    }
    return success();
  }

  size_t eventOfEnd(int e) const { return eventOf[ends[e].stream]; }

  /// Whether a region's end must wait for the one before it: unless they are one.
  bool follows(const End &end) const { return end.before >= 0 && !together(ends[end.before], end); }

  /// Takes away events that nothing left must come before; what then is left has a cycle.
  LogicalResult checkOrder() {
    std::vector<SmallVector<size_t, 2>> followers(streams.size());
    std::vector<int> waitsFor(streams.size(), 0);
    for (const End &end : ends)
      if (follows(end)) {
        followers[eventOfEnd(end.before)].push_back(eventOf[end.stream]);
        ++waitsFor[eventOf[end.stream]];
      }
    std::vector<size_t> ready;
    for (size_t s = 0; s != streams.size(); ++s)
      if (eventOf[s] == s && waitsFor[s] == 0)
        ready.push_back(s);
    while (!ready.empty()) {
      size_t s = ready.back();
      ready.pop_back();
      for (size_t follower : followers[s])
        if (--waitsFor[follower] == 0)
          ready.push_back(follower);
    }
    if (llvm::all_of(waitsFor, [](int n) { return n == 0; }))
      return success();
    return reportCycle(findCycle(waitsFor));
  }

  /// Every event that is left has another that is left before it: going back there leads into a cycle.
  std::vector<Step> findCycle(ArrayRef<int> waitsFor) {
    std::vector<SmallVector<int, 2>> endsOfEvent(streams.size());
    for (size_t s = 0; s != streams.size(); ++s)
      llvm::append_range(endsOfEvent[eventOf[s]], endsOf[s]);
    std::vector<Step> back;
    llvm::DenseMap<size_t, size_t> reached; // event: steps so far
    size_t s = llvm::find_if(waitsFor, [](int n) { return n > 0; }) - waitsFor.begin();
    while (reached.try_emplace(s, back.size()).second)
      for (int e : endsOfEvent[s])
        if (int before = ends[e].before; follows(ends[e]) && waitsFor[eventOfEnd(before)] > 0) {
          back.push_back({before, e});
          s = eventOfEnd(before);
          break;
        }
    std::vector<Step> cycle(back.rbegin(), back.rend() - static_cast<ptrdiff_t>(reached[s]));
    // Start where a region hands on to another; steps within one region are one step.
    auto goesOn = [&](const Step &a, const Step &b) { return a.then == b.first; };
    for (size_t i = 0; i != cycle.size() && goesOn(cycle.back(), cycle.front()); ++i)
      std::rotate(cycle.begin(), cycle.begin() + 1, cycle.end());
    std::vector<Step> merged;
    for (const Step &step : cycle)
      if (!merged.empty() && goesOn(merged.back(), step))
        merged.back().then = step.then;
      else
        merged.push_back(step);
    auto firstInProgram = llvm::min_element(merged, [](const Step &a, const Step &b) { return a.first < b.first; });
    std::rotate(merged.begin(), firstInProgram, merged.end());
    return merged;
  }

  LogicalResult reportCycle(ArrayRef<Step> cycle) {
    auto use = [&](int e) {
      StreamOp stream = streams[ends[e].stream];
      std::string text = (ends[e].sends ? "sends " : "takes ") + at(stream.getSymName());
      if (auto node = ends[e].op->getLoc()->findInstanceOf<NameLoc>())
        text += " (node '" + node.getName().str() + "')";
      return text;
    };
    StreamOp first = streams[ends[cycle.front().first].stream], second = streams[ends[cycle.front().then].stream];
    bool oneNet = cycle.size() == 2 && first.getFromAttr() == second.getFromAttr() && first.getTo() == second.getTo();
    std::string text =
        oneNet ? "streams of one net are used in two orders: " : "streams wait for one another in a circle: ";
    for (const Step &step : cycle) {
      RegionOp region = ends[step.first].region;
      text += (&step == cycle.begin() ? "" : ", ") + (region ? at(region.getSymName()) : "the host") + " " +
              use(step.first) + " before it " + use(step.then);
    }
    return wafer::emitError(ends[cycle.front().first].op->getLoc(), ErrorCode::StreamDeadlock, text, kHint);
  }

  ProgramOp program;
  SymbolTable symbols;
  std::vector<StreamOp> streams;
  llvm::DenseMap<Attribute, size_t> numbers; // of streams, by name
  std::vector<End> ends;                     // region by region, in program order
  std::vector<SmallVector<int, 2>> endsOf;   // by stream
  std::vector<size_t> eventOf;               // by stream: the first stream of its event
};

struct WaferVerifyOrderPass : wafer::impl::WaferVerifyOrderBase<WaferVerifyOrderPass> {
  void runOnOperation() override {
    if (failed(Verifier(getOperation()).run()))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
