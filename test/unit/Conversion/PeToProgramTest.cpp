// Random programs, run twice: as pe IR, and as the words made from it. Both must issue the same vector instructions on
// the same elements and leave the same memory. The second interpreter knows scalars, branches, calls, nests and
// descriptors, and nothing of IR.
#include "wafer/Conversion/PeToProgram.h"
#include "wafer/Dialect/Pe/CodeSize.h"
#include "wafer/Dialect/Pe/Passes.h"
#include "wafer/Program/Instruction.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace mlir;
using namespace wafer;
using namespace wafer::pe;

namespace {
constexpr int32_t kData = 40000; // where random programs store
constexpr int32_t kCoord[2] = {3, 5};
constexpr long kMaxSteps = 2000000;

/// What a run did, as one line per vector instruction.
struct Trace {
  std::vector<std::string> events;
  std::map<int32_t, int32_t> memory;
  long steps = 0;

  int32_t load(int32_t address) const {
    auto at = memory.find(address);
    return at == memory.end() ? address * 7 + 1 : at->second;
  }
};

struct ResolvedDescriptor {
  int32_t base = 0;
  std::vector<int32_t> strides;
};

/// Addresses of a descriptor over a nest, in order.
std::string addresses(const ResolvedDescriptor &d, const std::vector<int32_t> &nest) {
  std::vector<int64_t> found{d.base};
  for (size_t k = 0; k != nest.size(); ++k) {
    std::vector<int64_t> next;
    for (int64_t base : found)
      for (int32_t i = 0; i < nest[k]; ++i)
        next.push_back(base + int64_t(i) * d.strides[k] * 4);
    found = next;
  }
  std::string text = "[";
  for (int64_t address : found)
    text += std::to_string(address) + " ";
  return text + "]";
}

bool isEmpty(const std::vector<int32_t> &nest) {
  return llvm::any_of(nest, [](int32_t n) { return n <= 0; });
}

std::string list(const std::vector<int32_t> &values) {
  std::string text;
  for (int32_t value : values)
    text += std::to_string(value) + ",";
  return text;
}

int32_t scalar(ScalarKind kind, int32_t a, int32_t b) {
  uint32_t ua = a, ub = b;
  switch (kind) {
  case ScalarKind::Add:
    return ua + ub;
  case ScalarKind::Sub:
    return ua - ub;
  case ScalarKind::Mul:
    return ua * ub;
  case ScalarKind::Min:
    return std::min(a, b);
  case ScalarKind::Max:
    return std::max(a, b);
  case ScalarKind::And:
    return a & b;
  case ScalarKind::Or:
    return a | b;
  case ScalarKind::Xor:
    return a ^ b;
  case ScalarKind::Shl:
    return ua << (ub & 31);
  case ScalarKind::Shr:
    return a >> (ub & 31);
  case ScalarKind::Div:
    return b == 0 ? 0 : b == -1 ? 0 - ua : a / b;
  case ScalarKind::Rem:
    return b == 0 || b == -1 ? 0 : a % b;
  case ScalarKind::Slt:
    return a < b;
  case ScalarKind::Seq:
    return a == b;
  }
  return 0;
}

//===- Running IR ---------------------------------------------------------===//

class IrRunner {
public:
  explicit IrRunner(ProgramOp program) : program(program) {}

  Trace run() {
    exec((*program.getBody().getOps<MainOp>().begin()).getBody().front());
    return trace;
  }

private:
  int32_t get(Value value) const { return values.lookup(value); }
  std::vector<int32_t> get(OperandRange range) const {
    std::vector<int32_t> out;
    for (Value value : range)
      out.push_back(get(value));
    return out;
  }
  ResolvedDescriptor descriptor(Value value) const {
    auto op = value.getDefiningOp<DescOp>();
    return {get(op.getBase()), get(op.getStrides())};
  }
  std::string operand(Value value, const std::vector<int32_t> &nest) const {
    if (!value)
      return "-";
    if (auto fabric = value.getDefiningOp<FabricOp>())
      return "c" + std::to_string(fabric.getColor());
    if (value.getDefiningOp<DescOp>())
      return addresses(descriptor(value), nest);
    return std::to_string(get(value));
  }

