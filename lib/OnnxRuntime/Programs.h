// The compiled programs of one part of a model. This file knows nothing of ONNX Runtime.
//
// A program has fixed shapes, and some inputs decide shapes by their values. What is known beforehand is compiled
// beforehand; the rest when a run brings its shapes and, where the compiler says that it must know them, values. Later
// runs with the same ones find the program. Any number of threads may run at once: one compiles a program, those that
// want the same one wait for it; each run has a session of its own.
#ifndef WAFER_LIB_ONNXRUNTIME_PROGRAMS_H
#define WAFER_LIB_ONNXRUNTIME_PROGRAMS_H

#include "Waferc.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace wafer::ort {

/// A program, and sessions of it that nobody uses just now.
class Program {
public:
  explicit Program(OwnedProgram program, std::vector<std::string> constants = {})
      : program(std::move(program)), constants(std::move(constants)) {}

  const WaferProgram *get() const { return program.get(); }
  /// Whether a run gives the program that input: those that became constants are no inputs.
  bool takes(const std::string &input) const;

  /// A session for one run, which gives it back in the end.
  class Lease {
  public:
    explicit Lease(Program &owner);
    ~Lease();
    Lease(const Lease &) = delete;
    WaferSession *get() const { return session.get(); }

  private:
    Program &owner;
    OwnedSession session;
  };

private:
  OwnedProgram program;
  std::vector<std::string> constants;
  std::mutex mutex;
  std::vector<OwnedSession> idle;
};

/// A model to compile.
struct PartialModel {
  std::string bytes, name; // serialized, and what messages call it
  std::string folder;      // of external data; empty if there are none
  /// Shapes of inputs that are fixed.
  std::map<std::string, std::vector<int64_t>> shapes;
  std::function<OwnedOptions()> options;
};

class Programs {
public:
  explicit Programs(PartialModel model) : model(std::move(model)) {}
  /// The one program there is.
  explicit Programs(OwnedProgram program) : fixed(std::make_shared<Program>(std::move(program))) {}

  /// Compiles a model whose inputs' shapes are all fixed. Null if the compiler must know values for that.
  std::shared_ptr<Program> compileAsDeclared();

  /// The program for these inputs, compiled if there is none yet.
  std::shared_ptr<Program> forInputs(const std::vector<WaferTensor> &inputs);

private:
  /// What is compiled once, by the thread that comes first.
  struct Entry {
    std::mutex mutex;
    std::shared_ptr<Program> program;
    uint64_t used = 0; // the larger, the later
  };

  std::shared_ptr<Program> compile(const std::vector<WaferTensor> &inputs, const std::vector<std::string> &constants);
  std::shared_ptr<Entry> entryFor(const std::string &key);
  /// Notes the inputs that the compiler wants to know. False if it asks for nothing new.
  bool learn(const Refusal &refusal, const std::vector<WaferTensor> &inputs);

  PartialModel model;
  std::shared_ptr<Program> fixed;

  std::mutex mutex; // of what follows
  std::vector<std::string> deciding;
  std::map<std::string, std::shared_ptr<Entry>> entries;
  uint64_t uses = 0;
};

} // namespace wafer::ort

#endif // WAFER_LIB_ONNXRUNTIME_PROGRAMS_H
