#include "DataJobs.h"

#include "ClassEngine.h"

#include <algorithm>

using namespace wafer::emulator;

DataJobs::DataJobs(unsigned threads)
    : threads(threads), follower(team, [this](uint64_t number) { work(jobs[number % jobs.size()]); }) {}

DataJobs::~DataJobs() { finish(); }

static void hold(LaneTrain &train) { ++train.holders; }
static void drop(LaneTrainRef &train) {
  if (!train)
    return;
  if (--train->holders == 0)
    train->freeWords();
  train = LaneTrainRef();
}

/// On the engine's thread.
void DataJobs::dropDone() {
  for (const uint64_t done = follower.jobsDone(); dropped != done; ++dropped) {
    Job &job = jobs[dropped % jobs.size()];
    weight -= job.weight;
    switch (job.kind) {
    case Job::Compute:
      break;
    case Job::Send:
      for (Sent &sent : job.sent)
        drop(sent.train);
      job.sent.clear();
      break;
    case Job::Store:
      for (Taken &taken : job.taken)
        drop(taken.train);
      job.taken.clear();
      break;
    case Job::Pass:
      for (FabricWords &words : job.passed->words)
        drop(words.train);
      job.passed.reset();
      break;
    case Job::Host:
      drop(job.host->train);
      job.host.reset();
      break;
    }
    job.post = PostRef();
  }
}

/// The engine's, one that follows, and those that help both. There is no job yet that is not done.
void DataJobs::startThreads() {
  jobs.resize(kJobs);
  team.start(threads - 2);
  follower.start();
  threads = 1; // there will not be more
}

DataJobs::Job &DataJobs::next(Job::Kind kind) {
  dropDone();
  if (threads > 1 && doneAlone >= (threads - 1) * kThreadWeight)
    startThreads();
  if (follower.jobsPut() - dropped == jobs.size() || weight >= kMostWeight) {
    // Half of them, lest both threads wait for each other time and again.
    follower.waitFor(dropped + (follower.jobsPut() - dropped + 1) / 2);
    dropDone();
  }
  Job &job = jobs[follower.jobsPut() % jobs.size()];
  job.kind = kind;
  return job;
}

void DataJobs::put(Job &job, uint64_t of) {
  job.weight = of;
  weight += of;
  doneAlone += of + kJobWeight;
  follower.put(of);
}

void DataJobs::compute(const PostRef &post, uint64_t elements) {
  Job &job = next(Job::Compute);
  job.post = post;
  put(job, elements);
}

void DataJobs::send(const PostRef &post, std::vector<Sent> &sent, uint64_t elements) {
  Job &job = next(Job::Send);
  job.post = post;
  job.sent.swap(sent);
  for (Sent &words : job.sent)
    hold(*words.train);
  put(job, elements);
}

void DataJobs::store(const PostRef &post, std::vector<Taken> &taken, uint64_t elements) {
  Job &job = next(Job::Store);
  job.post = post;
  job.taken.swap(taken); // and holds them already
  put(job, elements);
}

void DataJobs::pass(const PostRef &post, Passed passed, uint64_t elements) {
  Job &job = next(Job::Pass);
  job.post = post;
  job.passed = std::move(passed);
  for (FabricWords &words : job.passed->words)
    if (words.train)
      hold(*words.train);
  put(job, elements);
}

void DataJobs::give(ForHost words) {
  Job &job = next(Job::Host);
  const uint64_t count = words.count;
  job.host = std::move(words);
  hold(*job.host->train);
  put(job, count);
}

void DataJobs::finish() {
  follower.waitFor(follower.jobsPut());
  dropDone();
}

/// On the thread that follows: nothing here may copy or drop a reference.
void DataJobs::work(Job &job) {
  bool right = true;
  if (!failed()) {
    switch (job.kind) {
    case Job::Compute:
      right = job.post->region->executeLocal(*job.post, team);
      break;
    case Job::Send:
      right = job.post->region->executeSends(*job.post, job.sent, team);
      break;
    case Job::Store:
      right = job.post->region->executeTaken(*job.post, job.taken, team);
      break;
    case Job::Pass:
      right = job.post->region->executePassed(*job.post, *job.passed, team);
      break;
    case Job::Host: {
      const uint32_t *from = job.host->train->words.lane(job.host->lane) + job.host->offset;
      job.host->to->insert(job.host->to->end(), from, from + job.host->count);
      break;
    }
    }
  }
  if (!right)
    anyFailed.store(true);
}
