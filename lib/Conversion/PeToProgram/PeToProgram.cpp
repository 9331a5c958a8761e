// Layout of a region's code: main, functions, tables.
//
// Tables hold 16-bit entries where they can: signed, or unsigned, as addresses are. Which load a function uses for an
// entry is fixed in its code, so all tables that reach it must agree; and a table may reach several functions.
// Functions and tables that are connected by calls form a class with one layout. Wide entries come first, so that no
// padding is needed between.
#include "wafer/Conversion/PeToProgram.h"

#include "MachineCode.h"
#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Program/Assembler.h"
#include "wafer/Program/Disassembler.h"
#include "wafer/Program/FabricUse.h"
#include "wafer/Support/MlirDiagnostic.h"
#include "wafer/Target/ResourceModel.h"

#include "llvm/ADT/IntEqClasses.h"
#include <map>

using namespace mlir;
using namespace wafer;
using namespace wafer::pe;

namespace {
/// Byte offset and width of every entry of the tables of one class.
struct TableLayout {
  std::vector<int32_t> offset;
  std::vector<isa::Opcode> load; // Ldw, Ldh or Ldhu
  int64_t bytes = 0;

  bool isWide(unsigned entry) const { return load[entry] == isa::Opcode::Ldw; }
};

class ProgramAssembler {
public:
  ProgramAssembler(ProgramOp program, const Profile &profile, bool wholeMesh)
      : program(program), profile(profile), wholeMesh(wholeMesh) {}

  FailureOr<AssembledProgram> run();

private:
  LogicalResult collect();
  void layOutTables();
  void layOut();
  LogicalResult encode();
  void countHelpers();
  LogicalResult checkFabricUse();
  LogicalResult layOutMemory();
  void explain(std::string &text) const;

  ProgramOp program;
  const Profile &profile;
  const bool wholeMesh;
  machine::Context context;
  std::vector<machine::Function> functions; // 0 is main
  std::vector<TableOp> tables;
  std::vector<std::pair<int, int>> links; // function, table
  std::vector<TableLayout> layouts;       // by class
  std::vector<unsigned> classOfFunction, classOfTable;
  std::vector<uint32_t> functionWord, tableAddress;
  uint32_t frameAddress = 0;
  unsigned frameWords = 0, mainFrameWords = 0;
  AssembledProgram out;
};
} // namespace

