// From a number to a list of routes and steps.
#include "RandomProgram.h"

#include "../unit/Emulator/TestProgram.h"
#include "wafer/Support/Random.h"

#include <algorithm>
#include <map>
#include <set>

using namespace wafer;
using namespace wafer::random_programs;
using test::E, test::N, test::R, test::S, test::W;

namespace {
class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed * 2 + 1) { program.seed = seed; }
  RandomProgram run();

private:
  bool one(unsigned in) { return random.below(in) == 0; }
  int between(int low, int high) { return low + int(random.below(uint64_t(high - low + 1))); }
  template <typename T> T anyOf(std::initializer_list<T> values) { return values.begin()[random.below(values.size())]; }
  int peAt(int x, int y) const { return y * program.width + x; }

  void chooseProfile();
  bool addTree();
  void addRows();
  void addLinks();
  void addGather();
  void addDirectCast();
  bool addHost(bool output);
  bool take(Route route);
  int routeOf(Route::Kind kind) const;
  void addSteps();
  void addFault();
  Step step(Step::Kind kind) { return {kind, random.next()}; }

  RandomProgram program;
  Random random;
  unsigned colors = 0;
  bool unshared = false, threads = false;
  std::set<std::array<int, 2>> used; // links and ramps: (PE, side); the ramp down is 32
};
} // namespace

void Generator::chooseProfile() {
  Profile &p = program.profile;
  p = test::testProfile(program.width, program.height);
  for (unsigned op = 0; op != isa::kVectorOpNumbers; ++op)
    p.helperCyclesPerElement[op] = unshared ? 1 : between(0, 12);
  p.switchChangesBoth = true;
  if (unshared || one(3))
    return;
  auto cost = [&] { return anyOf({0.0, 0.5, 1.0, 1.0, 2.0, 3.25}); };
  for (VectorCost *c : {&p.vectorMove, &p.vectorArith, &p.vectorFma})
    *c = {anyOf({0.0, 1.0, 2.5, 16.0}), anyOf({0.25, 0.41, 0.5, 1.0, 1.0, 2.0})};
  p.scalarOp = cost(), p.scalarMemory = cost(), p.branch = cost();
  p.linkCyclesPerWavelet = anyOf({1.0, 1.0, 1.125, 1.5});
  p.hopCycles = anyOf({1.0, 1.0, 2.0});
  p.rampCycles = anyOf({1.0, 2.0, 2.0, 3.0});
  p.turnCycles = anyOf({0.0, 0.0, 3.0, 20.0});
  p.linkBufferWavelets = between(1, 4), p.inputQueueWavelets = between(1, 4), p.outputQueueWavelets = between(0, 4);
  p.hostCyclesPerWavelet = anyOf({1.0, 2.0, 4.0});
}

/// False if a program in which nothing is shared has no place for it.
bool Generator::take(Route route) {
  std::vector<std::array<int, 2>> more;
  size_t heard = 0;
  for (const Route::Router &router : route.routers)
    for (auto [input, outputs] : router.positions) {
      if (input == R)
        more.push_back({router.pe, int(R)});
      for (unsigned side : {N, E, S, W})
        if (outputs & side)
          more.push_back({router.pe, int(side)});
      if (outputs & R)
        more.push_back({router.pe, 32}), ++heard;
    }
  for (const std::array<int, 2> &one : more)
    if (unshared && used.contains(one))
      return false;
  if (unshared && heard > 1 && route.kind != Route::Links)
    return false;
  used.insert(more.begin(), more.end());
  route.color = colors++;
  program.routes.push_back(std::move(route));
  return true;
}

/// A random walk with a few corners, and perhaps a branch; it never meets itself.
bool Generator::addTree() {
  Route route{Route::Tree, 0};
  std::map<int, std::array<unsigned, 2>> setups;
  int x = between(0, program.width - 1), y = between(0, program.height - 1);
  route.source = peAt(x, y);
  setups[route.source] = {R, 0};
  if (!unshared && one(6)) { // hears itself
    setups[route.source][1] |= R;
    route.receivers.push_back(route.source);
  }
  auto walk = [&](int x, int y) {
    for (int steps = between(1, 6), side = between(0, 3); steps-- != 0;) {
      if (one(3))
        side = between(0, 3);
      const int nx = x + (side == 1) - (side == 3), ny = y + (side == 2) - (side == 0);
      if (nx < 0 || ny < 0 || nx >= program.width || ny >= program.height || setups.contains(peAt(nx, ny)))
        continue;
      setups[peAt(x, y)][1] |= 1u << side;
      setups[peAt(nx, ny)] = {side == 0 ? S : side == 1 ? W : side == 2 ? N : E, 0};
      x = nx, y = ny;
      if (!unshared && one(4)) {
        setups[peAt(x, y)][1] |= R;
      }
    }
    setups[peAt(x, y)][1] |= peAt(x, y) == route.source ? 0 : R;
  };
  walk(x, y);
  if (!unshared && one(3)) {
    auto from = setups.begin();
    std::advance(from, random.below(setups.size()));
    walk(from->first % program.width, from->first / program.width);
  }
  for (auto &[pe, setup] : setups) {
    if (!setup[1])
      return false;
    if (pe != route.source && setup[1] & R)
      route.receivers.push_back(pe);
    route.routers.push_back({pe, {setup}});
  }
  return !route.receivers.empty() && take(std::move(route));
}

