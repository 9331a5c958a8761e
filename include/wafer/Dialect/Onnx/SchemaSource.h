// What the onnx dialect wants to know about an operator of ONNX. The ONNX library stands behind this interface, so that
// the dialect neither includes its headers nor meets its exceptions.
#ifndef WAFER_DIALECT_ONNX_SCHEMASOURCE_H
#define WAFER_DIALECT_ONNX_SCHEMASOURCE_H

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wafer::onnx {

/// The kinds of attribute that ONNX distinguishes (AttributeProto.AttributeType); Other stands for those that have no
/// form in the dialect (sparse tensors, types).
enum class AttributeKind { Float, Int, String, Tensor, Graph, Floats, Ints, Strings, Tensors, Graphs, Other };

struct OpSchema {
  struct Attribute {
    AttributeKind kind;
    bool required;
  };
  int sinceVersion = 0;
  int minInputs = 0, maxInputs = 0;
  int minOutputs = 0, maxOutputs = 0;
  bool deprecated = false;
  bool hasFunctionBody = false;
  /// Of each input, its type or type variable: inputs of one name have one element type. The last one of a variadic
  /// operator stands for all that follow; empty if these may differ.
  std::vector<std::string> inputTypes;
  /// Of each input, in the same way: whether it may be left out, and the element types that it may have as a tensor
  /// (numbers of TensorProto.DataType).
  struct Input {
    bool optional;
    std::vector<int> elementTypes;
  };
  std::vector<Input> inputs;
  std::map<std::string, Attribute, std::less<>> attributes;
};

class SchemaSource {
public:
  virtual ~SchemaSource() = default;
  /// True if `domain` is one whose operators are all known here: an op missing from it does not exist.
  virtual bool knowsDomain(std::string_view domain) const = 0;
  /// The schema in force at operator set `version`, or null. Lives as long as the source.
  virtual const OpSchema *find(std::string_view domain, std::string_view op, int version) const = 0;
};

} // namespace wafer::onnx

#endif // WAFER_DIALECT_ONNX_SCHEMASOURCE_H