  void exec(Block &block) {
    for (Operation &op : block) {
      if (++trace.steps > kMaxSteps)
        return;
      TypeSwitch<Operation *>(&op)
          .Case([&](ConstOp op) { values[op] = op.getValue(); })
          .Case([&](ParamOp op) { values[op] = table[op.getIndex()]; })
          .Case([&](CoordOp op) { values[op] = kCoord[static_cast<int>(op.getAxis())]; })
          .Case([&](ScalarOp op) { values[op] = scalar(op.getKind(), get(op.getA()), get(op.getB())); })
          .Case([&](LoadOp op) { values[op] = trace.load(get(op.getAddress()) + int32_t(op.getOffset())); })
          .Case([&](StoreOp op) { trace.memory[get(op.getAddress()) + int32_t(op.getOffset())] = get(op.getValue()); })
          .Case([&](IfOp op) {
            Region &taken = get(op.getCondition()) ? op.getThenRegion() : op.getElseRegion();
            if (!taken.empty())
              exec(taken.front());
          })
          .Case([&](ForOp op) {
            for (int64_t i = get(op.getLower()); i < get(op.getUpper()); i += get(op.getStep())) {
              values[op.getInductionVar()] = i;
              exec(op.getBody().front());
            }
          })
          .Case([&](CallOp op) {
            if (op.getTable())
              table = program.lookupSymbol<TableOp>(*op.getTable()).getValues().vec();
            auto callee = program.lookupSymbol<FuncOp>(op.getCallee());
            for (auto [argument, value] : llvm::zip_equal(callee.getBody().getArguments(), op.getOperands()))
              values[argument] = get(value);
            exec(callee.getBody().front());
          })
          .Case([&](VecOp op) {
            std::vector<int32_t> nest = get(op.getNest());
            if (isEmpty(nest) && op.getControl() == Control::None)
              return;
            std::string text = std::to_string(int(op.getKind())) + "." + std::to_string(int(op.getType())) + " t" +
                               std::to_string(op.getThread()) + " k" + std::to_string(int(op.getControl()));
            for (Value value : {op.getDst(), op.getA(), op.getB(), op.getC()})
              text += " " + operand(value, nest);
            trace.events.push_back(text);
          })
          .Case([&](RecvWindowOp op) {
            std::vector<int32_t> nest = get(op.getNest());
            trace.events.push_back("window c" + std::to_string(op.getColor()) + " of " + list(get(op.getBlock())) +
                                   " from " + list(get(op.getLower())) + " to " +
                                   addresses(descriptor(op.getDst()), nest));
          })
          .Case([&](WaitOp op) { trace.events.push_back("wait " + std::to_string(op.getThread())); });
    }
  }

  ProgramOp program;
  llvm::DenseMap<Value, int32_t> values;
  std::vector<int32_t> table;
  Trace trace;
};

//===- Running words ------------------------------------------------------===//

class WordRunner {
public:
  explicit WordRunner(const AssembledProgram &program) : program(program) {}

