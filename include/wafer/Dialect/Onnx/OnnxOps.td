//===- OnnxOps.td - Operations of the onnx dialect ------------------------===//
#ifndef WAFER_DIALECT_ONNX_ONNXOPS_TD
#define WAFER_DIALECT_ONNX_ONNXOPS_TD

include "wafer/Dialect/Onnx/OnnxDialect.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<Onnx_Dialect, mnemonic, traits>;

def Onnx_NodeOp : Onnx_Op<"node"> {
  let summary = "One node of an ONNX graph";
  let description = [{
    `since` is the version of the operator set in which this form of the op appeared. Absent optional inputs are
    `onnx.none`. Attributes: int is `i64`, float `f32`, string a string, ints `array<i64>`, floats `array<f32>`, strings
    an array, tensor a dense attribute; graphs are the op's regions, named in `graphs` in the same order. A node out of a
    function's body says in `chain` of which, outermost first.

    ```mlir
    %y = onnx.node "Gemm" since 13 (%a, %b, %c) {transB = 1 : i64}
           : (tensor<1x8xf32>, tensor<4x8xf32>, tensor<4xf32>) -> tensor<1x4xf32>
    %m = onnx.node "ReduceMean" since 13 (%x) {axes = array<i64: 0>} from "MeanVarianceNormalization"
           : (tensor<4x2xf32>) -> tensor<1x2xf32>
    ```
  }];
  let arguments = (ins StrAttr:$op_type, DefaultValuedAttr<StrAttr, "\"\"">:$domain, I64Attr:$since,
                       Variadic<AnyType>:$inputs, DictionaryAttr:$node_attrs, OptionalAttr<StrArrayAttr>:$graphs,
                       OptionalAttr<StrAttr>:$chain);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$bodies);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The attribute `name` of the ONNX node, or null.
    ::mlir::Attribute getNodeAttr(::llvm::StringRef name) { return getNodeAttrs().get(name); }
    /// The node's name in the model file, from its location; empty if it has none.
    ::llvm::StringRef getNodeName();
    /// How messages name the node: "node 'mvn' (MeanVarianceNormalization > ReduceMean)".
    ::std::string describe();
  }];
}

def Onnx_YieldOp : Onnx_Op<"yield", [Pure, Terminator, HasParent<"NodeOp">]> {
  let summary = "The outputs of a graph attribute";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Onnx_NoneOp : Onnx_Op<"none", [Pure]> {
  let summary = "An optional input that was left out";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict";
}

def Onnx_ConstantOp : Onnx_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A small constant tensor, of any element type ONNX knows";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Onnx_WeightOp : Onnx_Op<"weight", [Symbol]> {
  let summary = "A tensor whose bytes stay outside the IR";
  let description = [{
    `source` is the file that holds the bytes, `length` little-endian bytes from `offset` on, elements in row-major
    order (`i1` takes a byte an element). Without a source the import session's WeightStore owns the bytes, under the
    symbol's name. The image emitter reads them; no pass does.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, OptionalAttr<StrAttr>:$source,
                       DefaultValuedAttr<I64Attr, "0">:$offset, I64Attr:$length);
  let assemblyFormat = "$sym_name (`in` $source^ `at` $offset)? `bytes` $length attr-dict `:` $type";
  let hasVerifier = 1;
}

def Onnx_WeightRefOp : Onnx_Op<"weight_ref", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of an `onnx.weight`";
  let description = [{
    Lives on through the tensor level: permutations, slices and reshapes of a weight stay tensor ops on this value, so
    that they become slicing descriptors of the bytes in the file. The weight keeps the type that the model declares; the
    value may have the type that it is stored or carried in, an integer's for an integer's, a float's for a float's.
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

#endif // WAFER_DIALECT_ONNX_ONNXOPS_TD
