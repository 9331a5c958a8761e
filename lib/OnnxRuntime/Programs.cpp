#include "Programs.h"

#include <algorithm>

using namespace wafer::ort;

constexpr size_t kMostPrograms = 16; // of one part that are kept
constexpr size_t kMostIdle = 4;      // sessions: each has the memory of a machine
constexpr int kMostRounds = 8;       // of a compiler that asks for one input after the other

static bool contains(const std::vector<std::string> &names, const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool Program::takes(const std::string &input) const { return !contains(constants, input); }

Program::Lease::Lease(Program &owner) : owner(owner) {
  {
    std::lock_guard lock(owner.mutex);
    if (!owner.idle.empty()) {
      session = std::move(owner.idle.back());
      owner.idle.pop_back();
      return;
    }
  }
  WaferSession *made = nullptr;
  require(waferSessionCreate(owner.get(), &made));
  session.reset(made);
}

Program::Lease::~Lease() {
  std::lock_guard lock(owner.mutex);
  if (owner.idle.size() < kMostIdle)
    owner.idle.push_back(std::move(session));
}

/// Shapes of all inputs, and values of those that decide.
static std::string keyOf(const std::vector<WaferTensor> &inputs, const std::vector<std::string> &deciding) {
  std::string key;
  auto add = [&](const void *data, size_t size) { key.append(static_cast<const char *>(data), size); };
  for (const WaferTensor &input : inputs) {
    add(&input.rank, sizeof input.rank);
    add(input.shape, input.rank * sizeof *input.shape);
    if (contains(deciding, input.name))
      add(input.data, input.size);
  }
  return key;
}

std::shared_ptr<Programs::Entry> Programs::entryFor(const std::string &key) {
  std::shared_ptr<Entry> &entry = entries[key];
  if (!entry)
    entry = std::make_shared<Entry>();
  entry->used = ++uses;
  if (entries.size() > kMostPrograms)
    entries.erase(std::min_element(entries.begin(), entries.end(),
                                   [](const auto &a, const auto &b) { return a.second->used < b.second->used; }));
  return entries[key];
}

bool Programs::learn(const Refusal &refusal, const std::vector<WaferTensor> &inputs) {
  std::lock_guard lock(mutex);
  bool learned = false;
  for (size_t i = 0; i != waferErrorCount(refusal.error.get()); ++i)
    for (size_t j = 0; j != waferErrorInputCount(refusal.error.get(), i); ++j) {
      std::string name = waferErrorInput(refusal.error.get(), i, j);
      if (contains(deciding, name) ||
          std::none_of(inputs.begin(), inputs.end(), [&](const WaferTensor &input) { return input.name == name; }))
        continue;
      deciding.push_back(name);
      learned = true;
    }
  return learned;
}

std::shared_ptr<Program> Programs::forInputs(const std::vector<WaferTensor> &inputs) {
  if (fixed)
    return fixed;
  for (int round = 0;; ++round) {
    std::vector<std::string> constants;
    std::shared_ptr<Entry> entry;
    {
      std::lock_guard lock(mutex);
      constants = deciding;
      entry = entryFor(keyOf(inputs, constants));
    }
    std::lock_guard lock(entry->mutex);
    if (entry->program)
      return entry->program;
    try {
      return entry->program = compile(inputs, constants);
    } catch (const Refusal &refusal) {
      // Another thread may have learned it meanwhile.
      bool known = [&] {
        std::lock_guard lock(mutex);
        return constants != deciding;
      }();
      if (round == kMostRounds || (!learn(refusal, inputs) && !known))
        throw;
    }
  }
}

/// As the option takes it.
static std::string shapeText(const WaferTensor &tensor) {
  std::string text = std::string(tensor.name) + "=";
  if (tensor.rank == 0)
    return text + "scalar";
  for (size_t i = 0; i != tensor.rank; ++i)
    text += (i ? "x" : "") + std::to_string(tensor.shape[i]);
  return text;
}

std::shared_ptr<Program> Programs::compile(const std::vector<WaferTensor> &inputs,
                                           const std::vector<std::string> &constants) {
  OwnedOptions options = model.options();
  for (const WaferTensor &input : inputs) {
    if (contains(constants, input.name)) {
      require(waferOptionsSetConstant(options.get(), &input));
      continue;
    }
    auto known = model.shapes.find(input.name);
    if (known == model.shapes.end() ||
        !std::equal(known->second.begin(), known->second.end(), input.shape, input.shape + input.rank))
      require(waferOptionsSet(options.get(), "shape", shapeText(input).c_str()));
  }
  WaferProgram *made = nullptr;
  require(waferCompileBytes(model.bytes.data(), model.bytes.size(), model.name.c_str(),
                            model.folder.empty() ? nullptr : model.folder.c_str(), options.get(), nullptr, &made));
  return std::make_shared<Program>(OwnedProgram(made), constants);
}

std::shared_ptr<Program> Programs::compileAsDeclared() {
  try {
    fixed = compile({}, {});
    model.bytes.clear();
    model.bytes.shrink_to_fit();
    return fixed;
  } catch (const Refusal &refusal) {
    for (size_t i = 0; i != waferErrorCount(refusal.error.get()); ++i)
      if (waferErrorInputCount(refusal.error.get(), i))
        return nullptr;
    throw;
  }
}