  Trace run() {
    uint32_t pc = program.entryWord;
    std::vector<uint32_t> stack;
    std::span<const uint32_t> words(program.section);
    while (++trace.steps <= 8 * kMaxSteps) {
      auto i = isa::decode(words.first(program.codeWords).subspan(pc));
      EXPECT_TRUE(i) << "at word " << pc;
      if (!i)
        return trace;
      uint32_t next = pc + i->words(), target = pc + 1 + i->imm;
      switch (i->opcode) {
      case isa::Opcode::Halt:
        return trace;
      case isa::Opcode::Jmp:
        next = target;
        break;
      case isa::Opcode::Beq:
        next = r[i->ra] == r[i->rb] ? target : next;
        break;
      case isa::Opcode::Bne:
        next = r[i->ra] != r[i->rb] ? target : next;
        break;
      case isa::Opcode::Blt:
        next = r[i->ra] < r[i->rb] ? target : next;
        break;
      case isa::Opcode::Bge:
        next = r[i->ra] >= r[i->rb] ? target : next;
        break;
      case isa::Opcode::Call:
        stack.push_back(next);
        next = target;
        break;
      case isa::Opcode::Ret:
        EXPECT_FALSE(stack.empty());
        next = stack.back();
        stack.pop_back();
        clobber();
        break;
      default:
        exec(*i);
      }
      r[0] = 0;
      pc = next;
    }
    ADD_FAILURE() << "ran too long";
    return trace;
  }

private:
  /// What a function may clobber, it does.
  void clobber() {
    for (unsigned k = 1; k != isa::kFirstCalleeSaved; ++k)
      r[k] = 0x5a5a5a00 + k;
    nest = {1, 2, 3, 4};
    for (ResolvedDescriptor &descriptor : d)
      descriptor = {999, {1, 1, 1, 1}};
  }

  int32_t size(isa::Operand operand) const { return operand.isRegister ? r[operand.value] : operand.value; }

  int32_t read(int32_t address, unsigned bytes) const {
    if (address < 0 || address >= int32_t(program.section.size() * 4))
      return trace.load(address);
    EXPECT_EQ(address % bytes, 0u);
    uint32_t word = program.section[address / 4] >> (address % 4 * 8);
    return bytes == 4 ? word : word & 0xffff;
  }

  std::string operand(isa::VectorOperand operand) const {
    switch (operand.kind) {
    case isa::OperandKind::None:
      return "-";
    case isa::OperandKind::Fabric:
      return "c" + std::to_string(operand.index);
    case isa::OperandKind::Descriptor:
      return addresses(d[operand.index], nest);
    case isa::OperandKind::Register:
      return std::to_string(r[operand.index]);
    }
    return "";
  }