/// Selects instructions for main and for every function that it calls.
LogicalResult ProgramAssembler::collect() {
  MainOp main;
  std::vector<FuncOp> called;
  llvm::StringMap<FuncOp> byName;
  for (Operation &op : program.getBody().front()) {
    if (auto function = dyn_cast<FuncOp>(op)) {
      byName[function.getSymName()] = function;
    } else if (auto table = dyn_cast<TableOp>(op)) {
      context.tables[table.getSymName()] = tables.size();
      tables.push_back(table);
    } else if (auto found = dyn_cast<MainOp>(op)) {
      main = found;
    }
  }
  main.walk([&](CallOp call) {
    if (context.functions.try_emplace(call.getCallee(), called.size() + 1).second)
      called.push_back(byName[call.getCallee()]);
    if (call.getTable())
      links.push_back({context.functions[call.getCallee()], context.tables[*call.getTable()]});
  });
  WalkResult result = program.walk([&](AddrOp address) {
    emitError(address.getLoc(), {ErrorCode::CodeNotAssembled,
                                 "buffer @" + address.getBuffer().str() + " has no address where code needs it",
                                 "run pe-allocate-buffers first"});
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  functions.push_back(machine::select(main, context));
  for (FuncOp function : called)
    functions.push_back(machine::select(function, context));
  for (machine::Function &function : functions)
    if (failed(machine::allocateRegisters(function)))
      return failure();
  return success();
}

void ProgramAssembler::layOutTables() {
  llvm::IntEqClasses classes(functions.size() + tables.size());
  for (auto [function, table] : links)
    classes.join(function, functions.size() + table);
  classes.compress();
  std::vector<unsigned> entries(classes.getNumClasses());
  std::vector<std::vector<std::vector<int32_t>>> columns(classes.getNumClasses());
  for (size_t f = 0; f != functions.size(); ++f) {
    classOfFunction.push_back(classes[f]);
    for (const machine::Inst &inst : functions[f].insts)
      if (inst.fixUp == machine::FixUp::Param)
        entries[classes[f]] = std::max<unsigned>(entries[classes[f]], inst.target + 1);
  }
  for (size_t t = 0; t != tables.size(); ++t) {
    unsigned c = classes[functions.size() + t];
    classOfTable.push_back(c);
    columns[c].resize(entries[c]);
    for (auto [k, value] : llvm::enumerate(tables[t].getValues()))
      if (k < entries[c])
        columns[c][k].push_back(value);
  }
  for (unsigned c = 0; c != classes.getNumClasses(); ++c) {
    TableLayout layout{std::vector<int32_t>(entries[c]), {}, 0};
    for (const std::vector<int32_t> &column : columns[c])
      layout.load.push_back(tableEntryBytes(column) == 4                                    ? isa::Opcode::Ldw
                            : llvm::any_of(column, [](int32_t v) { return v > INT16_MAX; }) ? isa::Opcode::Ldhu
                                                                                            : isa::Opcode::Ldh);
    for (bool wide : {true, false})
      for (unsigned k = 0; k != entries[c]; ++k)
        if (layout.isWide(k) == wide) {
          layout.offset[k] = layout.bytes;
          layout.bytes += wide ? 4 : 2;
        }
    layout.bytes = llvm::alignTo(layout.bytes, isa::kWordBytes);
    layouts.push_back(std::move(layout));
  }
}

/// Addresses of everything in the section and of the frame.
void ProgramAssembler::layOut() {
  uint32_t word = 0;
  for (machine::Function &function : functions) {
    functionWord.push_back(word);
    out.functions.push_back({word, function.name});
    word += function.words();
    if (function.isMain)
      mainFrameWords = function.frameWords;
    else
      frameWords = std::max(frameWords, function.frameWords);
  }
  frameWords += mainFrameWords;
  out.codeWords = word;
  out.ledger.code = int64_t(word) * isa::kWordBytes;
  // Tables that no call names take no space.
  llvm::SmallBitVector used(tables.size());
  for (auto [function, table] : links)
    used.set(table);
  int64_t address = out.ledger.code;
  for (size_t t = 0; t != tables.size(); ++t) {
    tableAddress.push_back(address);
    if (used[t])
      address += layouts[classOfTable[t]].bytes;
  }
  out.ledger.tables = address - out.ledger.code;
  countHelpers();
  frameAddress = llvm::alignTo(address + out.helperBytes, isa::kWordBytes);
  out.ledger.stack = int64_t(frameWords) * isa::kWordBytes;

  std::vector<uint8_t> bytes(out.ledger.tables);
  for (size_t t = 0; t != tables.size(); ++t) {
    if (!used[t])
      continue;
    const TableLayout &layout = layouts[classOfTable[t]];
    for (auto [k, value] : llvm::enumerate(tables[t].getValues()))
      for (unsigned b = 0; k < layout.offset.size() && b != (layout.isWide(k) ? 4 : 2); ++b)
        bytes[tableAddress[t] - out.ledger.code + layout.offset[k] + b] = uint32_t(value) >> (8 * b);
  }
  out.section.resize(address / isa::kWordBytes);
  for (size_t b = 0; b != bytes.size(); ++b)
    out.section[out.codeWords + b / 4] |= uint32_t(bytes[b]) << (b % 4 * 8);
}

/// The instruction that a label leads to, over jumps that only lead elsewhere: nested branches end in chains of them.
static size_t endOfJumps(const machine::Function &function, int label) {
  size_t at = function.labels[label];
  for (size_t followed = 0; followed != function.labels.size(); ++followed) {
    while (function.insts[at].isMarker)
      ++at;
    const machine::Inst &inst = function.insts[at];
    if (inst.i.opcode != isa::Opcode::Jmp || inst.fixUp != machine::FixUp::Label)
      break;
    at = function.labels[inst.target];
  }
  return at;
}

LogicalResult ProgramAssembler::encode() {
  std::vector<uint32_t> words;
  int site = -1;
  for (size_t f = 0; f != functions.size(); ++f) {
    machine::Function &function = functions[f];
    std::vector<uint32_t> wordOf;
    uint32_t word = functionWord[f];
    for (const machine::Inst &inst : function.insts) {
      wordOf.push_back(word);
      word += inst.isMarker ? 0 : inst.i.words();
    }
    for (size_t at = 0; at != function.insts.size(); ++at) {
      machine::Inst &inst = function.insts[at];
      if (inst.isMarker)
        continue;
      isa::Instruction &i = inst.i;
      switch (inst.fixUp) {
      case machine::FixUp::None:
        break;
      case machine::FixUp::Label: {
        const size_t end = endOfJumps(function, inst.target);
        if (i.opcode == isa::Opcode::Jmp && function.insts[end].i.opcode == isa::Opcode::Ret)
          i = function.insts[end].i;
        else
          i.imm = int32_t(wordOf[end]) - int32_t(wordOf[at]) - 1;
        break;
      }
      case machine::FixUp::Function:
        i.imm = int32_t(functionWord[inst.target]) - int32_t(wordOf[at]) - 1;
        break;
      case machine::FixUp::Table:
        i.imm = tableAddress[inst.target];
        break;
      case machine::FixUp::Param: {
        const TableLayout &layout = layouts[classOfFunction[f]];
        i.opcode = layout.load[inst.target];
        i.imm = layout.offset[inst.target];
        break;
      }
      case machine::FixUp::Frame: // main's slots first: its values live across calls
        i.imm = frameAddress + (inst.target + (function.isMain ? 0 : mainFrameWords)) * isa::kWordBytes;
        break;
      }
      if (inst.site != site) {
        const machine::Site &of = context.sites.site(site = inst.site);
        out.locations.push_back({static_cast<uint32_t>(words.size()), of.node, of.step});
      }
      if (Status status = isa::encode(i, words); !status)
        return emitError(function.location,
                         {ErrorCode::CodeNotAssembled, "function @" + function.name + ": " + status.error().message,
                          "the function is too large; split it"});
    }
  }
  llvm::copy(words, out.section.begin());
  for (unsigned t = 1; t < context.traps.size(); ++t)
    out.traps.push_back(context.traps.name(t));
  return success();
}

/// Routines that the machine lacks instructions for: once per PE that uses them.
void ProgramAssembler::countHelpers() {
  uint64_t used = 0;
  for (const machine::Function &function : functions)
    for (const machine::Inst &inst : function.insts) {
      if (inst.isMarker)
        continue;
      switch (inst.i.opcode) {
      case isa::Opcode::Vec:
        used |= uint64_t(1) << static_cast<unsigned>(inst.i.op);
        break;
      case isa::Opcode::Div:
      case isa::Opcode::Divi:
      case isa::Opcode::Rem:
      case isa::Opcode::Remi:
        used |= uint64_t(1) << static_cast<unsigned>(isa::VectorOp::Div);
        break;
      default:
        break;
      }
    }
  for (unsigned op = 0; op != profile.helperBytes.size(); ++op)
    if (used >> op & 1)
      out.helperBytes += profile.helperBytes[op];
  out.ledger.helpers = out.helperBytes;
}

/// The largest consumers, by ONNX node.
void ProgramAssembler::explain(std::string &text) const {
  std::map<std::string, int64_t> bytes;
  for (size_t l = 0; l != out.locations.size(); ++l) {
    uint32_t end = l + 1 == out.locations.size() ? out.codeWords : out.locations[l + 1].firstWord;
    const std::string &node = out.locations[l].node;
    bytes[node.empty() ? "shared code" : "'" + node + "'"] += (end - out.locations[l].firstWord) * isa::kWordBytes;
  }
  if (out.ledger.tables)
    bytes["tables"] = out.ledger.tables;
  if (out.ledger.helpers)
    bytes["helper routines"] = out.ledger.helpers;
  for (const AssembledBuffer &buffer : out.buffers)
    bytes[buffer.node.empty() ? "buffer @" + buffer.name : "'" + buffer.node + "'"] += buffer.bytes;
  std::vector<std::pair<int64_t, std::string>> largest;
  for (auto &[name, count] : bytes)
    largest.push_back({-count, name});
  llvm::sort(largest);
  for (size_t i = 0; i != std::min<size_t>(largest.size(), 5); ++i)
    text += (i ? ", " : " ") + largest[i].second + " " + std::to_string(-largest[i].first);
}

LogicalResult ProgramAssembler::layOutMemory() {
  int64_t usable = ResourceModel(profile).usableSramBytes(), lowest = usable, highest = 0;
  out.ledger.usable = usable;
  if (frameWords)
    out.buffers.push_back({"spill", "scratch", "", frameAddress, uint32_t(out.ledger.stack), "", {}});
  for (BufferOp buffer : program.getBody().front().getOps<BufferOp>()) {
    if (!buffer.getAddress())
      return emitError(buffer.getLoc(),
                       {ErrorCode::CodeNotAssembled, "buffer @" + buffer.getSymName().str() + " has no address",
                        "run pe-allocate-buffers first"});
    // What cannot fit is not worth exact figures.
    int64_t bytes = std::min<int64_t>(buffer.getWords(), INT32_MAX / 4) * isa::kWordBytes;
    int64_t address = std::min<int64_t>(*buffer.getAddress(), INT32_MAX);
    lowest = std::min(lowest, address);
    highest = std::max(highest, address + bytes);
    (buffer.getKind() == "weight" ? out.ledger.weights : out.ledger.buffers) += bytes;
    out.buffers.push_back({buffer.getSymName().str(), buffer.getKind().str(), nodeNameOf(buffer.getLoc()).str(),
                           uint32_t(address), uint32_t(bytes), buffer.getSource().value_or("").str(),
                           buffer.getBox().value_or(BoxAttr())});
  }
  out.ledger.buffers = std::max<int64_t>(0, usable - lowest - out.ledger.weights);
  int64_t bottom = frameAddress + out.ledger.stack;
  int64_t missing = std::max(bottom - lowest, highest - usable);
  if (missing <= 0)
    return success();
  const SramLedger &ledger = out.ledger;
  std::string text = "region @" + out.name + " needs " + std::to_string(missing) +
                     " bytes a PE more than its SRAM has: code " + std::to_string(ledger.code) + ", tables " +
                     std::to_string(ledger.tables) + ", helpers " + std::to_string(ledger.helpers) + ", spills " +
                     std::to_string(ledger.stack) + ", weights " + std::to_string(ledger.weights) + ", buffers " +
                     std::to_string(ledger.buffers) + " of " + std::to_string(usable) + "; the largest:";
  explain(text);
  return emitError(program.getLoc(),
                   {ErrorCode::ProgramTooLarge, text,
                    wholeMesh ? "let regions be larger (--largest-region), or give another --target"
                              : "use a larger mesh (--mesh=auto finds the smallest), or more regions"},
                   Shortfall{missing, usable});
}

/// Whoever wrote the program, collectives' parts or a hand: the core must be able to run it.
LogicalResult ProgramAssembler::checkFabricUse() {
  // Which colors there are is for routes to say.
  constexpr unsigned kAnyColor = 32;
  Result<DecodedCode> code = decodeProgram(std::span(out.section).first(out.codeWords), out.entryWord, kAnyColor,
                                           static_cast<unsigned>(out.traps.size()));
  if (!code)
    return emitError(program.getLoc(), {ErrorCode::CodeNotAssembled, code.error().message, "correct the program"});
  const FabricLack lack = fabricLackOf(fabricUseOf(*code), profile);
  if (lack.what.empty())
    return success();
  std::string where = "region @" + out.name;
  auto next = llvm::partition_point(out.locations,
                                    [&](const AssembledLocation &location) { return location.firstWord <= lack.word; });
  if (next != out.locations.begin() && !std::prev(next)->node.empty())
    where += ", node '" + std::prev(next)->node + "'";
  return emitError(program.getLoc(),
                   {ErrorCode::TooFewQueues, where + ": code word " + std::to_string(lack.word) + ": " + lack.what,
                    "choose another --target, or correct " + lack.figure + " if the machine has more"});
}

FailureOr<AssembledProgram> ProgramAssembler::run() {
  out.name = program.getSymName().str();
  if (failed(collect()))
    return failure();
  layOutTables();
  layOut();
  if (failed(encode()) || failed(checkFabricUse()) || failed(layOutMemory()))
    return failure();
  return std::move(out);
}

FailureOr<AssembledProgram> wafer::assembleProgram(ProgramOp program, const Profile &profile, bool wholeMesh) {
  return ProgramAssembler(program, profile, wholeMesh).run();
}

void wafer::fillRegion(const AssembledProgram &program, image::Region &region,
                       const std::function<uint32_t(const std::string &)> &internString,
                       const std::function<uint32_t(const std::string &)> &weightIndex) {
  region.set_name(program.name);
  region.set_code_words(program.codeWords);
  region.set_entry_word(program.entryWord);
  region.set_helper_bytes(program.helperBytes);
  region.set_stack_bytes(0); // spilled values are a buffer, return addresses are in the core
  for (const AssembledLocation &location : program.locations) {
    image::Location *out = region.add_locations();
    out->set_first_word(location.firstWord);
    out->set_name(internString(location.node));
    out->set_kernel(static_cast<uint32_t>(location.step + 1));
  }
  for (const std::string &trap : program.traps)
    region.add_traps(internString(trap));
  for (const AssembledBuffer &buffer : program.buffers) {
    image::Buffer *out = region.add_buffers();
    out->set_name(buffer.name);
    out->set_address(buffer.address);
    out->set_size(buffer.bytes);
    out->set_kind(buffer.kind);
    if (!buffer.box)
      continue;
    image::WeightSlice *slice = region.add_weights();
    slice->set_weight(weightIndex(buffer.source));
    slice->set_address(buffer.address);
    image::Box &box = *slice->mutable_box();
    box.set_split_x(buffer.box.getSplitX());
    box.set_split_y(buffer.box.getSplitY());
    if (buffer.box.getMiddleX() > 1)
      box.set_middle_x(buffer.box.getMiddleX());
    if (buffer.box.getMiddleY() > 1)
      box.set_middle_y(buffer.box.getMiddleY());
    for (unsigned d = 0; d != buffer.box.getRank(); ++d) {
      image::BoxDim *dim = box.add_dims();
      dim->set_extent(buffer.box.getExtent(d));
      dim->set_offset(buffer.box.getOffset(d));
      dim->set_length(buffer.box.getLength(d));
      dim->set_x_major(buffer.box.getXMajor(d));
      dim->set_x_middle(buffer.box.getXMiddle(d));
      dim->set_x_minor(buffer.box.getXMinor(d));
      dim->set_y_major(buffer.box.getYMajor(d));
      dim->set_y_middle(buffer.box.getYMiddle(d));
      dim->set_y_minor(buffer.box.getYMinor(d));
      dim->set_stride(buffer.box.getStride(d));
    }
  }
}

std::string wafer::printAssembly(const AssembledProgram &program) {
  isa::DisassemblyOptions options;
  for (auto &[word, name] : program.functions)
    options.labels[word] = name;
  for (size_t t = 0; t != program.traps.size(); ++t)
    options.trapTexts[t] = program.traps[t];
  const std::string *previous = nullptr;
  for (const AssembledLocation &location : program.locations) {
    if (!previous || *previous != location.node)
      options.nodes[location.firstWord] = location.node;
    previous = &location.node;
  }
  std::span<const uint32_t> words(program.section);
  std::string text = isa::disassemble(words.first(program.codeWords), options);
  if (program.section.size() > program.codeWords)
    text += "tables:\n";
  for (size_t w = program.codeWords; w != program.section.size(); ++w) {
    char line[32];
    std::snprintf(line, sizeof line, "  .word 0x%08x\n", program.section[w]);
    text += line;
  }
  const SramLedger &ledger = program.ledger;
  text += "; code " + std::to_string(ledger.code) + ", tables " + std::to_string(ledger.tables) + ", helpers " +
          std::to_string(ledger.helpers) + ", spills " + std::to_string(ledger.stack) + ", weights " +
          std::to_string(ledger.weights) + ", buffers " + std::to_string(ledger.buffers) + " of " +
          std::to_string(ledger.usable) + " bytes\n";
  return text;
}
