// Published runs and formulas beside what our machine takes: the tables of docs/timing.md, as Markdown.
//
//   ninja -C build published-runs-benchmark && build/bin/published-runs-benchmark [--quick]
//
// Every row is a program that is run in tier `stream` by the emulator and in tier `exact` by the reference engine. The
// reference steps every PE each cycle: rows of more PE cycles than kMostPeCycles (--quick: a twentieth) have no
// `exact`.
#include "../test/published/Collectives.h"
#include "../test/published/Products.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>

using namespace wafer;
using namespace wafer::published;

namespace {
double kMostPeCycles = 40e6;

[[noreturn]] void fail(const Diagnostic &why) {
  std::fprintf(stderr, "published-runs: %s\n", why.str().c_str());
  std::exit(1);
}

template <typename T> T orFail(Result<T> result) {
  if (!result)
    fail(result.error());
  return result.take();
}

/// Keeps the largest errors of a table.
struct Worst {
  double stream = 0, exact = 0;
  int rows = 0, over = 0; // over: those of `stream` beyond the goal

  void print(const char *what, double goal) const {
    std::printf(
        "\n%s: %d rows, worst error of `stream` %+.1f %%, of `exact` %+.1f %%; `stream` beyond %.0f %% in %d.\n\n",
        what, rows, 100 * stream, 100 * exact, 100 * goal, over);
  }
};

void printCycles(double cycles, double published, double &worst) {
  const double error = cycles / published - 1;
  if (std::abs(error) > std::abs(worst))
    worst = error;
  std::printf(" %.0f | %+.1f %% |", cycles, 100 * error);
}

/// `label` is the row's first cells.
void row(const std::string &label, const Program &program, int pes, double published, double goal, Worst &worst) {
  std::printf("| %s | %.0f |", label.c_str(), published);
  const double stream = orFail(streamCycles(*program));
  printCycles(stream, published, worst.stream);
  ++worst.rows;
  worst.over += std::abs(stream / published - 1) > goal;
  if (pes * stream <= kMostPeCycles)
    printCycles(orFail(exactCycles(*program)), published, worst.exact);
  else
    std::printf(" - | - |");
}

//===- WSE-2 --------------------------------------------------------------===//

struct Collective {
  const char *name;
  Program (*program)(const Profile &, int pes, int words);
  double (*formula)(int pes, int words);
};

const Collective kCollectives[] = {
    {"broadcast", broadcast, broadcastFormula},
    {"chain", [](const Profile &p, int pes, int words) { return chain(p, pes, words); }, chainFormula},
    {"star", [](const Profile &p, int pes, int words) { return star(p, pes, words); }, starFormula},
    {"two-phase, equal groups",
     [](const Profile &p, int pes, int words) { return twoPhase(p, equalGroups(pes), words); },
     [](int pes, int words) { return twoPhaseFormula(equalGroups(pes), words); }},
    {"two-phase, graded groups",
     [](const Profile &p, int pes, int words) { return twoPhase(p, gradedGroups(pes), words); },
     [](int pes, int words) { return twoPhaseFormula(gradedGroups(pes), words); }},
};

void collectives(const Profile &wse2) {
  constexpr double kGoal = 0.04;
  const Profile network = networkOf(wse2);
  for (const Collective &c : kCollectives) {
    std::printf("### WSE-2: %s\n\n", c.name);
    std::printf("| PEs | words | formula | `stream` | error | `exact` | error | `stream`, instructions paid | error |\n"
                "|---|---|---|---|---|---|---|---|---|\n");
    Worst worst;
    double unused = 0;
    for (int pes : {4, 16, 64, 128, 512})
      for (int words : {1, 16, 256, 4096}) {
        const double formula = c.formula(pes, words);
        row(std::to_string(pes) + " | " + std::to_string(words), c.program(network, pes, words), pes, formula, kGoal,
            worst);
        printCycles(orFail(streamCycles(*c.program(wse2, pes, words))), formula, unused);
        std::printf("\n");
        std::fflush(stdout);
      }
    worst.print(c.name, kGoal);
  }
}

void allReduce(const Profile &wse2) {
  constexpr double kGoal = 0.01;
  std::printf("### WSE-2: chain, then broadcast\n\n"
              "| PEs | words | formula | `stream` | error | `exact` | error |\n|---|---|---|---|---|---|---|\n");
  Worst worst;
  for (int pes : {64, 128, 420}) {
    const int words = 4096;
    row(std::to_string(pes) + " | " + std::to_string(words), chainThenBroadcast(wse2, pes, words), pes,
        chainFormula(pes, words) + broadcastFormula(pes, words), kGoal, worst);
    std::printf("\n");
  }
  worst.print("chain, then broadcast", kGoal);
}

//===- WSE-3 --------------------------------------------------------------===//

// Measured on silicon: FABRICA docs/PERFORMANCE_MODEL.md and happyandslow/agent-memory, public notes.

/// One way, the shortest of many runs. The clocks of sender and receiver had been aligned as if a hop took one cycle:
/// it takes two, so `receivers` - 1 more have passed.
constexpr struct {
  int receivers, bytes, cycles;
} kMulticasts[] = {
    {1, 64, 39},    {16, 64, 53},    {64, 64, 101},    {256, 64, 293},    {512, 64, 549},
    {1, 256, 93},   {16, 256, 107},  {64, 256, 155},   {256, 256, 347},   {512, 256, 603},
    {1, 1024, 309}, {16, 1024, 323}, {64, 1024, 371},  {256, 1024, 563},  {512, 1024, 819},
    {1, 2048, 597}, {64, 2048, 659}, {256, 2048, 851}, {512, 2048, 1107},
};

void multicasts(const Profile &wse3) {
  constexpr double kGoal = 0.04;
  std::printf("### WSE-3: multicast along a line\n\n"
              "| receivers | bytes | measured | `stream` | error | `exact` | error |\n|---|---|---|---|---|---|---|\n");
  Worst worst;
  for (const auto &run : kMulticasts) {
    row(std::to_string(run.receivers) + " | " + std::to_string(run.bytes),
        broadcast(wse3, run.receivers + 1, run.bytes / 4), run.receivers + 1, run.cycles + run.receivers - 1, kGoal,
        worst);
    std::printf("\n");
  }
  worst.print("multicast", kGoal);
}

/// Rows hand the turn on; at the end a data task takes each word, and each row flushes a queue. Next to each other.
constexpr struct {
  int rows, words, cycles;
} kGathers[] = {{256, 4, 63157}, {32, 64, 173906}, {256, 64, 1388470}};

void gathers(const Profile &wse3) {
  constexpr double kGoal = 0.04;
  std::printf("### WSE-3: gather along a column\n\n"
              "| rows | words each | measured | `stream` | error | `exact` | error |\n|---|---|---|---|---|---|---|\n");
  Worst worst;
  for (const auto &run : kGathers) {
    row(std::to_string(run.rows) + " | " + std::to_string(run.words), star(wse3, run.rows + 1, run.words), run.rows + 1,
        run.cycles, kGoal, worst);
    std::printf("\n");
  }
  worst.print("gather", kGoal);
}

/// Cycles of one step: start and end are the same with more steps and with less.
double stepOf(const Profile &profile, const Tile &tile, const std::function<Result<double>(test::TestProgram &)> &run) {
  constexpr int kSide = 8, kSteps = 4; // published steps take as long on 80 x 80 PEs as on 720 x 720
  const double less = orFail(run(*computeShift(profile, kSide, tile, kSteps)));
  return (orFail(run(*computeShift(profile, kSide, tile, 2 * kSteps))) - less) / kSteps;
}

class Products {
public:
  explicit Products(const Profile &profile) : profile(profile) {}