  void exec(const isa::Instruction &i) {
    using isa::Opcode;
    static const std::map<Opcode, ScalarKind> registers = {
        {Opcode::Add, ScalarKind::Add}, {Opcode::Sub, ScalarKind::Sub}, {Opcode::Mul, ScalarKind::Mul},
        {Opcode::Min, ScalarKind::Min}, {Opcode::Max, ScalarKind::Max}, {Opcode::And, ScalarKind::And},
        {Opcode::Or, ScalarKind::Or},   {Opcode::Xor, ScalarKind::Xor}, {Opcode::Shl, ScalarKind::Shl},
        {Opcode::Shr, ScalarKind::Shr}, {Opcode::Div, ScalarKind::Div}, {Opcode::Rem, ScalarKind::Rem},
        {Opcode::Slt, ScalarKind::Slt}, {Opcode::Seq, ScalarKind::Seq}};
    static const std::map<Opcode, ScalarKind> immediates = {
        {Opcode::Addi, ScalarKind::Add}, {Opcode::Muli, ScalarKind::Mul}, {Opcode::Mini, ScalarKind::Min},
        {Opcode::Maxi, ScalarKind::Max}, {Opcode::Andi, ScalarKind::And}, {Opcode::Ori, ScalarKind::Or},
        {Opcode::Xori, ScalarKind::Xor}, {Opcode::Shli, ScalarKind::Shl}, {Opcode::Shri, ScalarKind::Shr},
        {Opcode::Divi, ScalarKind::Div}, {Opcode::Remi, ScalarKind::Rem}, {Opcode::Slti, ScalarKind::Slt},
        {Opcode::Seqi, ScalarKind::Seq}};
    if (auto at = registers.find(i.opcode); at != registers.end()) {
      r[i.rd] = scalar(at->second, r[i.ra], r[i.rb]);
      return;
    }
    if (auto at = immediates.find(i.opcode); at != immediates.end()) {
      r[i.rd] = scalar(at->second, r[i.ra], i.imm);
      return;
    }
    auto sizes = [&](const auto &operands) {
      std::vector<int32_t> out;
      for (unsigned k = 0; k != i.rank; ++k)
        out.push_back(size(operands[k]));
      return out;
    };
    switch (i.opcode) {
    case Opcode::Li:
    case Opcode::Liw:
      r[i.rd] = i.imm;
      break;
    case Opcode::Sgti:
      r[i.rd] = r[i.ra] > i.imm;
      break;
    case Opcode::Rsbi:
      r[i.rd] = scalar(ScalarKind::Sub, i.imm, r[i.ra]);
      break;
    case Opcode::Ldw:
      r[i.rd] = read(r[i.ra] + i.imm, 4);
      break;
    case Opcode::Ldh:
      r[i.rd] = static_cast<int16_t>(read(r[i.ra] + i.imm, 2));
      break;
    case Opcode::Ldhu:
      r[i.rd] = read(r[i.ra] + i.imm, 2);
      break;
    case Opcode::Stw:
      EXPECT_GE(r[i.ra] + i.imm, int32_t(program.section.size() * 4)) << "code is read-only";
      trace.memory[r[i.ra] + i.imm] = r[i.rd];
      break;
    case Opcode::Coord:
      r[i.rd] = kCoord[i.imm];
      break;
    case Opcode::Nest:
      nest = sizes(i.extents);
      break;
    case Opcode::Desc:
      d[i.descriptor] = {i.baseIsRegister ? r[i.base] : int32_t(i.base), sizes(i.extents)};
      break;
    case Opcode::Vec: {
      if (isEmpty(nest) && i.control == isa::Control::None)
        break;
      std::string text = std::to_string(int(i.op)) + "." + std::to_string(int(i.type)) + " t" +
                         std::to_string(i.thread) + " k" + std::to_string(int(i.control));
      for (isa::VectorOperand each : i.operands)
        text += " " + operand(each);
      trace.events.push_back(text);
      break;
    }
    case Opcode::Recvw:
      trace.events.push_back("window c" + std::to_string(i.color) + " of " + list(sizes(i.extents)) + " from " +
                             list(sizes(i.lower)) + " to " + addresses(d[i.descriptor], nest));
      break;
    case Opcode::Wait:
      trace.events.push_back("wait " + std::to_string(i.thread));
      break;
    default:
      ADD_FAILURE() << "opcode " << int(i.opcode);
    }
  }

  const AssembledProgram &program;
  std::array<int32_t, isa::kScalarRegisters> r{};
  std::vector<int32_t> nest;
  std::array<ResolvedDescriptor, isa::kDescriptorRegisters> d;
  Trace trace;
};

//===- Random programs ----------------------------------------------------===//

class Generator {
public:
  Generator(MLIRContext &context, unsigned seed, unsigned pressure)
      : random(seed), pressure(pressure), builder(&context), location(builder.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> make() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(location);
    builder.setInsertionPointToEnd(module->getBody());
    OperationState state(location, ProgramOp::getOperationName());
    state.addAttribute("sym_name", builder.getStringAttr("random"));
    state.addRegion()->emplaceBlock();
    auto program = cast<ProgramOp>(builder.create(state));
    builder.setInsertionPointToEnd(&program.getBody().front());
    unsigned functionCount = 1 + below(4);
    for (unsigned t = 0; t != functionCount * 2; ++t) {
      std::vector<int32_t> entries;
      for (unsigned k = 0; k != kParams; ++k)
        entries.push_back(constant());
      TableOp::create(builder, location, "t" + std::to_string(t), builder.getDenseI32ArrayAttr(entries));
    }
    std::vector<unsigned> arguments;
    for (unsigned f = 0; f != functionCount; ++f) {
      arguments.push_back(below(4));
      Block &block = addCode<FuncOp>("f" + std::to_string(f));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToEnd(&block);
      values.clear();
      for (unsigned a = 0; a != arguments.back(); ++a)
        values.push_back(block.addArgument(builder.getI32Type(), location));
      inMain = false;
      statements(0);
      useEverything();
      for (unsigned thread = 1; thread != isa::kThreads; ++thread)
        WaitOp::create(builder, location, thread);
    }
    Block &main = addCode<MainOp>("");
    builder.setInsertionPointToEnd(&main);
    values.clear();
    inMain = true;
    for (unsigned n = 0; n != 3; ++n) {
      auto loop = ForOp::create(builder, location, constantOp(below(2)), constantOp(1 + below(4)), constantOp(1));
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToEnd(&loop.getBody().front());
      size_t outer = values.size();
      values.push_back(loop.getInductionVar());
      for (unsigned c = 0; c != 3; ++c) {
        values.push_back(randomScalar());
        unsigned f = below(functionCount);
        std::vector<Value> operands;
        for (unsigned a = 0; a != arguments[f]; ++a)
          operands.push_back(pick());
        auto table = FlatSymbolRefAttr::get(builder.getContext(), "t" + std::to_string(below(functionCount * 2)));
        CallOp::create(builder, location, FlatSymbolRefAttr::get(builder.getContext(), "f" + std::to_string(f)), table,
                       operands);
      }
      values.resize(outer);
    }
    return module;
  }

private:
  static constexpr unsigned kParams = 5;