void Generator::addRows() {
  Route route{Route::Rows, 0};
  for (int y = 0; y != program.height; ++y)
    for (int x = 0; x != program.width; ++x)
      route.routers.push_back({peAt(x, y), {{x ? W : R, (x + 1 != program.width ? E : 0) | R}}});
  take(std::move(route));
}

void Generator::addLinks() {
  for (unsigned parity : {0u, 1u}) {
    Route route{Route::Links, 0};
    route.parity = parity;
    for (int y = 0; y != program.height; ++y)
      for (int x = int(parity); x + 1 < program.width; x += 2) {
        route.routers.push_back({peAt(x, y), {{E, R}}});
        route.routers.push_back({peAt(x + 1, y), {{R, W}}});
      }
    if (!take(std::move(route)))
      return;
  }
}

void Generator::addGather() {
  Route route{Route::Gather, 0};
  route.vertical = one(3);
  const int length = route.vertical ? program.height : program.width;
  for (int y = 0; y != program.height; ++y)
    for (int x = 0; x != program.width; ++x) {
      const int at = route.vertical ? y : x;
      const unsigned behind = route.vertical ? S : E, ahead = at == 0 ? R : route.vertical ? N : W;
      std::vector<std::array<unsigned, 2>> positions{{R, ahead}};
      if (at + 1 != length)
        positions.push_back({behind, ahead});
      route.routers.push_back({peAt(x, y), positions});
    }
  take(std::move(route));
}

void Generator::addDirectCast() {
  Route route{Route::DirectCast, 0};
  for (int y = 0; y != program.height; ++y)
    for (int x = 0; x != program.width; ++x) {
      const unsigned outputs = R | (x + 1 != program.width ? E : 0);
      std::vector<std::array<unsigned, 2>> positions{{R, outputs}};
      if (x)
        positions.push_back({W, outputs});
      route.routers.push_back({peAt(x, y), positions});
    }
  take(std::move(route));
}

bool Generator::addHost(bool output) {
  Route route{output ? Route::HostOut : Route::HostIn, 0};
  const int y = between(0, program.height - 1), far = between(0, program.width - 1);
  for (int x = 0; x <= far; ++x) {
    const bool last = x == far, hears = !output && (last || (!unshared && one(3)));
    if (hears)
      route.receivers.push_back(peAt(x, y));
    route.routers.push_back(
        {peAt(x, y), {output ? std::array{last ? R : E, W} : std::array{W, (last ? 0 : E) | (hears ? R : 0)}}});
  }
  route.source = output ? peAt(far, y) : -1;
  return take(std::move(route));
}

int Generator::routeOf(Route::Kind kind) const {
  for (size_t i = 0; i != program.routes.size(); ++i)
    if (program.routes[i].kind == kind)
      return int(i);
  return -1;
}

