// All-reduces as the compiler makes them: what the planner's price says beside what the emulator's tier `stream` and
// the reference engine's `exact` take. The tables of docs/collectives.md, as Markdown.
//
//   ninja -C build all-reduces-benchmark && build/bin/all-reduces-benchmark PROFILE [--pes N...] [--words N...] [--all]
//   [--most PE-CYCLES]
//
// A row is what one more all-reduce takes: a region of one line with two of them, routed and lowered like any other,
// less one with one, and less what it takes to make the terms. With --all, all lines that are priced; else the one that
// is chosen. The reference steps every PE each cycle: rows of more PE cycles than --most have no `exact`.
#include "wafer/Collectives/AllReduce.h"
#include "wafer/Conversion/Passes.h"
#include "wafer/Conversion/ToImage.h"
#include "wafer/Dialect/Fabric/Passes.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Dialect/Wafer/Passes.h"
#include "wafer/Driver/Registration.h"
#include "wafer/Emulator/Emulator.h"
#include "wafer/Reference/Reference.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"

#include <cmath>
#include <cstdio>

using namespace mlir;
using namespace wafer;
using namespace wafer::wfr;

namespace {

llvm::cl::opt<std::string> target(llvm::cl::Positional, llvm::cl::Required, llvm::cl::desc("profile"));
llvm::cl::list<int64_t> pesToRun("pes", llvm::cl::CommaSeparated), wordsToRun("words", llvm::cl::CommaSeparated);
llvm::cl::opt<bool> all("all", llvm::cl::desc("each line that is priced"));
llvm::cl::opt<double> most("most", llvm::cl::init(20e6));

[[noreturn]] void fail(const std::string &why) {
  std::fprintf(stderr, "all-reduces: %s\n", why.c_str());
  std::exit(1);
}

template <typename T> T orFail(Result<T> result) {
  if (!result)
    fail(result.error().str());
  return result.take();
}

/// A region in which every PE makes terms of `words` ones, twice, and has them all-reduced so often.
std::string moduleText(int64_t pes, int64_t words, const std::string &line, int times) {
  std::string box = "tensor<" + std::to_string(words) + "xf32, #wafer.layout<[" + std::to_string(words) + " at 0]",
              partial = box + ", partial = add[x0]>>", rect = std::to_string(pes) + " x 1";
  std::string text = "wafer.program @main mesh(" + rect + ") {\n  wafer.region @r0 size(" + rect + ") rect <0, 0, " +
                     std::to_string(pes) + ", 1> {\n";
  for (int i = 0; i != 2; ++i) {
    std::string term = "%t" + std::to_string(i);
    text += "    " + term + " = wafer.fill 1.0 : f32 : " + partial + "\n";
    if (i < times)
      text += "    %" + std::to_string(i) + " = wafer.all_reduce " + term + " along x on " +
              line.substr(line.find('<')) + " : " + partial + " to " + box + ">>\n";
  }
  return text + "  }\n}\n";
}

class Bench {
public:
  Bench() : profile(orFail(Profile::load(target))), model(profile) {
    DialectRegistry registry;
    driver::registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  VerifiedProgram compile(int64_t pes, int64_t words, const std::string &line, int times) {
    auto module = parseSourceString<ModuleOp>(moduleText(pes, words, line, times), &context);
    if (!module)
      fail("the module does not parse");
    PassManager pm(&context);
    ConvertWaferToFabricOptions toFabric;
    toFabric.target = target;
    fabric::FabricVerifyRoutesOptions verify;
    verify.target = target;
    ConvertWaferToPeOptions toPe;
    toPe.target = target;
    pm.addNestedPass<ProgramOp>(createWaferVerifyOrder());
    pm.addPass(createConvertWaferToFabric(toFabric));
    pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricExpandChannels());
    pm.addNestedPass<fabric::ProgramOp>(fabric::createFabricVerifyRoutes(verify));
    pm.addPass(createConvertWaferToPe(toPe));
    pe::addCodePasses(pm.nest<pe::ProgramOp>(), model.usableSramBytes());
    ImageWriter writer;
    auto bytes = [](Operation *symbol) -> FailureOr<ArrayRef<char>> {
      auto value = dyn_cast_or_null<DenseElementsAttr>(symbol->getAttr("value"));
      if (!value)
        return failure();
      return value.getRawData();
    };
    if (failed(pm.run(*module)) || failed(emitImage(*module, profile, "all-reduce", bytes, writer)))
      fail("the compiler refused it");
    return orFail(verifyProgram(orFail(Image::fromBytes(writer.bytes())), profile));
  }

  double stream(const VerifiedProgram &program) {
    auto emulator = orFail(Emulator::create(VerifiedProgram(program)));
    if (Status status = emulator->run({}); !status)
      fail(status.error().str());
    return emulator->stats().cycles;
  }

  double exact(const VerifiedProgram &program) { return orFail(runReference(program, {})).cycles; }

  void row(const LineShape &line, int64_t words) {
    std::string attr;
    llvm::raw_string_ostream(attr) << line.attr(&context);
    VerifiedProgram with = compile(line.pes, words, attr, 2), without = compile(line.pes, words, attr, 1);
    double priced = allReduceCycles(line, words, model), streamed = stream(with) - stream(without);
    std::printf("| %d | %d | %d | %zu | %.0f | %.0f | %+.1f %% |", int(line.pes), int(words), int(line.root),
                line.leaders.size(), priced, streamed, 100 * (priced / streamed - 1));
    if (double(line.pes) * priced <= most) {
      double real = exact(with) - exact(without), error = 100 * (priced / real - 1);
      std::printf(" %.0f | %+.1f %% |\n", real, error);
      worst = std::abs(error) > std::abs(worst) ? error : worst;
      over += std::abs(error) > 5;
      ++rows;
    } else {
      std::printf(" - | - |\n");
    }
    std::fflush(stdout);
  }

  void run() {
    std::vector<int64_t> pes = pesToRun, words = wordsToRun;
    if (pes.empty())
      pes = {16, 24, 32, 64, 128, 256, 420, 750};
    if (words.empty())
      words = {1, 4, 10, 31, 71, 256, 1024, 4096};
    std::printf("%s\n\n| PEs | words | root | leaders | price | `stream` | error | `exact` | error "
                "|\n|---|---|---|---|---|---|---|---|---|\n",
                target.c_str());
    for (int64_t p : pes)
      for (int64_t w : words) {
        if (!all) {
          row(fastestLine(p, w, ~0u, model).first, w);
          continue;
        }
        SmallVector<LineShape> lines;
        for (LineChoice choose : lineChoices())
          choose(p, w, model, lines);
        for (const LineShape &line : lines)
          row(line, w);
      }
    std::printf("\n%d rows with `exact`, %d beyond 5 %%, worst %+.1f %%\n", rows, over, worst);
  }

private:
  Profile profile;
  ResourceModel model;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  double worst = 0;
  int rows = 0, over = 0;
};

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "all-reduces: prices beside cycles\n");
  Bench().run();
}