  unsigned below(unsigned n) { return random() % n; }

  template <typename Op> Block &addCode(const std::string &name) {
    OperationState state(location, Op::getOperationName());
    if (!name.empty())
      state.addAttribute("sym_name", builder.getStringAttr(name));
    Block &block = state.addRegion()->emplaceBlock();
    builder.create(state);
    return block;
  }

  int32_t constant() {
    switch (below(6)) {
    case 0:
      return 0;
    case 1:
      return kData + 4 * below(64);
    case 2:
      return int32_t(random());
    case 3:
      return int32_t(below(40000)) - 20000;
    default:
      return int32_t(below(40)) - 8;
    }
  }
  Value constantOp(int32_t value) { return ConstOp::create(builder, location, value); }

  Value pick() {
    unsigned choice = below(8);
    if (choice == 0 || values.empty())
      return constantOp(constant());
    if (choice == 1)
      return CoordOp::create(builder, location, below(2) ? Axis::X : Axis::Y);
    if (choice == 2 && !inMain)
      return ParamOp::create(builder, location, below(kParams));
    return values[below(values.size())];
  }

  Value randomScalar() {
    static constexpr ScalarKind kinds[] = {ScalarKind::Add, ScalarKind::Sub, ScalarKind::Mul, ScalarKind::Min,
                                           ScalarKind::Max, ScalarKind::And, ScalarKind::Or,  ScalarKind::Xor,
                                           ScalarKind::Shl, ScalarKind::Shr, ScalarKind::Div, ScalarKind::Rem,
                                           ScalarKind::Slt, ScalarKind::Seq};
    ScalarKind kind = kinds[below(std::size(kinds))];
    Value a = pick(), b = pick();
    if (kind == ScalarKind::Shl || kind == ScalarKind::Shr)
      b = constantOp(below(32));
    if (kind == ScalarKind::Div || kind == ScalarKind::Rem)
      b = constantOp(1 + below(16));
    return ScalarOp::create(builder, location, kind, a, b);
  }

  /// Between 0 and 3.
  Value small() {
    if (below(2))
      return constantOp(below(4));
    Value low = ScalarOp::create(builder, location, ScalarKind::Max, pick(), constantOp(0));
    return ScalarOp::create(builder, location, ScalarKind::Min, low, constantOp(3));
  }

  Value address() {
    Value base = constantOp(kData + 256);
    if (below(2) || values.empty())
      return base;
    Value offset = ScalarOp::create(builder, location, ScalarKind::Mul, values[below(values.size())], constantOp(4));
    Value masked = below(2) ? offset : ScalarOp::create(builder, location, ScalarKind::And, offset, constantOp(1023));
    return ScalarOp::create(builder, location, ScalarKind::Add, base, masked);
  }