  /// `label` is the row's first cells, after the tile's.
  void row(const Tile &tile, const std::string &label, double published) {
    std::printf("| %d | %d | %d | %s |", tile.m, tile.k, tile.n, label.c_str());
    const double stream = stepOf(profile, tile, [](test::TestProgram &p) { return streamCycles(p); });
    printCycles(stream, published, worst.stream);
    printCycles(stepOf(profile, tile, exactCycles), published, worst.exact);
    std::printf("\n");
    sum += std::abs(stream / published - 1);
    ++worst.rows;
    worst.over += std::abs(stream / published - 1) > kGoal;
  }
  void print(const char *what) const {
    worst.print(what, kGoal);
    std::printf("%s: mean of the absolute errors of `stream` %.1f %%.\n\n", what, 100 * sum / worst.rows);
  }

private:
  static constexpr double kGoal = 0.08;
  const Profile &profile;
  Worst worst;
  double sum = 0;
};

void products(const Profile &wse3) {
  std::printf("### WSE-3: cycles of a step of a product, WaferLLM's result files\n\n"
              "| m | k | n | 80 x 80 PEs | 720 x 720 PEs | `stream` | error | `exact` | error |\n"
              "|---|---|---|---|---|---|---|---|---|\n");
  Products authors(wse3);
  std::ifstream file(WAFER_PRODUCTS);
  for (std::string line; std::getline(file, line);) {
    Tile tile;
    double p80, p720;
    if (std::sscanf(line.c_str(), "%d,%d,%d,%lf,%lf", &tile.m, &tile.k, &tile.n, &p80, &p720) != 5)
      continue; // the head
    char label[64];
    std::snprintf(label, sizeof label, "%.0f | %.0f", p80, p720);
    authors.row(tile, label, p720);
  }
  authors.print("products of the result files");

  std::printf("### WSE-3: cycles of a step of a product, other users\n\n"
              "| m | k | n | PEs a side | measured | `stream` | error | `exact` | error |\n"
              "|---|---|---|---|---|---|---|---|---|\n");
  // Whole products with square tiles, on silicon, by other users of the same kernel.
  constexpr struct {
    int side, tile, cycles;
  } kMeasured[] = {{720, 3, 217047}, {540, 8, 397755}, {360, 12, 511841}, {720, 12, 1023545}, {540, 16, 1275475}};
  Products measured(wse3);
  for (const auto &run : kMeasured) {
    const double step = double(run.cycles) / run.side;
    char label[64];
    std::snprintf(label, sizeof label, "%d | %.0f", run.side, step);
    measured.row({run.tile, run.tile, run.tile}, label, step);
  }
  measured.print("products of other users");
}
} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && !std::strcmp(argv[1], "--quick"))
    kMostPeCycles /= 20;
  else if (argc != 1) {
    std::fprintf(stderr, "usage: published-runs-benchmark [--quick]\n");
    return 2;
  }
  const Profile wse2 = orFail(Profile::load("wse2")), wse3 = orFail(Profile::load("wse3"));
  collectives(wse2);
  allReduce(wse2);
  multicasts(wse3);
  gathers(wse3);
  products(wse3);
  return 0;
}
