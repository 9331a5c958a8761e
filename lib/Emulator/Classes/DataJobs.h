// What is done with words, apart from what decides it.
//
// The engine decides when instructions begin, how many words move and when; for that it reads no word but those that
// scalar instructions load. So what vector instructions compute and store is put down as jobs, in the order in which
// the engine comes to them, and a thread that follows does them one after the other: it sees memory and trains as they
// were when the job was put. The engine waits for it where a scalar instruction touches data, and at the end.
//
// The first jobs of a run are done as they are put, until they have taken about as long as it takes to start threads: a
// small program needs none.
//
// A job holds what it needs: its post, its trains' words (LaneTrain::holders), sets of lanes. The following thread only
// reads these, since their counts are of the engine's thread, which also drops them, when it comes by the next time.
#ifndef WAFER_LIB_EMULATOR_CLASSES_DATAJOBS_H
#define WAFER_LIB_EMULATOR_CLASSES_DATAJOBS_H

#include "../Threads.h"
#include "LaneFabric.h"

#include <optional>

namespace wafer::emulator {

struct Post;
using PostRef = Ref<Post>;

/// Words that lanes took at one position, to be stored when the post has all.
struct Taken {
  LaneTrainRef train;
  LaneMap from;
  uint32_t position;
  Indices lanes;
  PerLane offset, begin, count; // in the train; in the instruction
};

/// Words that lanes send at one position.
struct Sent {
  LaneTrainRef train;
  uint32_t position;
  Indices lanes;
};

/// A fabric operand of a coupled instruction: a train's words, and the place of the element that comes next.
struct FabricWords {
  LaneTrainRef train;
  LaneMap from;
  PerLane offset;
};

/// Elements [begin, begin + count) of a coupled instruction at one position. `words` by operand.
struct Passed {
  uint32_t position;
  Indices lanes;
  PerLane begin, count;
  FabricWords words[4];
};

/// Words for a port of the host.
struct ForHost {
  LaneTrainRef train;
  uint32_t lane;
  int64_t offset, count;
  std::vector<uint32_t> *to;
};

class DataJobs {
public:
  /// With so many threads together, the engine's included.
  explicit DataJobs(unsigned threads);
  ~DataJobs();

  // Each puts a job, and drops those that are done. `elements` is about what there is to do.
  void compute(const PostRef &post, uint64_t elements);
  void send(const PostRef &post, std::vector<Sent> &sent, uint64_t elements);
  void store(const PostRef &post, std::vector<Taken> &taken, uint64_t elements);
  void pass(const PostRef &post, Passed passed, uint64_t elements);
  void give(ForHost words);

  /// Waits until all is done.
  void finish();
  /// An operation has failed: a division by zero, say. What was computed since is not right.
  bool failed() const { return anyFailed.load(std::memory_order_relaxed); }

private:
  struct Job {
    enum Kind : uint8_t { Compute, Send, Store, Pass, Host } kind;
    PostRef post;
    std::vector<Sent> sent;
    std::vector<Taken> taken;
    std::optional<Passed> passed;
    std::optional<ForHost> host;
    uint64_t weight = 0;
  };
  // As many as make up for stretches that are heavier on one side; and not so many words that they leave the cache.
  static constexpr size_t kJobs = 512;
  static constexpr uint64_t kMostWeight = uint64_t(1) << 24;
  // To start a thread takes as long as this weight of jobs. A job counts as some elements more than it has.
  static constexpr uint64_t kThreadWeight = uint64_t(1) << 17, kJobWeight = 64;

  Job &next(Job::Kind kind);
  void put(Job &job, uint64_t weight);
  void work(Job &job);
  void dropDone();
  void startThreads();

  std::vector<Job> jobs{1}; // a ring
  uint64_t dropped = 0, weight = 0;
  uint64_t doneAlone = 0; // weight of jobs before there were threads
  unsigned threads;       // that there may be
  std::atomic<bool> anyFailed{false};
  Team team;
  Follower follower;
};

} // namespace wafer::emulator

#endif // WAFER_LIB_EMULATOR_CLASSES_DATAJOBS_H