  void store(Value value) { StoreOp::create(builder, location, value, constantOp(kData), 4 * below(64)); }

  /// Every value is read at the end, so that all of them live at once.
  void useEverything() {
    for (Value value : values)
      store(value);
  }

  void vector() {
    unsigned rank = 1 + below(4);
    std::vector<Value> nest;
    for (unsigned d = 0; d != rank; ++d)
      nest.push_back(below(4) ? constantOp(1 + below(3)) : small());
    auto descriptor = [&] {
      std::vector<Value> strides;
      for (unsigned d = 0; d != rank; ++d)
        strides.push_back(below(4) ? constantOp(below(4)) : pick());
      return DescOp::create(builder, location, DescType::get(builder.getContext()), address(), strides).getResult();
    };
    if (below(6) == 0) {
      std::vector<Value> block, lower;
      for (unsigned d = 0; d != rank; ++d) {
        block.push_back(constantOp(6 + below(100)));
        lower.push_back(small());
      }
      RecvWindowOp::create(builder, location, below(24), nest, block, lower, descriptor());
      return;
    }
    static constexpr VectorKind kinds[] = {VectorKind::Mov, VectorKind::Add, VectorKind::Fma, VectorKind::Max};
    VectorKind kind = kinds[below(4)];
    auto source = [&]() -> Value { return below(3) ? descriptor() : pick(); };
    Value a = source(), b, c;
    if (kind != VectorKind::Mov)
      b = below(2) ? a : source();
    if (kind == VectorKind::Fma)
      c = source();
    Control control = Control::None;
    Value dst;
    if (below(5) == 0) {
      dst = FabricOp::create(builder, location, below(24));
      control = static_cast<Control>(below(3));
    } else {
      dst = below(2) && isa_and_nonnull<DescOp>(a.getDefiningOp()) ? a : descriptor();
    }
    VecOp::create(builder, location, kind, ElementType::F32, nest, dst, a, b, c, below(isa::kThreads), control);
    if (below(2))
      VecOp::create(builder, location, VectorKind::Neg, ElementType::F32, nest, dst, a, Value(), Value(), 0,
                    Control::None);
  }

  void statements(unsigned depth) {
    unsigned count = 3 + below(depth == 0 ? pressure : 5);
    for (unsigned s = 0; s != count; ++s) {
      switch (below(12)) {
      case 0:
      case 1:
        if (depth < 3) {
          bool isConstant = below(2);
          Value lower = isConstant ? constantOp(below(3)) : small(),
                upper = isConstant ? constantOp(below(6)) : small();
          auto loop = ForOp::create(builder, location, lower, upper, constantOp(1 + below(3)));
          nested(loop.getBody().front(), loop.getInductionVar(), depth);
        }
        break;
      case 2:
        if (depth < 3) {
          Value condition = below(3) ? ScalarOp::create(builder, location, below(2) ? ScalarKind::Slt : ScalarKind::Seq,
                                                        pick(), pick())
                                     : pick();
          bool hasElse = below(2);
          auto branch = IfOp::create(builder, location, condition, hasElse);
          nested(branch.getThenRegion().front(), {}, depth);
          if (hasElse)
            nested(branch.getElseRegion().front(), {}, depth);
        }
        break;
      case 3:
      case 4:
      case 5:
        vector();
        break;
      case 6:
        store(pick());
        break;
      case 7:
        values.push_back(LoadOp::create(builder, location, builder.getI32Type(), constantOp(kData), 4 * below(64)));
        break;
      default:
        values.push_back(randomScalar());
      }
    }
  }

  void nested(Block &block, Value induction, unsigned depth) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    size_t outer = values.size();
    if (induction)
      values.push_back(induction);
    statements(depth + 1);
    if (values.size() > outer)
      store(values.back());
    values.resize(outer);
  }

  std::mt19937 random;
  unsigned pressure;
  OpBuilder builder;
  Location location;
  std::vector<Value> values; // in scope
  bool inMain = false;
};

