// A function between IR and words: instructions in their final order, whose registers are virtual.
#ifndef WAFER_CONVERSION_PETOPROGRAM_MACHINECODE_H
#define WAFER_CONVERSION_PETOPROGRAM_MACHINECODE_H

#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Dialect/Pe/PeDialect.h"
#include "wafer/Program/Instruction.h"

#include <map>
#include <string>

namespace wafer::machine {

using Vreg = int;
constexpr Vreg kNoVreg = -1;
/// r0 and the registers of the calling convention, when an instruction names them itself.
constexpr unsigned kZeroRegister = 0;

/// Where in an instruction a register goes.
enum class Slot : uint8_t { Rd, Ra, Rb, Base, Extent0, Lower0 = Extent0 + 4, Vector0 = Lower0 + 4 };

struct Ref {
  Slot slot;
  uint8_t index; // of Extent0, Lower0, Vector0
  Vreg vreg;
  bool isDef;
};

/// What a number in an instruction stands for until the program is laid out.
enum class FixUp : uint8_t {
  None,
  Label,    // a label of this function
  Function, // index of a function
  Table,    // address of a table
  Param,    // Ldh or Ldw of an entry
  Frame,    // address of a slot of spilled values
};

struct Inst {
  isa::Instruction i;
  llvm::SmallVector<Ref, 4> refs;
  FixUp fixUp = FixUp::None;
  int target = 0;        // label, function, table, entry or slot
  bool isMarker = false; // no word: a place before a loop, or the entry
  bool isPure = false;   // may go if nobody uses what it defines
  bool isCall = false;
  int site = 0; // what it belongs to, by number
};

/// A value that costs one instruction, and no operand, to make again: it is kept or repeated as registers allow.
struct Origin {
  enum Kind : uint8_t { None, Constant, Param, Coord } kind = None;
  int32_t value = 0; // constant, entry, axis

  auto tie() const { return std::make_tuple(kind, value); }
  bool operator<(const Origin &other) const { return tie() < other.tie(); }
};

struct VregInfo {
  Origin origin;
  int fixed = -1;        // a register of the calling convention
  Vreg copyOf = kNoVreg; // better the same register
};

/// Instructions [begin, end) that belong to one loop, or to one arm of a branch.
struct Range {
  size_t begin, end; // a loop's range starts at its marker
  int parent;
  bool isLoop;
  size_t before; // code placed here runs whenever the range is entered, and before it
};

struct Function {
  std::string name;
  bool isMain = false;
  mlir::Location location;
  std::vector<Inst> insts;
  std::vector<size_t> labels; // instruction index
  std::vector<Range> ranges;  // parents first; 0 is the whole function
  std::vector<VregInfo> vregs;
  Vreg table = kNoVreg;    // the parameter table's address, if the function reads one
  unsigned frameWords = 0; // after allocation: spilled values

  explicit Function(mlir::Location location) : location(location) {}
  int64_t words() const {
    int64_t count = 0;
    for (const Inst &inst : insts)
      count += inst.isMarker ? 0 : inst.i.words();
    return count;
  }
};

/// What code is there for: an ONNX node, and in main the step of the region.
struct Site {
  std::string node;
  int64_t step = kNoStep;
};

/// Sites, numbered; 0 is none in particular.
class Sites {
public:
  Sites() { number(""); }
  int number(llvm::StringRef node, int64_t step = kNoStep) {
    auto [at, isNew] = numbers.try_emplace({node.str(), step}, sites.size());
    if (isNew)
      sites.push_back({node.str(), step});
    return at->second;
  }
  const Site &site(int number) const { return sites[number]; }

private:
  std::map<std::pair<std::string, int64_t>, int> numbers;
  std::vector<Site> sites;
};

/// Texts, numbered; 0 is none.
class Names {
public:
  Names() { number(""); }
  int number(llvm::StringRef name) {
    auto [at, isNew] = numbers.try_emplace(name, names.size());
    if (isNew)
      names.push_back(name.str());
    return at->second;
  }
  const std::string &name(int number) const { return names[number]; }
  unsigned size() const { return names.size(); }

private:
  llvm::StringMap<int> numbers;
  std::vector<std::string> names;
};

/// What selection needs to know of the program around a function.
struct Context {
  Sites sites;
  Names traps; // 0 is not used
  llvm::StringMap<int> functions, tables;
};

Function select(pe::FuncOp function, Context &context);
Function select(pe::MainOp main, Context &context);

/// Gives every virtual register a real one; spills what does not fit into the frame.
mlir::LogicalResult allocateRegisters(Function &function);

/// The instruction that makes an origin's value.
Inst materialize(const Function &function, Origin origin, Vreg vreg, int site);
/// rd <- value.
isa::Instruction loadImmediate(unsigned rd, int32_t value);

} // namespace wafer::machine

#endif // WAFER_CONVERSION_PETOPROGRAM_MACHINECODE_H
