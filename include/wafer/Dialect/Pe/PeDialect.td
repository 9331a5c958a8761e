//===- PeDialect.td - The core's program ----------------------------------===//
#ifndef WAFER_DIALECT_PE_PEDIALECT_TD
#define WAFER_DIALECT_PE_PEDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Pe_Dialect : Dialect {
  let name = "pe";
  let cppNamespace = "::wafer::pe";
  let summary = "The program of one core, one op per instruction of docs/isa.md";
  let description = [{
    Code is written once per region and runs on every PE of its rectangle; what differs between PEs follows from
    `pe.coord`. Scalars are `i32` (bits of an `f32` where an instruction says so), memory is named by byte address,
    vectors by descriptors. docs/rationale/pe.md says why it is so.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

class Pe_Type<string name, string mnemonic_> : TypeDef<Pe_Dialect, name> { let mnemonic = mnemonic_; }
class Pe_Attr<string name, string mnemonic_> : AttrDef<Pe_Dialect, name> { let mnemonic = mnemonic_; }

def Pe_DescType : Pe_Type<"Desc", "desc"> {
  let summary = "A memory descriptor: base address and a stride per dimension of the nest, in words";
}
def Pe_FabricType : Pe_Type<"Fabric", "fabric"> {
  let summary = "A color's queue, as a vector operand";
}

def Pe_BoxAttr : Pe_Attr<"Box", "box"> {
  let summary = "Which box of a tensor the PE at (x, y) holds, and where in memory";
  let description = [{
    `dims` has ten numbers per dimension of the tensor: extent, offset, length, x_major, x_middle, x_minor, y_major,
    y_middle, y_minor, stride. start = offset + (x / (middleX * splitX)) * x_major + (x / splitX % middleX) * x_middle +
    (x % splitX) * x_minor, and the same of y; the PE holds [max(0, start), min(extent, start + length)), element i at
    word base + sum (i - start) * stride. The same as wafer.image.Box of the program image.
  }];
  let parameters = (ins "int64_t":$middleX, "int64_t":$splitX, "int64_t":$middleY, "int64_t":$splitY,
                        ArrayRefParameter<"int64_t">:$dims);
  let assemblyFormat = "`<` $middleX `*` $splitX `,` $middleY `*` $splitY `,` `[` $dims `]` `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    unsigned getRank() const { return getDims().size() / 10; }
    int64_t getExtent(unsigned d) const { return getDims()[10 * d]; }
    int64_t getOffset(unsigned d) const { return getDims()[10 * d + 1]; }
    int64_t getLength(unsigned d) const { return getDims()[10 * d + 2]; }
    int64_t getXMajor(unsigned d) const { return getDims()[10 * d + 3]; }
    int64_t getXMiddle(unsigned d) const { return getDims()[10 * d + 4]; }
    int64_t getXMinor(unsigned d) const { return getDims()[10 * d + 5]; }
    int64_t getYMajor(unsigned d) const { return getDims()[10 * d + 6]; }
    int64_t getYMiddle(unsigned d) const { return getDims()[10 * d + 7]; }
    int64_t getYMinor(unsigned d) const { return getDims()[10 * d + 8]; }
    int64_t getStride(unsigned d) const { return getDims()[10 * d + 9]; }
  }];
}

class Pe_Enum<string name, list<I32EnumAttrCase> cases> : I32EnumAttr<name, "", cases> {
  let cppNamespace = "::wafer::pe";
}

def Pe_ScalarKind : Pe_Enum<"ScalarKind", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Max", 4, "max">, I32EnumAttrCase<"And", 5, "and">,
  I32EnumAttrCase<"Or", 6, "or">, I32EnumAttrCase<"Xor", 7, "xor">, I32EnumAttrCase<"Shl", 8, "shl">,
  I32EnumAttrCase<"Shr", 9, "shr">, I32EnumAttrCase<"Div", 10, "div">, I32EnumAttrCase<"Rem", 11, "rem">,
  I32EnumAttrCase<"Slt", 12, "slt">, I32EnumAttrCase<"Seq", 13, "seq">]>;

// A row of VectorOps.def, by its mnemonic.
def Pe_VectorKind : Pe_Attr<"VectorKind", "kind"> {
  let summary = "A vector operation of the machine";
  let parameters = (ins "::wafer::isa::VectorOp":$value);
  let assemblyFormat = "$value";
  let returnType = "::wafer::isa::VectorOp";
  let convertFromStorage = "$_self.getValue()";
  let constBuilderCall = "::wafer::pe::VectorKindAttr::get($_builder.getContext(), $0)";
}

def Pe_ElementType : Pe_Enum<"ElementType", [I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"I32", 1, "i32">]>;
def Pe_Control : Pe_Enum<"Control", [I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Advance", 1, "advance">,
                                     I32EnumAttrCase<"Reset", 2, "reset">]>;
def Pe_Axis : Pe_Enum<"Axis", [I32EnumAttrCase<"X", 0, "x">, I32EnumAttrCase<"Y", 1, "y">]>;

#endif // WAFER_DIALECT_PE_PEDIALECT_TD