void Generator::addSteps() {
  std::vector<int> trees;
  std::vector<Step> pool; // each may come several times
  for (size_t i = 0; i != program.routes.size(); ++i) {
    const Route &route = program.routes[i];
    Step s{Step::Transfer, 0, int(i)};
    switch (route.kind) {
    case Route::Tree:
      trees.push_back(int(i));
      pool.push_back(s);
      for (size_t j = 0; j != program.routes.size(); ++j) {
        const Route &other = program.routes[j];
        if (other.kind != Route::Tree || i == j || route.receivers.size() != 1)
          continue;
        s.next = int(j);
        if (other.source == route.receivers[0] && other.source != route.source &&
            std::ranges::find(other.receivers, route.source) == other.receivers.end() &&
            std::ranges::find(other.receivers, other.source) == other.receivers.end())
          s.kind = Step::Relay, pool.push_back(s);
        if (other.receivers == route.receivers && other.source != route.source && other.source != other.receivers[0] &&
            route.source != route.receivers[0])
          s.kind = Step::Join, pool.push_back(s);
      }
      break;
    case Route::Rows:
      pool.push_back(s);
      break;
    case Route::Links:
      if (route.parity == 0 && program.width > 1) {
        s.next = int(i) + 1;
        for (Step::Kind kind : {Step::Shift, Step::Chain})
          s.kind = kind, pool.push_back(s);
      }
      break;
    case Route::Gather:
      for (Step::Kind kind : {Step::Gather, Step::Speakers})
        s.kind = kind, pool.push_back(s);
      break;
    case Route::DirectCast:
      s.kind = Step::DirectCast, pool.push_back(s);
      break;
    case Route::HostIn:
    case Route::HostOut:
      break;
    }
  }
  for (int n = between(2, 14); n-- != 0;) {
    Step s = pool.empty() || one(3) ? step(anyOf({Step::Local, Step::Local, Step::Scalars, Step::Branch}))
                                    : pool[random.below(pool.size())];
    s.seed = random.next();
    if (s.route < 0 && !program.uniform && one(2))
      s.pe = between(0, program.width * program.height - 1);
    s.count = one(s.kind == Step::Speakers ? 1 : 4) ? between(20, 400) : between(1, 24);
    s.loops = one(5) ? between(2, 4) : 1;
    s.threads = threads && one(2);
    s.function = one(5);
    s.control = one(5);
    // Nobody but a thread can hear itself: a longer send than the path holds waits for the core's own receive.
    if (s.kind == Step::DirectCast || s.kind == Step::Shift ||
        (s.route >= 0 && (program.routes[s.route].kind == Route::Rows ||
                          std::ranges::find(program.routes[s.route].receivers, program.routes[s.route].source) !=
                              program.routes[s.route].receivers.end())))
      s.threads = true;
    program.steps.push_back(s);
  }
  for (size_t i = 0; i != program.routes.size(); ++i)
    if (const Route::Kind kind = program.routes[i].kind; kind == Route::HostIn || kind == Route::HostOut) {
      Step s = step(kind == Route::HostIn ? Step::HostIn : Step::HostOut);
      s.route = int(i), s.count = between(1, 80), s.threads = threads && one(3), s.function = one(5);
      program.steps.insert(program.steps.begin() + between(0, int(program.steps.size())), s);
    }
}

void Generator::addFault() {
  Step s = step(Step::Faulty);
  s.fault = Fault(between(1, one(2) ? int(Fault::ShortGather) : int(Fault::Count) - 1));
  s.pe = between(0, program.width * program.height - 1);
  if (s.fault <= Fault::Crossed) {
    // Only over a way without branches or switches, on which all engines agree what it holds.
    std::vector<int> single;
    for (size_t i = 0; i != program.routes.size(); ++i)
      if (const Route &route = program.routes[i];
          route.kind == Route::Tree && route.receivers.size() == 1 && route.receivers[0] != route.source)
        single.push_back(int(i));
    if (single.empty())
      return;
    s.route = single[random.below(single.size())];
    s.count = between(1, 30);
    s.threads = one(3);
    if (s.fault == Fault::Crossed) { // a second color on the same way
      s.next = int(program.routes.size());
      take(program.routes[s.route]);
    }
  }
  if (s.fault == Fault::ShortGather) {
    if (routeOf(Route::Gather) < 0)
      addGather();
    s.kind = Step::Gather, s.route = routeOf(Route::Gather), s.count = between(1, 20), s.threads = one(2);
  }
  // At the head of a row: it has a color to receive on, and sends to the host.
  if (s.fault == Fault::Window || s.fault == Fault::ShortOutput || s.fault == Fault::ControlLeaves)
    s.pe -= s.pe % program.width;
  program.steps.insert(program.steps.begin() + between(0, int(program.steps.size())), s);
}

RandomProgram Generator::run() {
  unshared = one(4), threads = !unshared && one(2);
  program.uniform = one(3);
  program.width = between(1, 4), program.height = one(2) ? 1 : between(1, 4);
  program.regions = anyOf({RandomProgram::Whole, RandomProgram::ByRow, RandomProgram::ByPe});
  chooseProfile();
  if (!unshared || one(3))
    for (auto add : {&Generator::addRows, &Generator::addLinks, &Generator::addGather, &Generator::addDirectCast})
      if (one(program.uniform ? 2 : 4))
        (this->*add)();
  for (int n = program.uniform ? between(0, 1) : between(1, 6); n-- != 0;)
    addTree();
  for (bool output : {false, true})
    if (one(3))
      addHost(output);
  addSteps();
  // A gather's head hears itself, on a thread.
  program.unshared = unshared && std::ranges::none_of(program.steps, [](const Step &s) {
                       return s.threads || s.kind == Step::Gather || s.kind == Step::Speakers;
                     });
  if (one(5) && !unshared)
    addFault();
  return std::move(program);
}

RandomProgram random_programs::generate(uint64_t seed) { return Generator(seed).run(); }