/// Memory that the program itself wrote; spilled values are the assembler's.
std::map<int32_t, int32_t> data(const Trace &trace) {
  std::map<int32_t, int32_t> out;
  for (auto [address, value] : trace.memory)
    if (address >= kData)
      out[address] = value;
  return out;
}

class RandomPrograms : public testing::TestWithParam<unsigned> {
protected:
  /// Returns false if the two differ.
  static void check(ModuleOp module, const Trace &expected, const std::string &what, bool &spilled) {
    ASSERT_TRUE(succeeded(verify(module))) << what;
    Profile profile;
    profile.sramBytes = 1 << 20;
    auto assembled = assembleProgram(*module.getOps<ProgramOp>().begin(), profile);
    ASSERT_TRUE(succeeded(assembled));
    spilled |= assembled->ledger.stack != 0;
    ASSERT_LT(assembled->ledger.code, kData) << "the test's memory map";
    Trace actual = WordRunner(*assembled).run();
    ASSERT_EQ(expected.events, actual.events) << what << "\n" << printAssembly(*assembled);
    ASSERT_EQ(data(expected), data(actual)) << what << "\n" << printAssembly(*assembled);
  }
};
} // namespace

TEST_P(RandomPrograms, WordsDoWhatIrSays) {
  MLIRContext context;
  context.loadDialect<PeDialect>();
  unsigned spills = 0;
  for (unsigned k = 0; k != 40; ++k) {
    unsigned seed = GetParam() * 1000 + k;
    OwningOpRef<ModuleOp> module = Generator(context, seed, k % 2 ? 60 : 10).make();
    ASSERT_TRUE(succeeded(verify(*module)));
    Trace expected = IrRunner(*module->getOps<ProgramOp>().begin()).run();
    if (expected.steps > kMaxSteps)
      continue;
    bool spilled = false;
    check(*module, expected, "as generated, seed " + std::to_string(seed), spilled);
    if (HasFatalFailure())
      return;
    PassManager passes(&context);
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    passes.nest<ProgramOp>().addNestedPass<FuncOp>(createPeCollapseNests());
    passes.addPass(createLoopInvariantCodeMotionPass());
    passes.nest<ProgramOp>().addPass(createPeShareFunctions());
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    ASSERT_TRUE(succeeded(passes.run(*module)));
    check(*module, expected, "optimized, seed " + std::to_string(seed), spilled);
    if (HasFatalFailure())
      return;
    spills += spilled;
  }
  EXPECT_GT(spills, 0u) << "the test should reach the frame";
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, testing::Range(0u, 4u));

TEST(CodeSize, EstimateIsNoLessThanTheCode) {
  MLIRContext context;
  context.loadDialect<PeDialect>();
  Profile profile;
  profile.sramBytes = 1 << 20;
  for (unsigned seed = 0; seed != 60; ++seed) {
    OwningOpRef<ModuleOp> module = Generator(context, seed, 8).make();
    PassManager passes(&context);
    passes.addPass(createCanonicalizerPass());
    passes.addPass(createCSEPass());
    ASSERT_TRUE(succeeded(passes.run(*module)));
    ProgramOp program = *module->getOps<ProgramOp>().begin();
    auto assembled = assembleProgram(program, profile);
    ASSERT_TRUE(succeeded(assembled));
    if (assembled->ledger.stack)
      continue;
    for (size_t f = 0; f != assembled->functions.size(); ++f) {
      auto [first, name] = assembled->functions[f];
      uint32_t end = f + 1 == assembled->functions.size() ? assembled->codeWords : assembled->functions[f + 1].first;
      int64_t actual = (end - first) * isa::kWordBytes, estimate;
      if (auto function = program.lookupSymbol<FuncOp>(name))
        estimate = estimateCodeBytes(function);
      else
        estimate = estimateCodeBytes(*program.getBody().getOps<MainOp>().begin());
      EXPECT_GE(estimate, actual) << "seed " << seed << " @" << name;
    }
  }
}
