//===- OnnxDialect.td - ONNX graphs as they were given --------------------===//
#ifndef WAFER_DIALECT_ONNX_ONNXDIALECT_TD
#define WAFER_DIALECT_ONNX_ONNXDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::wafer::onnx";
  let summary = "ONNX nodes, one generic op verified against ONNX's schemas";
  let description = [{
    A graph as the model file gave it, after version conversion and expansion of function bodies: one `onnx.node` per
    node. Big tensors stay outside the IR as `onnx.weight`. docs/rationale/onnx.md says why it is so.
  }];
  let hasConstantMaterializer = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Sets where `onnx.node` looks up what ONNX says about an op. Without a source nodes are not checked against
    /// schemas. The source must outlive the context.
    void setSchemaSource(const SchemaSource *source) { schemas = source; }
    const SchemaSource *getSchemaSource() const { return schemas; }

  private:
    const SchemaSource *schemas = nullptr;

  public:
  }];
}

class Onnx_Type<string name, string mnemonic_> : TypeDef<Onnx_Dialect, name> { let mnemonic = mnemonic_; }

def Onnx_SequenceType : Onnx_Type<"Sequence", "sequence"> {
  let summary = "A list of tensors of one element type";
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
  let genVerifyDecl = 1;
}

def Onnx_OptionalType : Onnx_Type<"Optional", "optional"> {
  let summary = "A tensor or a sequence that may be absent";
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
  let genVerifyDecl = 1;
}

#endif // WAFER_DIALECT_ONNX_ONNXDIALECT_TD
